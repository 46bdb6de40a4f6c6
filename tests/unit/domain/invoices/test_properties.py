"""Whatever happens to an invoice: its state can be folded, and its gate is open exactly while its key is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import keys
from domain.effects import Open, Shut
from domain.errors import MalformedError
from domain.event import Event
from domain.identifiers import supplier_key
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.invoice import fold
from domain.invoices.rebuild import sent_batch
from domain.invoices.state import PHASES
from domain.issues.events import IssueResolved
from domain.money import Money
from domain.routing import route
from tests.support.history import recorded
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.domain.invoices.invoice_facts import KEY, LOOK_AT, OTHER_KEY, ROW

FACTS: list[Event] = [
    f.approved(),
    f.not_eligible(),
    f.WITHDRAWN,
    f.FETCHED,
    f.started(),
    f.started(2, members=1),
    f.doubted(),
    f.submitted(),
    f.submitted(2, "500124"),
    f.rejected(),
    f.rejected("Void", "500124"),
    f.refused(),
    f.refused(whole=True),
    f.absent(),
    f.twice(),
    f.different(),
    f.held(),
    f.held("DOUBTED_ALONE"),
    f.looked(LOOK_AT, LOOK_AT),
    f.looked(LOOK_AT, LOOK_AT, conclusive=False),
    f.payment_started(),
    f.payment_posted(),
    f.payment_posted(-125_000, reversal=True, row="r2"),
    e.InvoicePaymentEnded(posting="T9", payment_id="P1", why="refused"),
    e.InvoicePartlyPaid(key=KEY, outstanding=Money(1)),
    e.InvoiceClosed(key=KEY),
    e.InvoiceReopened(key=KEY, outstanding=Money(1)),
    e.InvoiceReleased(key=KEY, why="ann"),
    e.InvoiceKeyChanged(row=ROW, old_key=KEY, new_key=OTHER_KEY),
    e.InvoiceAtRiskInInfor(key=KEY, risks=("PAID",)),
    e.InvoiceImageMissing(key=KEY, reason="NO_IMAGE", hold=True),
    e.InvoiceChangedInInfor(content=f.content(), digest="d", live=False),
    e.InvoiceChangedInInfor(content=f.content(), digest="d", live=True),
    s.InvoiceNotSent(attempt_id="a1", why="429", retry_at=LOOK_AT),
    s.InvoiceFoundByLookup(key=KEY, attempt_id="", avid_invoice_id="500125", status="Received"),
    s.InvoiceAnsweredLate(key=KEY, attempt_id="a1", verdict="confirmed"),
    s.InvoiceResubmissionOrdered(person="ann", reason="r", ignore_ids=("500123",)),
    s.InvoiceDoubtResolved(key=KEY, attempt_id="a1", resolution="posted", person="ann", reason="r"),
    s.InvoiceDoubtResolved(key=KEY, attempt_id="a1", resolution="absent", person="ann", reason="r"),
    IssueResolved(cause="c", person="ann", reason="r"),
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FACTS), max_size=25))
def test_an_invoice_is_live_exactly_while_its_key_is_open(facts: list[Event]) -> None:
    is_open = False
    history = recorded(facts)
    for one in history:
        for effect in route(one):
            if isinstance(effect, Open | Shut) and effect.key == keys.invoice(KEY.external_id):
                is_open = isinstance(effect, Open)
    state = fold(history)
    assert state.live == is_open
    assert state.version == len(facts)
    assert state.phase in {"", *PHASES.values()}
    assert state.posted_total.currency == "USD"
    assert state.attributed_rows <= {"r1", "r2"}


def test_a_reversal_takes_back_what_was_posted_whatever_its_sign() -> None:
    for back in (125_000, -125_000):
        posted = f.state_of([f.approved(), f.payment_posted(), f.payment_posted(back, reversal=True, row="r2")])
        assert posted.posted_total == Money(0)
    memo = f.state_of([f.approved(gross=Money(-5)), f.payment_posted(-5), f.payment_posted(5, reversal=True)])
    assert memo.posted_total == Money(0)
    unread = [f.forgotten(gross=Money(-5)), f.submitted(), f.payment_posted(-5), f.payment_posted(5, reversal=True)]
    assert f.state_of(unread).posted_total == Money(0), "a restored store knows no content of it"


def test_an_order_for_a_live_invoice_changes_nothing_of_where_it_is() -> None:
    live = f.state_of([f.approved(), f.started(), f.submitted(), e.InvoiceReleased(key=KEY, why="ann")])
    assert (live.phase, supplier_key(100, "V1001")) == ("submitted", KEY.vendor_external_id)


def test_an_intent_without_content_cannot_be_rebuilt() -> None:
    with pytest.raises(MalformedError, match="without content"):
        sent_batch("TO-1", [recorded([f.started(members=1)])])
    sent = sent_batch("TO-1", [recorded([f.approved(), f.FETCHED, f.started(members=1), f.doubted()])])
    assert (sent.digest, sent.members[0].image) == ("b", f.IMAGE)
    with pytest.raises(MalformedError, match="not all there"):
        sent_batch("TO-2", [recorded([f.approved(), f.started()])])
