"""What a person may order for a posting: let it go (again), or settle what became of it in M3."""

from datetime import datetime, timedelta

from domain import keys
from domain.errors import RefusedError
from domain.event import Event
from domain.postings.events import PostingDoubtResolved, PostingReleased
from domain.postings.posting import BEFORE_HANDOVER, ENDED, Posting

POSTED = "posted"
POSTED_BY_HAND = "posted-by-hand"
ABSENT = "absent"
BY_HAND = frozenset({"TASK", "LEG_NOT_POSITIVE"})  # held because a person books it


def is_unbooked_reversal(state: Posting) -> bool:
    """Whether a person found a reversal absent: what it should take back still stands in M3, and is theirs to do."""
    return state.plan is not None and state.plan.kind == "R" and state.phase == "settled_absent"


def waits_for_a_person(state: Posting) -> bool:
    """Whether it goes nowhere by itself: held, refused, or queued for a reversal that came to nothing."""
    behind = state.phase == "queued" and (state.waits_for or "").startswith(keys.taken_back(""))
    return behind or state.phase in ("held", "refused")


def decide_release(state: Posting, *, person: str, reason: str) -> tuple[Event, ...]:
    """Let a held or refused posting go (again): the same KEY1, the same frozen lines.

    One that queues for a reversal which came to nothing goes too: a person may have taken the voucher back in M3.

    Raises RefusedError when there is nothing to let go.
    """
    if is_unbooked_reversal(state):
        text = "a person takes the voucher back in M3 and then says so: `tieout issue resolve ISSUE --voucher V`"
        raise RefusedError(text, code="BY_HAND")
    if state.plan is None or not waits_for_a_person(state):
        text = f"the posting is {state.phase.replace('_', ' ') or 'unknown'}: there is nothing to try again"
        raise RefusedError(text, code="NOTHING_TO_RETRY")
    if state.reason in BY_HAND and state.phase == "held":
        text = "a person books it in M3 and then says so: `tieout doubt resolve … --as posted-by-hand --voucher V`"
        raise RefusedError(text, code="BY_HAND")
    return (PostingReleased(payment_id=state.plan.payment_id, why=f"{person}: {reason}"),)


def decide_resolution(
    state: Posting,
    *,
    resolution: str,
    voucher: str,
    person: str,
    reason: str,
    now: datetime,
    settle: timedelta,
) -> tuple[Event, ...]:
    """Settle a posting by a person's word: posted, posted-by-hand (with its voucher) or absent.

    A reversal that was found absent is settled once more, as posted-by-hand.

    now: by the store's clock; settle: Infor's settle window, before whose end a late UpdBatch may still land.
    Raises RefusedError when the word does not fit the posting or comes too early.
    """
    by_hand_after_all = is_unbooked_reversal(state) and resolution == POSTED_BY_HAND
    if state.plan is None or (state.phase in (*(ENDED - {"refused"}), "") and not by_hand_after_all):
        raise RefusedError(f"the posting is {state.phase or 'unknown'}: nothing is in doubt", code="NOT_IN_DOUBT")
    if resolution not in (POSTED, POSTED_BY_HAND, ABSENT):
        text = f"a posting's doubt is resolved as posted, posted-by-hand or absent, not {resolution}"
        raise RefusedError(text, code="RESOLUTION")
    if resolution == POSTED_BY_HAND and not voucher:
        raise RefusedError("posted-by-hand needs the voucher: --voucher V", code="VOUCHER")
    if state.phase in ("held", "refused"):
        if resolution != POSTED_BY_HAND:
            text = "the posting was never handed over: it can only have been posted by hand"
            raise RefusedError(text, code="RESOLUTION")
    elif state.phase in BEFORE_HANDOVER:
        text = "the posting is not handed over yet: it looks and goes on by itself"
        raise RefusedError(text, code="NOT_IN_DOUBT")
    early = state.deadline + settle if state.deadline is not None else now
    if now < early:
        text = f"the last call may still arrive until {early.isoformat(timespec='seconds')}: resolve it then"
        raise RefusedError(text, code="TOO_EARLY")
    return (
        PostingDoubtResolved(
            key1=state.plan.key1,
            payment_id=state.plan.payment_id,
            resolution=resolution,
            voucher=voucher,
            person=person,
            reason=reason,
        ),
    )
