"""What is recorded when Infor is asked whether a paid invoice is closed."""

from collections.abc import Callable

from domain.event import Event
from domain.invoices import events as e
from domain.invoices.content import LedgerState
from domain.invoices.decisions import decide_close
from domain.invoices.state import Invoice
from domain.money import Money
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.domain.invoices.invoice_facts import KEY, invoice, ledger

CLOSED = ledger(outstanding=Money(0), reconciled=True)
SENT = (f.approved(), f.started(), f.submitted())
PAID = (*SENT, f.payment_posted())
CLOSING = e.InvoiceClosed(key=KEY)


def closing(now: LedgerState) -> Callable[[Invoice], tuple[Event, ...]]:
    return lambda state: decide_close(state, KEY, now)


def test_closing_says_what_infor_says() -> None:
    invoice(*PAID).when(closing(CLOSED)).then([CLOSING])
    invoice(*PAID, CLOSING).when(closing(CLOSED)).then([CLOSING])  # paid anew, and never seen open meanwhile
    partly = e.InvoicePartlyPaid(key=KEY, outstanding=Money(125_000))
    assert invoice(*PAID).when(closing(ledger())).then([partly]).state.partly_paid
    reopened = e.InvoiceReopened(key=KEY, outstanding=Money(125_000))
    invoice(*PAID, CLOSING).when(closing(ledger())).then([reopened, partly])


def test_what_m3_has_not_said_for_good_is_asked_again() -> None:
    invoice(*PAID).when(closing(ledger(outstanding=Money(0)))).then_nothing()
    flying = invoice(*PAID, f.payment_started("T2"))
    flying.when(closing(CLOSED)).then_nothing()
    flying.when(closing(ledger())).then_nothing()


def test_what_m3_paid_beside_us_is_raised_and_not_closed() -> None:
    partly = (*SENT, f.payment_posted(60_000))
    raised = e.InvoiceAtRiskInInfor(key=KEY, risks=("PAID",), detail="PCUA 0.00, OCUA 0.00")
    invoice(*partly).when(closing(CLOSED)).then([raised])
    invoice(*partly, raised).when(closing(CLOSED)).then_nothing()
    invoice(*partly, CLOSING).when(closing(CLOSED)).then([raised])


def test_an_invoice_that_nothing_of_ours_paid_is_not_closed_by_who_claimed_it_before_a_restore() -> None:
    for forgotten in (invoice(), invoice(*SENT)):
        forgotten.when(closing(CLOSED)).then_nothing()
        forgotten.when(closing(ledger())).then_nothing()
