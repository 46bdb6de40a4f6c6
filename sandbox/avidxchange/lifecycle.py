"""The life of a payment at the pretend AvidXchange: its stages, its end, and what can still undo it."""

from collections.abc import Iterable
from datetime import timedelta
from random import Random

import msgspec

from sandbox.avidxchange.desk import Desk
from sandbox.avidxchange.invoices import change_invoice
from sandbox.avidxchange.records import (
    REVERSED_STATUSES,
    SETTLED_STATUS_OF,
    HistoryEntry,
    Invoice,
    Payment,
)

BEFORE_METHOD = ("Pending Approval", "Processing", "Debit Requested", "Funds Received")
STAGES = {
    "Check": (*BEFORE_METHOD, "Sent to Check Printer", "Issued to Supplier"),
    "ACH": (*BEFORE_METHOD, "ACH Credit Issued"),
    "Virtual Card": (*BEFORE_METHOD, "VCC Processing", "VCC Issued"),
}
RETURN_CODES = 31


def move(desk: Desk, payment: Payment, status: str, *, comment: str | None = None) -> None:
    """Give a payment its next status and write that into its history."""
    now = desk.clock.now()
    payment.status, payment.last_modified = status, now
    entry_id = desk.books.next_id("history")
    payment.history.append(HistoryEntry(entry_id, "Payment", status, comment, now))


def number_payment(payment: Payment, random: Random, *, card_number: bool = False) -> None:
    """Give a payment the number its method has; `card_number` leaks a whole (pretend) card number."""
    payment.check_number = payment.ach_trace = payment.card_last4 = None
    if payment.method == "Check":
        payment.check_number = str(7_700_000 + int(payment.payment_id))
    elif payment.method == "ACH":
        payment.ach_trace = f"{random.randrange(10**12):015d}"
    else:
        payment.card_last4 = luhn_number(random) if card_number else f"{random.randrange(10**4):04d}"


def finish(desk: Desk, payment: Payment, *, dated: bool = True) -> None:
    """Take a payment through the stages that are left until it is settled; its invoices become Paid."""
    stages = STAGES.get(payment.method, BEFORE_METHOD)
    left = stages[stages.index(payment.status) + 1 :] if payment.status in stages else stages[-1:]
    for status in left:
        move(desk, payment, status)
    payment.settled_date = desk.clock.now().date() if dated else None
    for invoice in invoices_of(desk, payment):
        if invoice.live and invoice.applied == invoice.gross:
            change_invoice(desk, invoice, status="Paid")


def finish_later(desk: Desk, payment: Payment, *, step_seconds: float) -> None:
    """Let the clock take a payment through its stages, one every `step_seconds`, unless it is stopped."""
    stages = STAGES[payment.method]

    def step() -> None:
        if payment.status not in stages[:-1]:
            return
        following = stages[stages.index(payment.status) + 1]
        if following == stages[-1]:
            finish(desk, payment)
        else:
            move(desk, payment, following)
            desk.books.at(desk.clock.now() + timedelta(seconds=step_seconds), step)

    desk.books.at(desk.clock.now() + timedelta(seconds=step_seconds), step)


def reverse(desk: Desk, payment: Payment, kind: str, random: Random) -> None:
    """Void, stop, return or refund a payment; its invoices are owed again."""
    if payment.status in REVERSED_STATUSES:
        return
    move(desk, payment, kind, comment="reversed")
    if kind == "Returned":
        payment.return_code = f"R{random.randint(1, RETURN_CODES):02d}"
    for one in payment.remittances:
        invoice = desk.books.invoices.true.get(one.invoice_id)
        if invoice is not None:
            invoice.applied -= one.gross
            if invoice.live:
                change_invoice(desk, invoice, status="Approved")


def reissue(desk: Desk, payment: Payment, random: Random) -> Payment | None:
    """Pay a reversed payment's invoices again; None when something else has paid them meanwhile."""
    for one in payment.remittances:
        invoice = desk.books.invoices.true.get(one.invoice_id)
        if invoice is not None and abs(invoice.gross - invoice.applied) < abs(one.gross):
            return None
    again = msgspec.structs.replace(
        payment,
        payment_id=desk.books.next_id("payment"),
        status="Pending Approval",
        replaces=payment.payment_id,
        payment_date=desk.clock.now().date(),
        settled_date=None,
        cleared_date=None,
        return_code=None,
        remittances=list(payment.remittances),
        history=[],
    )
    desk.books.payments[again.payment_id] = again
    for one in again.remittances:
        invoice = desk.books.invoices.true.get(one.invoice_id)
        if invoice is not None:
            invoice.applied += one.gross
    number_payment(again, random)
    finish(desk, again)
    return again


def change_method(desk: Desk, payment: Payment, method: str, random: Random) -> None:
    """Pay by another method than the last poll said; a settled payment gets that method's number."""
    payment.method = method
    if not payment.settled:
        move(desk, payment, "Processing", comment=f"method changed to {method}")
        number_payment(payment, random)
        return
    number_payment(payment, random)
    move(desk, payment, SETTLED_STATUS_OF[method], comment=f"method changed to {method}")


def invoices_of(desk: Desk, payment: Payment) -> Iterable[Invoice]:
    """Return the invoices a payment covers, as far as this account has them."""
    found = (desk.books.invoices.true.get(one.invoice_id) for one in payment.remittances)
    return [invoice for invoice in found if invoice is not None]


def luhn_number(random: Random) -> str:
    """Return 16 digits that pass the Luhn check and belong to nobody (the range starting with 9)."""
    digits = [9, *(random.randrange(10) for _ in range(14))]
    doubled = [digit * 2 - 9 * (digit > 4) if index % 2 == 0 else digit for index, digit in enumerate(digits)]  # noqa: PLR2004 - the Luhn check's own rule: two digits are summed above 4
    return "".join(map(str, [*digits, -sum(doubled) % 10]))
