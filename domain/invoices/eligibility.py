"""Whether an invoice goes to AvidXchange, and what endangers one that already went (contract: infor.md 5.4)."""

from domain.invoices.content import LedgerState
from domain.money import Money
from domain.rules import Rules

IN_PROPOSAL = 1
PAID = 4

NOT_APPROVED = "NOT_APPROVED"
CURRENCY = "CURRENCY"
IN_M3_PROPOSAL = "IN_M3_PROPOSAL"
PAID_IN_M3 = "PAID_IN_M3"
PAYMENT_STOP = "PAYMENT_STOP"
PARTLY_PAID_IN_M3 = "PARTLY_PAID_IN_M3"
PAYMENT_METHOD = "PAYMENT_METHOD"
OF_AMOUNTS = frozenset({"PAID", "UNDERPAID"})  # risks that are as great as an amount


def why_not(ledger: LedgerState, rules: Rules) -> tuple[str, str]:
    """Give (reason, detail) why an invoice that was not sent yet may not go, ("", "") when it may."""
    if not ledger.approved:
        return NOT_APPROVED, "APRV is not 1"
    if ledger.gross.currency != rules.currency:
        return CURRENCY, f"{ledger.gross.currency} is not {rules.currency}"
    if ledger.payment_status == IN_PROPOSAL:
        return IN_M3_PROPOSAL, "PYST 1"
    if ledger.payment_status == PAID:
        return PAID_IN_M3, "PYST 4"
    if ledger.stopped:
        return PAYMENT_STOP, "IVBL 1"
    if not ledger.paid.is_zero:
        return PARTLY_PAID_IN_M3, f"PCUA {ledger.paid}"
    if rules.payment_methods and ledger.payment_method not in rules.payment_methods:
        return PAYMENT_METHOD, f"PYME {ledger.payment_method or 'blank'}"
    return "", ""


def risks_of(
    ledger: LedgerState | None, *, ours: Money, in_flight: bool, before: tuple[str, ...] = ()
) -> tuple[str, ...]:
    """Name what endangers an invoice that is live at AvidXchange: it may be paid twice, or must not be paid.

    ours: net and discount of the payments we posted; in_flight: a posting of ours is under way, so that M3 may
    show more paid than we know of, or less (then PAID and UNDERPAID are not judged, and stay as they were `before`).
    UNDERPAID: M3 took less off than we posted (it did not write a discount off, or a voucher was taken back there),
    and may pay the rest once more.
    """
    if ledger is None:
        return ("GONE",)
    settled = ledger.outstanding.is_zero
    found = (
        ("PROPOSED", ledger.payment_status == IN_PROPOSAL),
        ("PAID", "PAID" in before if in_flight else _paid_by_others(ledger, ours)),
        ("UNDERPAID", "UNDERPAID" in before if in_flight else _shown(ledger) < _sign(ledger) * ours.minor),
        ("STOPPED", ledger.stopped and not settled),
        ("NOT_APPROVED", not ledger.approved and not settled),
    )
    return tuple(name for name, there in found if there)


def is_settled(ledger: LedgerState) -> bool:
    """Whether Infor says that the invoice is closed: OCUA 0 and RECO 1."""
    return ledger.outstanding.is_zero and ledger.reconciled


def _paid_by_others(ledger: LedgerState, ours: Money) -> bool:
    return _shown(ledger) > _sign(ledger) * ours.minor


def _shown(ledger: LedgerState) -> int:
    """Give what M3 took off at the most by what it says, as a positive amount."""
    sign = _sign(ledger)
    settled = sign * (ledger.gross.minor - ledger.outstanding.minor)
    shown = max(settled, sign * ledger.paid.minor)
    return max(shown, sign * ledger.gross.minor) if ledger.payment_status == PAID else shown


def _sign(ledger: LedgerState) -> int:
    return -1 if ledger.gross.minor < 0 else 1
