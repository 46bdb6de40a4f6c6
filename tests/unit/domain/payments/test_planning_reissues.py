"""The gate of a payment that replaces another: what must be taken back in Infor before it is posted."""

from typing import Any

import pytest

from domain import keys
from domain.event import Event
from domain.payments import events as e
from domain.payments.payment import Payment, fold
from domain.payments.planning import Replaced
from domain.postings import events as p
from domain.postings.posting import Posting
from tests.support.payments_world import NOW, payment, recorded, usd
from tests.unit.domain.payments.test_planning import gate, held, plans, posting, resolved_absent


def reissue(**changes: Any) -> e.PaymentContent:
    return payment(payment_id="77002", replaces_payment_id="77001", **changes)


def old(*more: Event, legs: tuple[e.Leg, ...] = (e.Leg(division="AAA", posting="T1", net=usd("1570.00")),)) -> Payment:
    planned = e.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=legs)
    return fold(recorded([e.PaymentSettled(content=payment()), planned, *more]))


BOOKED = posting(p.PostingConfirmed(key1="T1", payment_id="77001", rows=()))
VOID = e.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void")


def reversal(*, tasks: tuple[str, ...] = (), reversing: tuple[e.Leg, ...] = ()) -> e.PaymentReversalPlanned:
    return e.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=reversing, tasks=tasks)


def test_a_reissue_of_a_payment_we_never_saw_goes_to_a_person() -> None:
    assert held(gate(reissue())).reason == "REPLACES_UNSEEN"
    assert held(gate(reissue(), replaced=Replaced(Payment(), {}))).reason == "REPLACES_UNSEEN"


def test_a_reissue_waits_until_the_posted_payment_is_reversed() -> None:
    fact = held(gate(reissue(), replaced=Replaced(old(), {"T1": BOOKED})))
    assert (fact.reason, fact.waits_for) == ("REPLACED_NOT_REVERSED", keys.reversed_payment("77001"))


def test_a_reissue_waits_for_the_reversal_posting() -> None:
    leg = e.Leg(division="AAA", posting="R1", net=usd("-1570.00"))
    state = old(VOID, reversal(reversing=(leg,)))
    waiting = held(gate(reissue(), replaced=Replaced(state, {"T1": BOOKED, "R1": posting()})))
    assert waiting.waits_for == keys.posting("R1")
    assert plans(gate(reissue(), replaced=Replaced(state, {"T1": BOOKED, "R1": BOOKED})))
    refused = posting(
        p.PostingRefused(key1="R1", attempt_id="", payment_id="77001", step="CtrlBatch", code="X", text="")
    )
    stuck = held(gate(reissue(), replaced=Replaced(state, {"T1": BOOKED, "R1": refused})))
    assert stuck.waits_for == keys.taken_back("R1")
    both = old(VOID, reversal(reversing=(leg, e.Leg(division="BBB", posting="R2", net=usd("-1.00")))))
    half = held(gate(reissue(), replaced=Replaced(both, {"T1": BOOKED, "R1": refused, "R2": BOOKED})))
    assert half.waits_for == keys.taken_back("R1")


def test_a_reissue_of_a_reissue_waits_for_what_the_first_payment_booked() -> None:
    between = fold(recorded([e.PaymentSettled(content=reissue())]))
    third = payment(payment_id="77003", replaces_payment_id="77002")
    first = Replaced(old(), {"T1": BOOKED})
    fact = held(gate(third, replaced=Replaced(between, {}, first)))
    assert (fact.reason, fact.waits_for) == ("REPLACED_NOT_REVERSED", keys.reversed_payment("77001"))
    unseen = held(gate(third, replaced=Replaced(between, {}, Replaced(Payment(), {}))))
    assert unseen.reason == "REPLACES_UNSEEN"
    assert unseen.detail == "it replaces payment 77002, and that replaced payment 77001, which we never saw"
    assert plans(gate(payment(payment_id="77003", replaces_payment_id="77003"))), "that is no reissue"
    leg = e.Leg(division="AAA", posting="R1", net=usd("-1570.00"))
    taken_back = Replaced(old(VOID, reversal(reversing=(leg,))), {"T1": BOOKED, "R1": BOOKED})
    assert plans(gate(third, replaced=Replaced(between, {}, taken_back)))


def test_a_reissue_waits_for_a_posting_the_store_may_have_forgotten() -> None:
    fact = held(gate(reissue(), replaced=Replaced(old(), {"T1": posting()}), went_back_at=NOW))
    assert fact.waits_for == keys.reversed_payment("77001")


def test_a_reissue_waits_for_a_reversal_done_by_hand() -> None:
    state = old(VOID, reversal(tasks=("T1",)))
    assert held(gate(reissue(), replaced=Replaced(state, {"T1": BOOKED}))).reason == "REPLACED_NOT_REVERSED"
    by_hand = old(VOID, reversal(tasks=("T1",)), e.ReversalDoneByHand(payment_id="77001", person="ann", reason="done"))
    assert plans(gate(reissue(), replaced=Replaced(by_hand, {"T1": BOOKED})))


REFUSED = posting(p.PostingRefused(key1="T1", attempt_id="", payment_id="77001", step="CtrlBatch", code="X", text=""))
ABANDONED = posting(p.PostingAbandoned(key1="T1", payment_id="77001", why="it was reversed"))
BY_HAND = e.ReversalDoneByHand(payment_id="77001", person="ann", reason="done")


@pytest.mark.parametrize("state", [REFUSED, ABANDONED, posting(resolved_absent())])
def test_a_reissue_waits_until_a_person_has_looked_for_a_leg_a_store_may_have_forgotten(state: Posting) -> None:
    asked = old(VOID, reversal(tasks=("T1",)))
    hold = held(gate(reissue(), replaced=Replaced(asked, {"T1": state}), went_back_at=NOW))
    assert (hold.reason, hold.waits_for) == ("REPLACED_NOT_REVERSED", keys.reversed_payment("77001"))
    done = old(VOID, reversal(tasks=("T1",)), BY_HAND)
    assert plans(gate(reissue(), replaced=Replaced(done, {"T1": state}), went_back_at=NOW))


@pytest.mark.parametrize("legs", [(), (e.Leg(division="AAA", posting="T1", net=usd("1570.00")),)])
def test_a_reissue_that_is_planned_before_the_reversal_waits_for_it_after_a_restore(legs: tuple[e.Leg, ...]) -> None:
    states = {"T1": REFUSED}
    hold = held(gate(reissue(), replaced=Replaced(old(VOID, legs=legs), states), went_back_at=NOW))
    assert (hold.reason, hold.waits_for) == ("REPLACED_NOT_REVERSED", keys.reversed_payment("77001"))
    assert plans(gate(reissue(), replaced=Replaced(old(VOID, legs=legs), states)))
    assert plans(gate(reissue(), replaced=Replaced(old(VOID, reversal(), legs=legs), states), went_back_at=NOW))


def test_a_reissue_waits_for_the_reversal_posting_of_one_leg_and_the_person_of_another() -> None:
    legs = (e.Leg(division="AAA", posting="T1", net=usd("1.00")), e.Leg(division="BBB", posting="T2", net=usd("1.00")))
    back = e.Leg(division="AAA", posting="R1", net=usd("-1.00"))
    state = old(VOID, reversal(tasks=("T2",), reversing=(back,)), BY_HAND, legs=legs)
    refused = {"T1": BOOKED, "T2": ABANDONED, "R1": REFUSED}
    assert held(gate(reissue(), replaced=Replaced(state, refused))).waits_for == keys.taken_back("R1")
    assert held(gate(reissue(), replaced=Replaced(state, refused | {"R1": posting()}))).waits_for == keys.posting("R1")
    assert plans(gate(reissue(), replaced=Replaced(state, refused | {"R1": BOOKED})))


def test_a_reissue_of_a_payment_that_was_never_handed_over_goes_out() -> None:
    assert plans(gate(reissue(), replaced=Replaced(old(), {"T1": posting()})))
