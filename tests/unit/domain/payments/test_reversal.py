from datetime import date, datetime, timedelta
from typing import Any

import pytest

from domain import keys
from domain.event import Event
from domain.identifiers import key1
from domain.payments import events as e
from domain.payments.payment import Payment, fold
from domain.payments.reversal import ReversalPlan, decide_reversal
from domain.postings import events as p
from domain.postings.posting import Posting
from domain.postings.posting import fold as fold_posting
from tests.support.payments_world import IDENTITY, NOW, STREAM, payment, plan, recorded, rules, usd

LEG = e.Leg(division="AAA", posting="T1", net=usd("1570.00"))
VOID = e.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void")
PLANNED = e.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=(LEG,))


def reversed_payment(*more: Event) -> Payment:
    return fold(recorded([e.PaymentSettled(content=payment()), PLANNED, VOID, *more]))


def posting(*events: Event) -> Posting:
    return fold_posting(recorded([p.PostingPlanned(plan=plan(key1="T1")), *events]))


BOOKED = posting(p.PostingConfirmed(key1="T1", payment_id="77001", rows=()))
HANDED_OVER = posting(
    p.PostingHandoverStarted(key1="T1", attempt_id="a", handover=1, deadline=NOW, look_at=NOW, incarnation=STREAM)
)


def test_a_payment_that_was_never_planned_needs_nothing() -> None:
    state = fold(recorded([VOID]))
    (fact,) = decide_reversal(state, {}, rules()).payment
    assert fact == e.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=(), tasks=())


def test_a_posting_not_handed_over_is_abandoned() -> None:
    result = decide_reversal(reversed_payment(), {"T1": posting()}, rules())
    assert [key for key, _ in result.abandoned] == ["T1"]
    assert result.postings == ()


def test_a_refused_posting_is_given_up_for_nobody_may_let_it_go_again() -> None:
    refused = p.PostingRefused(key1="T1", attempt_id="a", payment_id="77001", step="CtrlBatch", code="X", text="")
    result = decide_reversal(reversed_payment(), {"T1": posting(refused)}, rules())
    assert [key for key, _ in result.abandoned] == ["T1"]
    (fact,) = result.payment
    assert isinstance(fact, e.PaymentReversalPlanned)
    assert (fact.abandoned, fact.tasks) == (("T1",), ())


def test_a_reversal_queues_behind_a_posting_that_is_handed_over() -> None:
    (fact,) = decide_reversal(reversed_payment(), {"T1": HANDED_OVER}, rules()).payment
    assert isinstance(fact, e.PaymentReversalHeld)
    assert fact.waits_for == keys.posting("T1")
    assert decide_reversal(reversed_payment(fact), {"T1": HANDED_OVER}, rules()) == ReversalPlan()


def test_a_posted_payment_is_reversed_through_the_void_interface() -> None:
    result = decide_reversal(reversed_payment(), {"T1": BOOKED}, rules(void_interface="AVXVOID"))
    ((made, fact),) = result.postings
    assert fact == p.PostingPlanned(plan=made)
    assert (made.kind, made.interface, made.lines[0].net) == ("R", "AVXVOID", usd("-1570.00"))
    assert made.key1.startswith("R")
    (planned,) = result.payment
    assert isinstance(planned, e.PaymentReversalPlanned)
    assert planned.reversing == (e.Leg(division="AAA", posting=made.key1, net=usd("-1570.00")),)


def test_without_a_void_interface_a_person_reverses_it() -> None:
    (fact,) = decide_reversal(reversed_payment(), {"T1": BOOKED}, rules()).payment
    assert isinstance(fact, e.PaymentReversalPlanned)
    assert fact.tasks == ("T1",)


def test_a_reversal_is_planned_once() -> None:
    planned = e.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=(), tasks=("T1",))
    assert decide_reversal(reversed_payment(planned), {"T1": BOOKED}, rules()) == ReversalPlan()


def test_a_payment_that_stands_is_not_reversed() -> None:
    state = fold(recorded([e.PaymentSettled(content=payment())]))
    assert decide_reversal(state, {}, rules()) == ReversalPlan()


SINCE = {"settled_date": date(2026, 3, 9), "payment_date": date(2026, 3, 9), "modified": "2026-03-09T00:00:00"}


@pytest.mark.parametrize(
    ("dates", "asked"),
    [
        (SINCE | {"settled_date": NOW.date()}, True),
        (SINCE | {"payment_date": NOW.date()}, True),  # its settled date may have moved
        (SINCE | {"settled_date": None, "modified": "2026-03-02T08:59:59"}, True),
        (SINCE | {"settled_date": None, "payment_date": None}, False),
        (SINCE, False),
    ],
)
def test_what_a_restored_store_may_have_forgotten_is_looked_for_by_a_person(
    *, dates: dict[str, Any], asked: bool
) -> None:
    void = payment(status="Void", standing="reversed", **dates)
    state = fold(recorded([e.PaymentReversed(content=void, kind="Void")]))
    assert tasks(state, {}) == ((next_key(1),) if asked else ())


def test_a_payment_settled_before_a_restore_is_looked_for_whatever_became_of_its_dates() -> None:
    void = e.PaymentReversed(content=payment(status="Void", standing="reversed", **SINCE), kind="Void")
    assert tasks(fold(recorded([e.PaymentSettled(content=payment()), void])), {}) == (next_key(1),)


def tasks(state: Payment, postings: dict[str, Posting], unsure_before: datetime = NOW) -> tuple[str, ...]:
    (fact,) = decide_reversal(state, postings, rules(), unsure_before=unsure_before).payment
    assert isinstance(fact, e.PaymentReversalPlanned)
    return fact.tasks


def next_key(generation: int) -> str:
    return key1(IDENTITY, payment_id="77001", division="AAA", generation=generation, kind="T")


@pytest.mark.parametrize(("unsure_before", "asked"), [(NOW, True), (NOW - timedelta(days=1), False)])
def test_a_refused_posting_may_have_been_let_go_in_the_time_a_store_forgot(
    *, unsure_before: datetime, asked: bool
) -> None:
    refused = posting(
        p.PostingRefused(key1="T1", attempt_id="a", payment_id="77001", step="CtrlBatch", code="X", text="")
    )
    assert tasks(reversed_payment(), {"T1": refused}, unsure_before) == (("T1",) if asked else ())


@pytest.mark.parametrize(("unsure_before", "asked"), [(NOW, True), (NOW - timedelta(days=1), False)])
def test_a_posting_found_absent_may_have_had_a_next_generation_in_the_time_a_store_forgot(
    *, unsure_before: datetime, asked: bool
) -> None:
    absent = p.PostingDoubtResolved(
        key1="T1", payment_id="77001", resolution="absent", voucher="", person="ann", reason="not in M3"
    )
    expected = (next_key(2),) if asked else ()
    assert tasks(reversed_payment(), {"T1": posting(absent)}, unsure_before) == expected


def test_a_held_posting_is_given_up_and_after_a_restore_looked_for_as_well() -> None:
    held = posting(p.PostingHeld(payment_id="77001", reason="PAYMENT_STOP", detail=""))
    plainly = decide_reversal(reversed_payment(), {"T1": held}, rules())
    restored = decide_reversal(reversed_payment(), {"T1": held}, rules(), unsure_before=NOW)
    for result, tasks in ((plainly, ()), (restored, ("T1",))):
        (fact,) = result.payment
        assert isinstance(fact, e.PaymentReversalPlanned)
        assert (fact.abandoned, fact.tasks) == (("T1",), tasks)


def test_a_booked_posting_without_a_plan_is_a_broken_history() -> None:
    broken = fold_posting(recorded([p.PostingConfirmed(key1="T1", payment_id="77001", rows=())]))
    with pytest.raises(ValueError, match="has a plan"):
        decide_reversal(reversed_payment(), {"T1": broken}, rules(void_interface="AVXVOID"))


def test_a_posting_the_store_may_have_forgotten_is_not_given_up() -> None:
    (fact,) = decide_reversal(reversed_payment(), {"T1": posting()}, rules(), unsure_before=NOW).payment
    assert isinstance(fact, e.PaymentReversalHeld)
    assert fact.waits_for == keys.posting("T1")
    assert decide_reversal(reversed_payment(), {"T1": BOOKED}, rules(), unsure_before=NOW).payment


def test_a_reversal_has_a_queued_posting_looked_at_that_a_restored_store_may_have_handed_over() -> None:
    """Seed 1031674: the reversal slept behind it for ever."""
    held = p.PostingHeld(
        key1="T1", payment_id="77001", reason="FIRST_POSTING", detail="T0 goes first", waits_for=keys.FIRST_POSTING
    )
    queued = posting(held)
    result = decide_reversal(reversed_payment(), {"T1": queued}, rules(), unsure_before=NOW)
    (fact,) = result.payment
    ((released, why),) = result.released
    assert isinstance(fact, e.PaymentReversalHeld)
    assert (released, why.payment_id) == ("T1", "77001")
    again = decide_reversal(reversed_payment(fact), {"T1": posting(held, why)}, rules(), unsure_before=NOW)
    assert again == ReversalPlan(), "it is released once"
    assert decide_reversal(reversed_payment(fact), {"T1": queued}, rules(), unsure_before=NOW).released
    assert [key for key, _ in decide_reversal(reversed_payment(), {"T1": queued}, rules()).abandoned] == ["T1"]
