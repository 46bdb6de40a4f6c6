"""What is recorded when Infor is asked whether a paid invoice is closed, and what it says of the danger to one."""

from collections.abc import Callable

from domain.event import Event
from domain.invoices import events as e
from domain.invoices.content import LedgerState
from domain.invoices.decisions import Reading, decide_close, decide_reading
from domain.invoices.state import Invoice
from domain.money import Money
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.domain.invoices.invoice_facts import KEY, head, invoice, ledger, rules

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


def test_a_danger_is_raised_again_when_its_amount_moves() -> None:
    def poll(paid: int) -> Callable[[Invoice], tuple[Event, ...]]:
        now = ledger(paid=Money(paid), outstanding=Money(125_000 - paid))
        return lambda state: decide_reading(state, Reading(head=head(), ledger=now), rules())

    def raised(detail: str) -> Event:
        return e.InvoiceAtRiskInInfor(key=KEY, risks=("PAID",), detail=detail)

    first, more = raised("PCUA 100.00, OCUA 1150.00"), raised("PCUA 300.00, OCUA 950.00")
    invoice(*SENT).when(poll(10_000)).then([first])
    invoice(*SENT, first).when(poll(10_000)).then_nothing()
    invoice(*SENT, first).when(poll(30_000)).then([more])
    invoice(*SENT, first, f.payment_started("T2")).when(poll(30_000)).then_nothing()  # ours may be among it
    proposed = e.InvoiceAtRiskInInfor(key=KEY, risks=("STOPPED",), detail="PCUA 0.00, OCUA 1250.00")
    stopped = ledger(stopped=True, paid=Money(125_000 - 1), outstanding=Money(1))
    posted = (*SENT, f.payment_posted(125_000 - 1), proposed)
    reading = Reading(head=head(), ledger=stopped)
    invoice(*posted).when(lambda state: decide_reading(state, reading, rules())).then_nothing()


def test_what_m3_paid_endangers_nothing_that_avidxchange_no_longer_holds() -> None:
    gone = (*SENT, f.payment_posted(60_000), f.rejected("Void"))
    invoice(*gone).when(closing(CLOSED)).then([CLOSING])
