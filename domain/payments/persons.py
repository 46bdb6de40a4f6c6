"""What a person may order for a payment: plan its postings again, or say that a reversal was done by hand."""

from collections.abc import Mapping

from domain.errors import RefusedError
from domain.event import Event
from domain.payments.events import PaymentPostingOrdered, ReversalDoneByHand
from domain.payments.payment import Payment
from domain.postings.posting import Posting


def decide_posting_order(
    state: Payment, postings: Mapping[str, Posting], *, person: str, reason: str
) -> tuple[Event, ...]:
    """Order a held payment, or one with a leg that a person proved absent, to be planned again.

    postings: of its legs, by KEY1. Raises RefusedError when nothing would come of it.
    """
    if state.content is None:
        raise RefusedError("the payment is unknown", code="NOTHING_TO_RETRY")
    if state.is_reversed:
        raise RefusedError("the payment was reversed at AvidXchange: it is not posted", code="REVERSED")
    absent = any(postings[leg.posting].phase == "settled_absent" for leg in state.legs)
    if state.phase == "held" or (state.phase == "planned" and absent):
        return (PaymentPostingOrdered(payment_id=state.content.payment_id, person=person, reason=reason),)
    raise RefusedError(f"the payment is {state.phase}: there is nothing to order again", code="NOTHING_TO_RETRY")


def decide_reversal_done(state: Payment, *, person: str, reason: str) -> tuple[Event, ...]:
    """Record that a person reversed the payment's postings in M3. Raises RefusedError when there is no such task."""
    if state.content is None or state.reversal is None or not state.reversal.tasks or state.by_hand:
        raise RefusedError("no reversal of the payment waits for a person", code="NO_TASK")
    return (ReversalDoneByHand(payment_id=state.content.payment_id, person=person, reason=reason),)
