"""A payment's state, folded from its stream; what became of its money is folded from its postings."""

from collections.abc import Iterable

import msgspec

from domain.event import Recorded
from domain.payments import events as e


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """content: the newest report; settled: the content postings are planned from (None while not settled).

    phase: open | settled | held | planned | ignored | unknown | reversed.
    reversal: what was planned about the reversal, None while nothing was; by_hand: a person reversed it in M3.
    """

    version: int = 0
    content: e.PaymentContent | None = None
    settled: e.PaymentContent | None = None
    phase: str = "open"
    reason: str = ""
    waits_for: str | None = None
    generation: int = 0
    legs: tuple[e.Leg, ...] = ()
    is_reversed: bool = False
    reversal: e.PaymentReversalPlanned | None = None
    by_hand: bool = False
    replaced_by: str = ""
    card_number_dropped: bool = False


def evolve(state: Payment, recorded: Recorded) -> Payment:
    """Fold one event in."""
    return msgspec.structs.replace(_evolve(state, recorded.event), version=recorded.version)


def fold(history: Iterable[Recorded]) -> Payment:
    """Fold a history."""
    state = Payment()
    for recorded in history:
        state = evolve(state, recorded)
    return state


def _evolve(state: Payment, event: object) -> Payment:
    replace = msgspec.structs.replace
    match event:
        case e.PaymentReported(content=content):
            return replace(state, content=content, phase="open")
        case e.PaymentSettled(content=content):
            return replace(state, content=content, settled=content, phase="settled", reason="", waits_for=None)
        case e.PaymentStatusUnknown(content=content, field=field):
            if (
                state.phase == "planned" or state.legs
            ):  # what is planned goes on, and what a person holds of it stays held; the word is raised
                return replace(state, content=content, reason=state.reason or field)
            return replace(state, content=content, phase="unknown", reason=field)
        case e.PaymentChangedAfterSettling(content=content) | e.PaymentCleared(content=content):
            return replace(state, content=content)
        case e.PaymentReversed(content=content):
            return replace(state, content=content, phase="reversed", is_reversed=True, reversal=None, by_hand=False)
        case e.PaymentReplaced(by_payment_id=by):
            return replace(state, replaced_by=by)
        case e.PaymentCardNumberDropped():
            return replace(state, card_number_dropped=True)
        case _:
            return _evolve_our_work(state, event)


def _evolve_our_work(state: Payment, event: object) -> Payment:
    replace = msgspec.structs.replace
    match event:
        case e.PaymentHeld(reason=reason, waits_for=waits_for):
            return replace(state, phase="held", reason=reason, waits_for=waits_for)
        case e.PaymentIgnored():
            return replace(state, phase="ignored")
        case e.PaymentPostingOrdered():
            phase = "settled" if state.phase in ("held", "planned") else state.phase
            return replace(state, phase=phase, reason="", waits_for=None)
        case e.PaymentPostingsPlanned(generation=generation, legs=legs):
            return replace(state, phase="planned", generation=generation, legs=legs, reason="", waits_for=None)
        case e.PaymentReversalHeld(waits_for=waits_for):
            return replace(state, waits_for=waits_for)
        case e.PaymentReversalPlanned():
            return replace(state, reversal=event)
        case e.ReversalDoneByHand():
            return replace(state, by_hand=True)
        case _:
            return state
