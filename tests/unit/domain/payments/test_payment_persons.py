from collections.abc import Callable

import pytest

from domain.errors import RefusedError
from domain.event import Event
from domain.payments import events as e
from domain.payments.payment import Payment, fold
from domain.payments.persons import decide_found_absent, decide_posting_order, decide_reversal_done
from domain.payments.reporting import decide_report
from domain.postings.posting import Posting
from tests.support.history import given
from tests.support.payments_world import payment, usd

SETTLED = e.PaymentSettled(content=payment())
HELD = e.PaymentHeld(payment_id="77001", reason="NUMBER_MISSING", detail="no number")
PLANNED = e.PaymentPostingsPlanned(
    payment_id="77001", generation=1, legs=(e.Leg(division="AAA", posting="T1", net=usd("1570.00")),)
)
REVERSED = e.PaymentReversed(content=payment(status="Void", standing="reversed"), kind="Void")
ORDERED = e.PaymentPostingOrdered(payment_id="77001", person="ann", reason="number is there")


def task(*tasks: str) -> e.PaymentReversalPlanned:
    return e.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=(), tasks=tasks)


def order(state: Payment, phase: str = "confirmed") -> tuple[Event, ...]:
    return decide_posting_order(state, {"T1": Posting(phase=phase)}, person="ann", reason="number is there")


def test_a_held_payment_is_ordered_again() -> None:
    given([SETTLED, HELD], fold=fold).when(order).then([ORDERED])


def test_a_payment_of_which_a_posting_was_found_absent_is_held_until_it_is_ordered_again() -> None:
    def found_absent(key1: str) -> Callable[[Payment], tuple[Event, ...]]:
        return lambda state: decide_found_absent(state, key1)

    (held,) = given([SETTLED, PLANNED], fold=fold).when(found_absent("T1")).events
    assert isinstance(held, e.PaymentHeld)
    assert (held.reason, held.waits_for) == ("FOUND_ABSENT", None)
    given([SETTLED, PLANNED, held], fold=fold).when(lambda state: order(state, "settled_absent")).then([ORDERED])
    given([SETTLED, PLANNED, held], fold=fold).when(found_absent("T1")).then_nothing()
    given([SETTLED, PLANNED, REVERSED], fold=fold).when(found_absent("T1")).then_nothing()
    given([SETTLED, PLANNED], fold=fold).when(found_absent("R1")).then_nothing()
    given([], fold=fold).when(found_absent("T1")).then_nothing()


def test_a_payment_held_for_what_was_absent_stays_held_whatever_word_avidxchange_uses_meanwhile() -> None:
    (held,) = given([SETTLED, PLANNED], fold=fold).when(lambda state: decide_found_absent(state, "T1")).events
    odd = e.PaymentStatusUnknown(content=payment(status="Odd", standing="unknown"), field="status")
    past = given([SETTLED, PLANNED, held, odd], fold=fold)
    assert (past.state.phase, past.state.reason) == ("held", "FOUND_ABSENT")
    cleared = past.when(lambda state: decide_report(state, payment())).then([e.PaymentCleared(content=payment())])
    assert order(cleared.state, "settled_absent") == (ORDERED,)


def test_a_leg_that_a_person_proved_absent_is_ordered_again() -> None:
    given([SETTLED, PLANNED], fold=fold).when(lambda state: order(state, "settled_absent")).then([ORDERED])


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([], "NOTHING_TO_RETRY"),
        ([SETTLED, PLANNED], "NOTHING_TO_RETRY"),
        ([SETTLED], "NOTHING_TO_RETRY"),
        ([SETTLED, HELD, REVERSED], "REVERSED"),
    ],
)
def test_a_payment_that_needs_no_order_refuses_it(events: list[Event], code: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        given(events, fold=fold).when(order)

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("events", "phase", "why"),
    [
        ([SETTLED, PLANNED], "waits", "M3 holds the payment and has not booked it"),
        ([SETTLED, PLANNED], "desk", "nobody knows whether M3 booked the payment"),
        ([SETTLED, PLANNED], "confirmed", "the payment is posted"),
        ([SETTLED, PLANNED], "started", "its postings are on their way"),
        ([SETTLED], "", "the payment is settled"),
        ([e.PaymentStatusUnknown(content=payment(), field="method")], "", "the method of the payment is not known"),
        ([e.PaymentReported(content=payment(standing="open"))], "", "the payment is not settled yet"),
    ],
)
def test_why_a_payment_needs_no_order_is_said_by_what_became_of_it(events: list[Event], phase: str, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        order(given(events, fold=fold).state, phase)


def test_a_person_says_that_a_reversal_was_done_by_hand() -> None:
    outcome = given([SETTLED, PLANNED, REVERSED, task("T1")], fold=fold).when(
        lambda state: decide_reversal_done(state, person="ann", reason="voucher 9")
    )

    outcome.then([e.ReversalDoneByHand(payment_id="77001", person="ann", reason="voucher 9")])


@pytest.mark.parametrize(
    "events",
    [
        [],
        [SETTLED],
        [SETTLED, REVERSED, task()],
        [SETTLED, REVERSED, task("T1"), e.ReversalDoneByHand(payment_id="77001", person="bob", reason="did it")],
    ],
)
def test_without_such_a_task_nothing_is_recorded(events: list[Event]) -> None:
    with pytest.raises(RefusedError, match="no reversal"):
        given(events, fold=fold).when(lambda state: decide_reversal_done(state, person="ann", reason="x"))
