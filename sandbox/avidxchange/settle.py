"""Pays invoices as AvidXchange would: grouped by vendor, over entities, with discounts, credits and parts."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random

import msgspec

from sandbox.avidxchange.desk import Desk
from sandbox.avidxchange.invoices import change_invoice
from sandbox.avidxchange.lifecycle import finish, finish_later, move, number_payment
from sandbox.avidxchange.records import ZERO, Invoice, Payment, Remittance
from sandbox.clock import chance

METHODS = ("Check", "Check", "Check", "ACH", "ACH", "Virtual Card")
UNSETTLED = ("Processing", "Held", "Pending Approval")
SMALLEST_SPLIT = Decimal("2.00")


class SettleOptions(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What one round of paying looks like; shares are of the invoices or payments concerned, 0 to 1.

    `share` invoices paid at all, `unsettled_share` payments left Processing, Held or Pending Approval,
    `partial_share` invoices paid in two parts, `discount_share` discounts taken, `undated_share` settled
    payments whose SettledDate comes `undated_seconds` later, `unnumbered_share` settled payments without
    their number, `odd_legs` lets an entity's part of a payment fall to zero or below, `step_seconds` above 0
    lets payments pass their stages by the clock, `card_numbers` cards that leak a whole card number.
    """

    share: float = 1.0
    seed: int = 1
    unsettled_share: float = 0.1
    partial_share: float = 0.08
    discount_share: float = 0.8
    undated_share: float = 0.0
    undated_seconds: float = 3600
    unnumbered_share: float = 0.0
    odd_legs: bool = False
    most_per_payment: int = 6
    step_seconds: float = 0.0
    card_numbers: int = 0


class Settled(msgspec.Struct):
    """What a round of paying did; amounts as text with two decimals."""

    invoices: int = 0
    payments: int = 0
    settled: int = 0
    unsettled: int = 0
    partial_invoices: int = 0
    credits_netted: int = 0
    credits_left: int = 0
    card_numbers: int = 0
    amount: str = "0.00"
    settled_amount: str = "0.00"
    payment_ids: list[str] = msgspec.field(default_factory=list)


def settle(desk: Desk, options: SettleOptions) -> Settled:
    """Approve live invoices and pay them; the same invoices, seed and options give the same payments.

    The order in which the invoices came makes no difference.
    """
    random = chance("settle", options.seed)
    outcome = Settled()
    by_vendor: dict[str, list[Invoice]] = defaultdict(list)
    for invoice in sorted(desk.books.live_invoices(), key=lambda one: (one.external_id, one.invoice_id)):
        owed = invoice.gross != invoice.applied and invoice.status != "Paid"
        if owed and random.random() < options.share:
            by_vendor[invoice.vendor_external_id].append(invoice)
    for vendor, invoices in by_vendor.items():
        for remittances in _payments_of(invoices, options, random, outcome):
            _pay(desk, vendor, remittances, options=options, random=random, outcome=outcome)
    for invoice in (one for invoices in by_vendor.values() for one in invoices):
        if invoice.status in ("Received", "In Workflow"):
            change_invoice(desk, invoice, status="Approved" if invoice.applied == ZERO else "Scheduled")
    return outcome


def _payments_of(
    invoices: Sequence[Invoice], options: SettleOptions, random: Random, outcome: Settled
) -> Iterator[list[Remittance]]:
    """Group one vendor's invoices into payments; each list is one payment's remittances."""
    parts: list[Remittance] = []
    later: list[Remittance] = []
    for invoice in invoices:
        owed = invoice.gross - invoice.applied
        if owed <= ZERO:
            continue
        outcome.invoices += 1
        whole = invoice.applied == ZERO
        if whole and not invoice.discount and owed >= SMALLEST_SPLIT and random.random() < options.partial_share:
            first = (owed * random.randint(20, 80) / 100).quantize(ZERO)
            parts.append(_remittance(invoice, first))
            later.append(_remittance(invoice, owed - first))
            outcome.partial_invoices += 1
            continue
        taken = whole and random.random() < options.discount_share
        parts.append(_remittance(invoice, owed, invoice.discount if taken else ZERO))
    random.shuffle(parts)
    groups = [*_chunks(parts, options.most_per_payment, random), *([one] for one in later)]
    for invoice in invoices:
        if invoice.gross - invoice.applied < ZERO:
            _net_credit(invoice, groups, options, outcome)
    yield from groups


def _chunks(parts: list[Remittance], most: int, random: Random) -> Iterator[list[Remittance]]:
    start = 0
    while start < len(parts):
        size = random.randint(1, most)
        yield parts[start : start + size]
        start += size


def _net_credit(credit: Invoice, groups: list[list[Remittance]], options: SettleOptions, outcome: Settled) -> None:
    """Put a credit memo into the first payment that can bear it, in its own entity unless legs may be odd."""
    owed = credit.gross - credit.applied
    for group in groups:
        if len({one.invoice_id for one in group}) != len(group):
            continue
        borne_by = sum((one.net for one in group if options.odd_legs or one.entity == credit.entity), ZERO)
        if borne_by + owed > ZERO:
            group.append(_remittance(credit, owed))
            outcome.invoices += 1
            outcome.credits_netted += 1
            return
    outcome.credits_left += 1


def _remittance(invoice: Invoice, gross: Decimal, discount: Decimal = ZERO) -> Remittance:
    return Remittance(invoice.invoice_id, invoice.external_id, invoice.invoice_number, invoice.entity, gross, discount)


def _pay(
    desk: Desk,
    vendor: str,
    remittances: list[Remittance],
    *,
    options: SettleOptions,
    random: Random,
    outcome: Settled,
) -> None:
    now = desk.clock.now()
    payment = Payment(
        payment_id=desk.books.next_id("payment"),
        batch_id=f"PB-{options.seed}",
        vendor_external_id=vendor,
        method=random.choice(METHODS),
        amount=sum((one.net for one in remittances), ZERO),
        payment_date=now.date(),
        remittances=remittances,
        last_modified=now,
    )
    leak = payment.method == "Virtual Card" and outcome.card_numbers < options.card_numbers
    outcome.card_numbers += leak
    _apply(desk, payment)
    move(desk, payment, "Pending Approval")
    number_payment(payment, random, card_number=leak)
    outcome.payments += 1
    outcome.payment_ids.append(payment.payment_id)
    outcome.amount = str(Decimal(outcome.amount) + payment.amount)
    if random.random() < options.unsettled_share:
        _leave_unsettled(desk, payment, random.choice(UNSETTLED))
        outcome.unsettled += 1
    elif options.step_seconds > 0:
        finish_later(desk, payment, step_seconds=options.step_seconds)
        outcome.unsettled += 1
    else:
        _settle_now(desk, payment, options, random)
        outcome.settled += 1
        outcome.settled_amount = str(Decimal(outcome.settled_amount) + payment.amount)


def _apply(desk: Desk, payment: Payment) -> None:
    desk.books.payments[payment.payment_id] = payment
    for one in payment.remittances:
        invoice = desk.books.invoices.true[one.invoice_id]
        invoice.applied += one.gross
        change_invoice(desk, invoice, status="Scheduled")


def _leave_unsettled(desk: Desk, payment: Payment, status: str) -> None:
    """Held ones wait for a person; the others go on by the clock, a stage a day."""
    if status != "Pending Approval":
        move(desk, payment, status)
    payment.check_number = payment.ach_trace = payment.card_last4 = None
    if status == "Held":
        return

    def proceed() -> None:
        if payment.status == status:
            number_payment(payment, chance("number", payment.payment_id))
            finish(desk, payment)

    desk.books.at(desk.clock.now() + timedelta(days=1), proceed)


def _settle_now(desk: Desk, payment: Payment, options: SettleOptions, random: Random) -> None:
    undated = random.random() < options.undated_share
    finish(desk, payment, dated=not undated)
    if random.random() < options.unnumbered_share:
        payment.check_number = payment.ach_trace = payment.card_last4 = None
    if not undated:
        return

    def date_it() -> None:
        if payment.settled_date is None and payment.settled:
            payment.settled_date = desk.clock.now().date()
            payment.last_modified = desk.clock.now()

    desk.books.at(desk.clock.now() + timedelta(seconds=options.undated_seconds), date_it)
