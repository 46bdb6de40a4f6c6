"""What a person may order for a payment: plan its postings again, or say that a reversal was done by hand."""

from collections.abc import Mapping

from domain.errors import RefusedError
from domain.event import Event
from domain.payments.events import PaymentHeld, PaymentPostingOrdered, ReversalDoneByHand
from domain.payments.payment import Payment
from domain.postings.posting import BOOKED, Posting


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
    raise RefusedError(f"{_why_nothing(state, postings)}: there is nothing to order again", code="NOTHING_TO_RETRY")


def _why_nothing(state: Payment, postings: Mapping[str, Posting]) -> str:
    """Say where the payment stands: planned says nothing to a person while its postings are on their way."""
    standing = {
        "open": "the payment is not settled yet",
        "ignored": "the payment pays none of our invoices",
        "unknown": f"the {state.reason} of the payment is not known",
    }
    if state.phase != "planned":
        return standing.get(state.phase, f"the payment is {state.phase}")
    phases = {postings[leg.posting].phase for leg in state.legs}
    if "waits" in phases:
        return "M3 holds the payment and has not booked it (GLS037, GLS047), which tieout looks up by itself"
    if "desk" in phases:
        return "nobody knows whether M3 booked the payment, which `tieout doubt resolve` settles"
    if phases <= BOOKED:
        return "the payment is posted"
    return "its postings are on their way"


def decide_found_absent(state: Payment, key1: str) -> tuple[Event, ...]:
    """Hold a payment of which a person found a posting absent: only a person's order plans that one anew."""
    if state.content is None or state.phase != "planned" or key1 not in {leg.posting for leg in state.legs}:
        return ()
    payment_id = state.content.payment_id
    detail = f"posting {key1} was found absent in M3: `tieout resend {payment_id}` posts it again, after looking there"
    return (PaymentHeld(payment_id=payment_id, reason="FOUND_ABSENT", detail=detail),)


def decide_reversal_done(state: Payment, *, person: str, reason: str) -> tuple[Event, ...]:
    """Record that a person reversed the payment's postings in M3. Raises RefusedError when there is no such task."""
    if state.content is None or state.reversal is None or not state.reversal.tasks or state.by_hand:
        raise RefusedError("no reversal of the payment waits for a person", code="NO_TASK")
    return (ReversalDoneByHand(payment_id=state.content.payment_id, person=person, reason=reason),)
