"""What is found at AvidXchange under an invoice's ExternalId."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.event import Event
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.search import decide_second_look, decide_status, judge_found, wants_second_look
from domain.invoices.state import Invoice
from domain.money import Money
from domain.ports.payables import InvoiceFound
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.domain.invoices.invoice_facts import KEY, found, invoice

READY = (f.approved(), f.FETCHED)
LIVE = (*READY, f.started(), f.submitted())


def judge(*records: Any, attempt_id: str = "a1") -> Any:
    return lambda state: judge_found(state, KEY, records, attempt_id=attempt_id)


def test_one_live_invoice_that_agrees_is_ours() -> None:
    outcome = invoice(*READY, f.started()).when(judge(found(), found("1", status="Void")))
    outcome.then([s.InvoiceFoundByLookup(key=KEY, attempt_id="a1", avid_invoice_id="500123", status="Received")])
    assert outcome.state.live


def test_two_live_ones_are_found_twice() -> None:
    outcome = invoice(*READY).when(judge(found("9"), found("8"))).then([f.twice("8", "9")])
    assert (outcome.state.phase, outcome.state.live) == ("held", False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"vendor_external_id": "100|V2"}, "VendorExternalId"),
        ({"invoice_number": "INV-78"}, "InvoiceNumber"),
        ({"gross": Money(1)}, "GrossAmount"),
    ],
)
def test_one_that_differs_is_an_issue(change: dict[str, Any], field: str) -> None:
    (event,) = invoice(*READY).when(judge(found(**change))).events
    assert isinstance(event, s.InvoiceFoundDifferent)
    assert event.field == field


def test_what_was_sent_is_compared_and_not_what_infor_says_since() -> None:
    new = f.content(gross=Money(1))
    changed = e.InvoiceChangedInInfor(content=new, digest="n", live=True)
    sent = invoice(*READY, f.started(), f.doubted(), changed)
    assert sent.when(judge(found())).state.live


def test_an_invoice_without_known_content_is_compared_by_its_key() -> None:
    assert invoice().when(judge(found())).state.live


def test_one_that_infor_named_and_did_not_want_sent_is_compared_with_how_it_was_named() -> None:
    """Seed 90064524: a restored store forgot that it was sent; its amount has changed in Infor since."""
    named = invoice(f.not_eligible(gross=Money(1), invoice_date=f.content().invoice_date))
    (event,) = named.when(judge(found(), attempt_id="")).events
    assert isinstance(event, s.InvoiceFoundDifferent)
    assert (event.field, event.ours) == ("GrossAmount", "0.01")


def test_one_that_differs_is_looked_at_again_when_it_ends() -> None:
    differs = (*READY, f.different())
    state = f.state_of(differs)
    dead = found(status="Void")
    assert state.held_there
    assert [wants_second_look(state, one) for one in (dead, found("9", status="Void"), found())] == [True, False, False]
    second = invoice(*differs).when(lambda state: decide_second_look(state, KEY, [found("9", status="Void"), dead]))
    second.then([f.rejected("Void")])
    assert not second.state.held_there


def test_beside_one_that_differs_another_one_is_noticed() -> None:
    differs = (*READY, f.different())
    dead = found(status="Void")
    assert wants_second_look(f.state_of(differs), found("9"))

    def second(*records: InvoiceFound) -> Callable[[Invoice], tuple[Event, ...]]:
        return lambda state: decide_second_look(state, KEY, records)

    after = invoice(*differs).when(second(dead, found("9"))).then([f.rejected("Void"), f.found_live("9")])
    assert (after.state.live, after.state.held_there) == (True, False)
    invoice(*differs).when(second(found(), found("9"))).then([f.twice("500123", "9")])
    invoice(*differs).when(second(found("9"))).then_nothing()  # whether the other one ended nobody knows


def test_one_that_infor_never_named_to_a_restored_store_is_no_one_to_look_for_by_name() -> None:
    """Seed 700001219: a late answer told of it, and it was taken for one that Infor had named."""
    late = s.InvoiceAnsweredLate(key=KEY, attempt_id="a1", verdict="refused", text="no")
    assert not wants_second_look(f.state_of((late,)), found("9"))
    invoice(late).when(lambda state: decide_second_look(state, KEY, [found("9")])).then_nothing()


def test_one_that_agrees_with_what_infor_shows_by_now_is_ours_whatever_was_sent_before() -> None:
    """A restored store knows the attempt that was turned down, and not the one that sent it as it was corrected."""
    new = f.content(gross=Money(1))
    dead = (*LIVE, f.rejected(), e.InvoiceChangedInInfor(content=new, digest="n", live=False))
    outcome = invoice(*dead).when(judge(found("7", gross=Money(1)), attempt_id=""))
    assert (outcome.state.live, outcome.state.avid_invoice_id) == (True, "7")
    named = f.not_eligible(gross=Money(2), invoice_date=f.content().invoice_date)
    assert invoice(*READY, named).when(judge(found(gross=Money(2)), attempt_id="")).state.live
    (event,) = invoice(*READY, named).when(judge(found(gross=Money(3)), attempt_id="")).events
    assert isinstance(event, s.InvoiceFoundDifferent)
    assert (event.ours, event.theirs) == (str(Money(125_000)), "0.03")


def test_one_thought_dead_that_is_live_as_it_was_sent_is_told_of_when_infor_shows_it_otherwise() -> None:
    """Seed 90071047: it was rejected, ordered again and forgotten; meanwhile its amount changed in Infor."""
    new = f.content(gross=Money(1))
    dead = (*LIVE, f.rejected(), e.InvoiceChangedInInfor(content=new, digest="n", live=False))
    outcome = invoice(*dead).when(judge(found("7"), attempt_id=""))
    told = e.InvoiceChangedInInfor(content=new, digest="n", live=True)
    outcome.then([s.InvoiceFoundByLookup(key=KEY, attempt_id="", avid_invoice_id="7", status="Received"), told])
    assert outcome.state.live
    assert outcome.state.content == new


def test_a_rejected_one_ends_the_search_unless_it_is_tied_to_an_earlier_attempt() -> None:
    rejected = found(status="Rejected")
    invoice(*READY, f.started(), f.doubted()).when(judge(rejected)).then([f.rejected()])
    ordered = s.InvoiceResubmissionOrdered(person="ann", reason="mended", ignore_ids=("500123",))
    again = invoice(*LIVE, f.rejected(), ordered)
    again.when(judge(rejected)).then_nothing()
    assert again.when(judge(rejected, found("500124"))).state.avid_invoice_id == "500124"
    invoice(*READY).when(judge()).then_nothing()


def test_a_status_is_recorded_when_it_is_new() -> None:
    def status(**changes: Any) -> Any:
        return lambda state: decide_status(state, KEY, found(**changes))

    invoice(*LIVE).when(status()).then_nothing()
    assert invoice(*LIVE).when(status(status="Paid")).state.avid_status == "Paid"
    void = invoice(*LIVE).when(status(status="Void"))
    void.then([f.rejected("Void")])
    assert (void.state.phase, void.state.live) == ("held", False)
    invoice(*LIVE).when(status(avid_invoice_id="1")).then_nothing()
    invoice(*READY).when(status(status="Paid")).then_nothing()


def test_a_strange_live_id_calls_for_a_second_look() -> None:
    live, dead = f.state_of(LIVE), f.state_of((*LIVE, f.rejected()))
    assert wants_second_look(live, found("9"))
    assert not wants_second_look(live, found())
    assert not wants_second_look(live, found("9", status="Void"))
    assert wants_second_look(dead, found("9"))
    assert wants_second_look(f.state_of((*LIVE, f.twice())), found())


def test_a_second_look_finds_two_or_finds_one_again() -> None:
    def second(*records: Any) -> Any:
        return lambda state: decide_second_look(state, KEY, records)

    two: tuple[Event, ...] = (*LIVE, f.twice())
    invoice(*LIVE).when(second(found(), found("500124"))).then([f.twice()])
    invoice(*two).when(second(found(), found("500124"))).then_nothing()
    invoice(*LIVE).when(second(found())).then_nothing()
    one = invoice(*two).when(second(found(status="Void"), found("500124")))
    assert (one.state.avid_invoice_id, one.state.found_twice) == ("500124", False)
    assert invoice(*two).when(second(found(status="Void"))).state.phase == "held"
    invoice(*two).when(second()).then_nothing()


def test_infor_names_what_a_restored_store_forgot_and_the_look_up_says_under_which_id_it_is_live() -> None:
    def second(*records: Any) -> Any:
        return lambda state: decide_second_look(state, KEY, records)

    told: tuple[Event, ...] = (f.forgotten(KEY), f.submitted(invoice_id="other-9"))
    named: tuple[Event, ...] = (*told, e.InvoiceChangedInInfor(content=f.content(), digest="d", live=True))
    one = invoice(*named).when(second(found(), found("other-9", status="Void")))
    one.then([s.InvoiceFoundByLookup(key=KEY, attempt_id="", avid_invoice_id="500123", status="Received")])
    assert (one.state.is_forgotten, one.state.live, one.state.avid_invoice_id) == (False, True, "500123")
    invoice(*named).when(second(found(), found("other-9"))).then([f.twice("500123", "other-9")])
    invoice(*named).when(second(found("other-9"), found(status="Void"))).then_nothing()
    invoice(*named).when(second()).then_nothing()
    invoice(*told).when(second(found())).then_nothing()
    (different,) = invoice(*named).when(second(found(gross=Money(1)))).events
    assert isinstance(different, s.InvoiceFoundDifferent)


def test_one_that_a_person_saw_there_gets_its_id_with_its_next_change() -> None:
    word = s.InvoiceDoubtResolved(key=KEY, attempt_id="a1", resolution="posted", person="ann", reason="seen")
    seen = (*READY, f.started(), f.doubted(), word)
    assert wants_second_look(f.state_of(seen), found())
    assert wants_second_look(f.state_of(seen), found(status="Void"))

    def second(*records: InvoiceFound) -> Callable[[Invoice], tuple[Event, ...]]:
        return lambda state: decide_second_look(state, KEY, records)

    named = invoice(*seen).when(second(found())).then([f.found_live()])
    assert named.state.avid_invoice_id == "500123"
    assert not wants_second_look(named.state, found())
    invoice(*seen).when(second(found(status="Void"))).then([f.rejected("Void")])
    invoice(*seen).when(second(found(gross=Money(1)))).then_nothing()  # the person's word stands, and was about another
    invoice(*seen).when(second(found(), found("9"))).then([f.twice("500123", "9")])


def test_of_one_that_is_closed_no_id_is_asked_any_more() -> None:
    word = s.InvoiceDoubtResolved(key=KEY, attempt_id="a1", resolution="posted", person="ann", reason="seen")
    closed = (*READY, f.started(), f.doubted(), word, f.payment_posted(), e.InvoiceClosed(key=KEY))
    assert not wants_second_look(f.state_of(closed), found(status="Void"))
    invoice(*closed).when(lambda state: decide_second_look(state, KEY, [found()])).then_nothing()


def test_of_two_the_one_left_that_differs_is_said_once() -> None:
    history = (*READY, f.different(), f.twice("500123", "9"))
    left = invoice(*history).when(lambda state: decide_second_look(state, KEY, [found(gross=Money(1))]))
    (event,) = left.events
    assert isinstance(event, s.InvoiceFoundDifferent)
    assert (left.state.found_twice, left.state.held_there) == (False, True)
    again = invoice(*history, event)
    again.when(lambda state: decide_second_look(state, KEY, [found(gross=Money(1))])).then_nothing()


def test_one_that_differed_and_agrees_by_now_is_ours_though_its_gate_is_shut() -> None:
    new = e.InvoiceChangedInInfor(content=f.content(gross=Money(100)), digest="n", live=False)
    waits = e.InvoiceImageMissing(key=KEY, reason="NO_IMAGE", hold=True)
    corrected = (*READY, f.different(), new, waits)
    assert f.state_of(corrected).held_there
    assert wants_second_look(f.state_of(corrected), found(gross=Money(100)))

    def second(gross: int) -> Callable[[Invoice], tuple[Event, ...]]:
        return lambda state: decide_second_look(state, KEY, [found(gross=Money(gross))])

    assert invoice(*corrected).when(second(100)).state.live
    invoice(*corrected).when(second(101)).then_nothing()
