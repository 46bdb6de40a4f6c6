"""Makes the eligible invoices, among them credit notes, discounts, orders, twins and those to hold back."""

from collections.abc import Callable
from datetime import date, timedelta

from sandbox.infor.records import Invoice, PurchaseLine
from sandbox.seed.drafts import Drafter, split
from sandbox.seed.options import SeedOptions

_CREDITS, _DISCOUNTS, _ORDERS, _RETAINED, _UNSCANNED = 0.05, 0.20, 0.25, 0.03, 0.015
_FREIGHT = 0.2
_FEW = 100  # how many invoices it takes for the rare oddities
_BIG_IMAGE_BYTES = 7_000_001
_BLOCKED_ACCOUNT = "609400"
_BLOCKED_SUPPLIER = "V8090"
_WORTH_A_CREDIT = 50_000


def add_oddities(drafter: Drafter, options: SeedOptions, count: int) -> list[Invoice]:
    """Draft `count` invoices that may go out; the few with `must_hold` a careful program keeps back."""
    rng = drafter.rng
    twins = options.invoices // _FEW
    credit_notes = round(count * _CREDITS)
    made = [drafter.draft() for _ in range(max(0, count - twins - credit_notes))]
    for invoice in made:
        if rng.random() < _DISCOUNTS:
            invoice.discount_cents = invoice.cents * rng.randint(1, 3) // 100
        if rng.random() < _ORDERS:
            _order(drafter, invoice)
        elif rng.random() < _RETAINED:
            _retain(drafter, invoice)
    for invoice in rng.sample(made, round(len(made) * _UNSCANNED)):
        invoice.image = None
    plain = [held for held in made if not held.batch_number]
    rng.shuffle(plain)
    if options.invoices >= _FEW:
        for spoil in _SPOILERS:
            spoil(drafter, plain.pop())
    if options.big_image and plain:
        _swell(plain.pop())
    return [*made, *_twins(drafter, plain, twins), *_credit_notes(drafter, made, credit_notes)]


def _order(drafter: Drafter, invoice: Invoice) -> None:
    """Give the invoice purchase lines: matching its coding one to one, in part, in doubt, or not at all."""
    rng = drafter.rng
    way = rng.choice(("each", "each", "first", "doubtful", "whole"))
    count = rng.randint(1, 3)
    if way == "doubtful" and invoice.cents % 2 == 0:
        amounts = ordered = [invoice.cents // 2] * 2
    elif way == "whole":
        amounts, ordered = split(rng, invoice.cents, count + 1), [invoice.cents]
    else:
        amounts = ordered = split(rng, invoice.cents, count)
        if way == "first" and count > 1:
            ordered = [amounts[0], sum(amounts[1:]) - 100, 100]
    invoice.lines = drafter.code(invoice.division, amounts)
    first = 7_000_000 + rng.randrange(100_000)
    invoice.purchase_lines = [
        PurchaseLine(str(first + rng.randrange(2)), 10 * place, cents, f"ITEM{rng.randint(1000, 9999)}")
        for place, cents in enumerate(ordered, start=1)
        if cents > 0
    ]
    if rng.random() < _FREIGHT:  # such a line belongs to no order
        invoice.purchase_lines.append(PurchaseLine("", 0, 0, "", kind="3"))
    drafter.orders += 1
    invoice.batch_number = 500_000 + drafter.orders


def _retain(drafter: Drafter, invoice: Invoice) -> None:
    """Hold back retainage: one coding line is negative, the sum stays the gross."""
    kept = invoice.cents // 10
    invoice.lines = drafter.code(invoice.division, [invoice.cents + kept, -kept])


def _credit_notes(drafter: Drafter, made: list[Invoice], count: int) -> list[Invoice]:
    """Draft credit notes, at most one for a payee and division, each far below an invoice beside it."""
    worth = [held for held in made if held.cents >= _WORTH_A_CREDIT and not (held.must_hold or held.duplicate_number)]
    bases = {(held.payee, held.division): held for held in worth}
    found: list[Invoice] = []
    for base in drafter.rng.sample(list(bases.values()), min(count, len(bases))):
        share = drafter.rng.randint(10, 40)
        made_out = drafter.draft(
            supplier=drafter.books.suppliers[base.supplier],
            division=base.division,
            cents=-(base.cents * share // 100),
            number=f"CM-{10_000 + len(found)}",
        )
        found.append(made_out)
    found += [drafter.draft() for _ in range(count - len(found))]
    return found


def _twins(drafter: Drafter, plain: list[Invoice], count: int) -> list[Invoice]:
    """Repeat a supplier's number in another division; every second time in the year before instead."""
    found = []
    for place in range(min(count, len(plain))):
        base = plain.pop()
        other_year = place % 2 == 1
        elsewhere = [code for code in drafter.books.divisions if code != base.division]
        twin = drafter.draft(
            supplier=drafter.books.suppliers[base.supplier],
            division=base.division if other_year or not elsewhere else drafter.rng.choice(elsewhere),
            number=base.number,
        )
        if other_year or not elsewhere:
            twin.invoice_date = date(base.year - 1, 12, 15)
            twin.due_date = twin.invoice_date + timedelta(days=int(twin.terms))
            twin.year = base.year - 1
        base.duplicate_number = twin.duplicate_number = True
        found.append(twin)
    return found + [drafter.draft() for _ in range(count - len(found))]


def _contradict(_drafter: Drafter, invoice: Invoice) -> None:
    line = invoice.lines[0]
    line.side = "C" if line.side == "D" else "D"
    invoice.must_hold = "debit/credit code and sign disagree"


def _code_wrongly(_drafter: Drafter, invoice: Invoice) -> None:
    line = invoice.lines[0]
    line.codes = (_BLOCKED_ACCOUNT, *line.codes[1:])
    invoice.must_hold = "ledger code is blocked"


def _owe_the_blocked(drafter: Drafter, invoice: Invoice) -> None:
    if _BLOCKED_SUPPLIER in drafter.books.suppliers:
        invoice.payee = invoice.supplier = _BLOCKED_SUPPLIER
        invoice.must_hold = "supplier is blocked"


def _swell(invoice: Invoice) -> None:
    if invoice.image is not None:
        invoice.image.size = _BIG_IMAGE_BYTES
        invoice.image.kind = "pdf"
        invoice.must_hold = "image is too large"


_SPOILERS: tuple[Callable[[Drafter, Invoice], None], ...] = (_contradict, _code_wrongly, _owe_the_blocked)
