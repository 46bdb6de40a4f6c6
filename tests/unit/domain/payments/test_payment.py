from domain.payments import events as e
from domain.payments.payment import fold
from tests.support.payments_world import payment, recorded


def test_a_payment_remembers_what_it_was_reported_as() -> None:
    seen = payment(status="Processing", standing="open")
    assert fold(recorded([e.PaymentReported(content=seen)])).phase == "open"
    assert fold(recorded([e.PaymentStatusUnknown(content=seen, field="status")])).phase == "unknown"


def test_a_cleared_payment_keeps_what_it_was_settled_with() -> None:
    cleared = payment(status="Cleared")
    state = fold(recorded([e.PaymentSettled(content=payment()), e.PaymentCleared(content=cleared)]))
    assert (state.content, state.settled) == (cleared, payment())


def test_a_held_payment_that_a_person_orders_is_settled_again() -> None:
    held = e.PaymentHeld(payment_id="77001", reason="X", detail="", waits_for="k")
    ordered = e.PaymentPostingOrdered(payment_id="77001", person="ann", reason="mended")
    state = fold(recorded([e.PaymentSettled(content=payment()), held, ordered]))
    assert (state.phase, state.waits_for) == ("settled", None)


def test_an_order_does_not_wake_a_reversed_payment() -> None:
    void = payment(status="Void", standing="reversed")
    order = e.PaymentPostingOrdered(payment_id="77001", person="ann", reason="again")
    assert fold(recorded([e.PaymentReversed(content=void, kind="Void"), order])).phase == "reversed"


def test_a_payment_knows_that_it_is_ignored_or_replaced() -> None:
    state = fold(recorded([e.PaymentIgnored(payment_id="77001", detail=""), e.PaymentReplaced(by_payment_id="77002")]))
    assert (state.phase, state.replaced_by) == ("ignored", "77002")
