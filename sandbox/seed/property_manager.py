"""Puts the seeded company together: masters, suppliers, invoices and what M3 already paid."""

from datetime import UTC, datetime

import msgspec

from sandbox.infor.books import InforBooks
from sandbox.infor.options import InforOptions
from sandbox.infor.posting import pay_inside
from sandbox.infor.records import IN_PROPOSAL, Invoice, why_not
from sandbox.infor.tenant import Tenant
from sandbox.seed.drafts import Drafter
from sandbox.seed.masters import add_masters
from sandbox.seed.oddities import add_oddities
from sandbox.seed.options import SeedOptions, chance
from sandbox.seed.payees import add_suppliers

_FEWEST_SPARE = 20
_SHARED_JOURNAL = 0.12
_CONTROL_LAST = 0.3

# what may not go out, and its share of all invoices
_SHARES = {
    "unapproved": 0.04,
    "proposed": 0.02,
    "paid": 0.02,
    "stopped": 0.02,
    "euro": 0.02,
    "partly paid": 0.02,
}


class _StoppedClock(msgspec.Struct):
    """A clock that shows the morning of one day."""

    moment: datetime

    def now(self) -> datetime:
        """Tell the time."""
        return self.moment


def seed_infor(options: SeedOptions) -> InforBooks:
    """Make the books; the same options give the same books, to the byte of every scan."""
    books = InforBooks(options.company)
    add_masters(books, options)
    add_suppliers(books, options)
    drafter = Drafter(books, options)
    states = [state for state, share in _SHARES.items() for _ in range(round(share * options.invoices))]
    out = [drafter.draft() for _ in range(len(states))]
    for state, invoice in zip(states, out, strict=True):
        _set_state(invoice, state)
    eligible = add_oddities(drafter, options, options.invoices - len(states))
    _enter(books, options, [*eligible, *out])
    for state, invoice in zip(states, out, strict=True):
        _pay(books, options, invoice, state)
    books.spare = [drafter.draft() for _ in range(max(_FEWEST_SPARE, options.invoices // 10))]
    return books


def _enter(books: InforBooks, options: SeedOptions, invoices: list[Invoice]) -> None:
    """Enter the invoices in the order of their accounting date, some sharing a journal."""
    rng = chance(options, "journals")
    for invoice in sorted(invoices, key=lambda held: (held.accounting_date, held.key)):
        books.enter(
            invoice,
            same_journal=rng.random() < _SHARED_JOURNAL,
            control_last=rng.random() < _CONTROL_LAST,
        )


def _set_state(invoice: Invoice, state: str) -> None:
    if state == "unapproved":
        invoice.approved = False
    elif state == "proposed":
        invoice.payment_status = IN_PROPOSAL
    elif state == "stopped":
        invoice.stopped_on = invoice.changed_at.date()
    elif state == "euro":
        invoice.currency = "EUR"


def _pay(books: InforBooks, options: SeedOptions, invoice: Invoice, state: str) -> None:
    if state not in {"paid", "partly paid"}:
        return
    changed_at = invoice.changed_at
    morning = datetime.combine(options.today, datetime.min.time(), UTC)
    tenant = Tenant(books, _StoppedClock(min(changed_at, morning)), InforOptions(company=options.company))
    pay_inside(tenant, invoice, None if state == "paid" else invoice.cents // 3)
    invoice.changed_at = changed_at
    invoice.ever_eligible = why_not(invoice) is None
