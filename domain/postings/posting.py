"""A posting's state, folded from its stream: how far the chain came, and what is known of the handover."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from domain.event import Recorded
from domain.postings import events as e

BEFORE_HANDOVER = frozenset({"planned", "held", "started", "doubted", "not_sent"})
ENDED = frozenset({"confirmed", "refused", "abandoned", "settled_posted", "settled_absent"})
BOOKED = frozenset({"confirmed", "settled_posted"})


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """How far the chain came.

    phase, before the handover: planned | held | started | not_sent | doubted; after it: handing_over |
    handed_over | handover_not_sent | handover_doubted | waits | desk; ended: confirmed | refused | abandoned |
    settled_posted | settled_absent. handed_over_at: when the first handover intent was recorded;
    look_at: when the next look is due; unknown_codes: refusals in a row with a code we do not know.
    """

    version: int = 0
    plan: e.PostingPlan | None = None
    planned_at: datetime | None = None
    phase: str = ""
    reason: str = ""
    attempt: int = 0
    attempt_id: str = ""
    deadline: datetime | None = None
    look_at: datetime | None = None
    incarnation: UUID | None = None
    parms: tuple[str, ...] = ()
    head_done: bool = False
    lines_done: bool = False
    checked: bool = False
    handover: int = 0
    handed_over_at: datetime | None = None
    accepted: bool = False
    unknown_codes: int = 0
    rows: tuple[e.EvidenceRow, ...] = ()

    @property
    def before_handover(self) -> bool:
        """Whether nothing was ever handed over."""
        return self.phase in BEFORE_HANDOVER

    @property
    def ended(self) -> bool:
        """Whether it is no longer in flight."""
        return self.phase in ENDED

    @property
    def booked(self) -> bool:
        """Whether Infor holds it, by evidence or by a person's word."""
        return self.phase in BOOKED


def evolve(state: Posting, recorded: Recorded) -> Posting:
    """Fold one event in."""
    changed = _evolve_chain(state, recorded)
    return msgspec.structs.replace(changed, version=recorded.version)


def fold(history: Iterable[Recorded]) -> Posting:
    """Fold a history."""
    state = Posting()
    for recorded in history:
        state = evolve(state, recorded)
    return state


def _evolve_chain(state: Posting, recorded: Recorded) -> Posting:
    replace = msgspec.structs.replace
    match recorded.event:
        case e.PostingPlanned(plan=plan):
            return replace(state, plan=plan, phase="planned", planned_at=recorded.meta.recorded_at)
        case e.PostingHeld(reason=reason):
            return replace(state, phase="held", reason=reason)
        case e.PostingReleased():
            return replace(state, phase="planned", reason="", unknown_codes=0)
        case e.PostingStarted() as started:
            return replace(
                state,
                phase="started",
                attempt=started.attempt,
                attempt_id=started.attempt_id,
                deadline=started.deadline,
                look_at=started.look_at,
                incarnation=started.incarnation,
                parms=started.parms,
            )
        case e.PostingStepTaken(step=step):
            return _step_taken(state, step)
        case e.PostingNotSent(after_handover=after, retry_at=retry_at, why=why, unknown_code=unknown):
            phase = "handover_not_sent" if after else "not_sent"
            tries = state.unknown_codes + int(unknown)
            return replace(state, phase=phase, look_at=retry_at, unknown_codes=tries, reason=why)
        case e.PostingRefused(code=code):
            return replace(state, phase="refused", reason=code)
        case e.PostingAbandoned(why=why):
            return replace(state, phase="abandoned", reason=why)
        case _:
            return _evolve_handover(state, recorded)


def _step_taken(state: Posting, step: str) -> Posting:
    replace = msgspec.structs.replace
    if step == "AddBatchHead":
        return replace(state, head_done=True, unknown_codes=0)
    if step == "AddBatchLine":
        return replace(state, lines_done=True, unknown_codes=0)
    return replace(state, checked=True, unknown_codes=0)


def _evolve_handover(state: Posting, recorded: Recorded) -> Posting:
    replace = msgspec.structs.replace
    match recorded.event:
        case e.PostingHandoverStarted() as started:
            return replace(
                state,
                phase="handing_over",
                attempt_id=started.attempt_id,
                deadline=started.deadline,
                look_at=started.look_at,
                incarnation=started.incarnation,
                handover=started.handover,
                handed_over_at=state.handed_over_at or recorded.meta.recorded_at,
            )
        case e.PostingHandedOver(look_at=look_at):
            return replace(state, phase="handed_over", accepted=True, look_at=look_at)
        case e.PostingDoubted(after_handover=after, look_at=look_at, why=why):
            handed = state.handed_over_at or (recorded.meta.recorded_at if after else None)
            phase = "handover_doubted" if after else "doubted"
            return replace(state, phase=phase, look_at=look_at, reason=why, handed_over_at=handed)
        case e.PostingWaitsInInfor(look_at=look_at, detail=detail):
            return replace(state, phase="waits", look_at=look_at, reason=detail)
        case e.PostingToDesk(why=why):
            return replace(state, phase="desk", reason=why)
        case e.PostingConfirmed(rows=rows):
            return replace(state, phase="confirmed", rows=rows, reason="")
        case e.PostingDoubtResolved(resolution=resolution):
            return replace(state, phase="settled_absent" if resolution == "absent" else "settled_posted")
        case _:
            return state
