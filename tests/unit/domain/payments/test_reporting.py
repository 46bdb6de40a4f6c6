from typing import Any

import msgspec
import pytest

from domain.event import Event
from domain.payments import events as e
from domain.payments.payment import Payment, fold
from domain.payments.reporting import book_changes, decide_replaced, decide_report
from tests.support.payments_world import payment, recorded, remittance, usd


def given(*events: Event) -> Payment:
    return fold(recorded(events))


def names(facts: tuple[Event, ...]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def test_an_unsettled_payment_is_reported_and_nothing_more() -> None:
    seen = payment(status="Processing", standing="open")
    assert decide_report(given(), seen) == (e.PaymentReported(content=seen),)


def test_a_settled_payment_becomes_due_for_posting() -> None:
    assert decide_report(given(), payment()) == (e.PaymentSettled(content=payment()),)


def test_seeing_the_same_payment_twice_adds_nothing() -> None:
    state = given(e.PaymentSettled(content=payment()))
    assert decide_report(state, payment(modified="2026-02-01T00:00:00")) == ()


def test_a_payment_that_clears_changes_nothing_for_the_books() -> None:
    state = given(e.PaymentSettled(content=payment()))
    assert names(decide_report(state, payment(status="Cleared"))) == ["PaymentCleared"]


def test_a_late_check_number_settles_a_held_payment_again() -> None:
    bare = payment(number="")
    held = e.PaymentHeld(payment_id="77001", reason="NUMBER_MISSING", detail="")
    state = given(e.PaymentSettled(content=bare), held)
    assert names(decide_report(state, payment())) == ["PaymentSettled"]


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "ACH"},
        {"number": "999"},
        {"remittances": (remittance(net="1000.00"),), "amount": usd("1000.00")},
    ],
)
def test_a_change_after_planning_is_raised_and_never_posted_by_itself(changes: dict[str, Any]) -> None:
    state = given(e.PaymentSettled(content=payment()), planned())
    facts = decide_report(state, payment(**changes))
    assert names(facts) == ["PaymentChangedAfterSettling"]


def test_a_settled_payment_that_opens_again_is_raised() -> None:
    state = given(e.PaymentSettled(content=payment()))
    assert names(decide_report(state, payment(status="Held", standing="open"))) == ["PaymentChangedAfterSettling"]


def test_a_void_is_a_reversal_even_before_settling() -> None:
    void = payment(status="Void", standing="reversed", return_code="R01")
    facts = decide_report(given(), void)
    assert facts == (e.PaymentReversed(content=void, kind="Void", return_code="R01"),)


def test_a_second_reversal_status_adds_no_second_reversal() -> None:
    state = given(e.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void"))
    facts = decide_report(state, payment(status="Refunded", standing="reversed"))
    assert names(facts) == ["PaymentCleared"]


def test_a_reversed_payment_that_settles_again_is_raised() -> None:
    state = given(e.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void"))
    assert names(decide_report(state, payment())) == ["PaymentChangedAfterSettling"]


def test_an_unknown_status_is_recorded_and_raised() -> None:
    seen = payment(status="Teleported", standing="unknown")
    assert decide_report(given(), seen) == (e.PaymentStatusUnknown(content=seen, field="status"),)


def test_a_status_that_was_unknown_for_a_while_does_not_lose_the_payment() -> None:
    strange = payment(status="Teleported", standing="unknown")
    state = given(e.PaymentSettled(content=payment()), e.PaymentStatusUnknown(content=strange, field="status"))
    assert names(decide_report(state, payment())) == ["PaymentSettled"]
    planned_before = given(
        e.PaymentSettled(content=payment()), planned(), e.PaymentStatusUnknown(content=strange, field="status")
    )
    assert planned_before.phase == "planned"
    assert names(decide_report(planned_before, payment())) == ["PaymentCleared"]


def test_an_unknown_method_is_recorded_and_raised_until_postings_are_planned() -> None:
    seen = payment(method="Pigeon", problems=("METHOD_UNKNOWN",))
    assert names(decide_report(given(), seen)) == ["PaymentStatusUnknown"]
    planned_state = given(e.PaymentSettled(content=payment()), planned())
    assert names(decide_report(planned_state, seen)) == ["PaymentChangedAfterSettling"]


def test_a_payment_on_its_way_may_have_no_method_yet() -> None:
    seen = payment(standing="open", status="Pending Approval", method="", problems=("METHOD_UNKNOWN",))
    assert names(decide_report(given(), seen)) == ["PaymentReported"]
    raised = given(e.PaymentStatusUnknown(content=payment(method="", problems=("METHOD_UNKNOWN",)), field="method"))
    assert names(decide_report(raised, seen)) == ["PaymentReported"]
    assert names(decide_report(given(e.PaymentReported(content=seen)), payment())) == ["PaymentSettled"]


@pytest.mark.parametrize("changes", [{"method": ""}, {"method": "Pigeon", "standing": "open", "status": "Held"}])
def test_a_settled_payment_without_a_method_is_raised_and_so_is_a_method_nobody_knows(changes: dict[str, str]) -> None:
    seen = payment(problems=("METHOD_UNKNOWN",), **changes)
    assert names(decide_report(given(), seen)) == ["PaymentStatusUnknown"]


def test_a_dropped_card_number_is_raised_once() -> None:
    seen = payment(card_number_dropped=True)
    assert names(decide_report(given(), seen)) == ["PaymentCardNumberDropped", "PaymentSettled"]
    state = given(e.PaymentCardNumberDropped(payment_id="77001"), e.PaymentSettled(content=seen))
    assert decide_report(state, seen) == ()


def test_a_reissue_is_noted_once_on_a_payment_we_know() -> None:
    assert decide_replaced(given(), "77002") == ()
    assert decide_replaced(given(), "77002", reported=True) == (e.PaymentReplaced(by_payment_id="77002"),)
    known = given(e.PaymentSettled(content=payment()))
    assert decide_replaced(known, "77002") == (e.PaymentReplaced(by_payment_id="77002"),)
    noted = given(e.PaymentSettled(content=payment()), e.PaymentReplaced(by_payment_id="77002"))
    assert decide_replaced(noted, "77002") == ()


def test_only_fields_of_the_books_count_as_changes() -> None:
    assert book_changes(payment(), payment(status="Cleared", modified="x")) == ()
    assert book_changes(payment(), payment(number="1")) == ("number",)


def test_what_the_state_does_not_know_it_ignores() -> None:
    class Stranger(Event, frozen=True):
        pass

    assert msgspec.structs.replace(given(Stranger()), version=0) == Payment()


def planned() -> e.PaymentPostingsPlanned:
    return e.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=())
