"""A posting's state, folded from its stream: how far the chain came, and what is known of the handover."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from domain.event import Recorded
from domain.postings import events as e

BEFORE_HANDOVER = frozenset({"planned", "queued", "held", "started", "doubted", "not_sent"})
STARTABLE = BEFORE_HANDOVER - {"held"}
AT_REST = frozenset({"", "planned", "queued", "held"})  # nothing of it is on its way to Infor
ENDED = frozenset({"confirmed", "refused", "abandoned", "settled_posted", "settled_absent"})
BOOKED = frozenset({"confirmed", "settled_posted"})


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """How far the chain came.

    phase, before the handover: planned | queued (waits for a key) | held (waits for a person) | started | not_sent |
    doubted; after it: handing_over | handed_over | handover_not_sent | handover_doubted | waits | desk; ended:
    confirmed | refused | abandoned | settled_posted | settled_absent.
    handed_over_at: when the first handover intent was recorded; look_at: when the next look is due;
    unknown_codes: refusals in a row with a code we do not know;
    waits_for: the key it is queued for; unsent: handovers that certainly never went out; ended_before: it came to an
    end once, though a person may have let it go again;
    let_go: the reasons it was held for when a person let it go;
    resolution, voucher: a person's word about it; resolved_at: when it was recorded.
    """

    version: int = 0
    plan: e.PostingPlan | None = None
    planned_at: datetime | None = None
    phase: str = ""
    reason: str = ""
    waits_for: str | None = None
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
    unsent: int = 0
    handed_over_at: datetime | None = None
    accepted: bool = False
    unknown_codes: int = 0
    rows: tuple[e.EvidenceRow, ...] = ()
    ended_before: bool = False
    let_go: frozenset[str] = frozenset()
    resolution: str = ""
    voucher: str = ""
    resolved_at: datetime | None = None

    @property
    def startable(self) -> bool:
        """Whether its chain may begin or go on; one that is queued is looked at again when its key opens."""
        return self.phase in STARTABLE

    @property
    def before_handover(self) -> bool:
        """Whether nothing was ever handed over."""
        return self.phase in BEFORE_HANDOVER

    @property
    def ended(self) -> bool:
        """Whether it is no longer in flight."""
        return self.phase in ENDED

    @property
    def under_way(self) -> bool:
        """Whether its chain was begun or handed over, and nobody knows yet what becomes of it."""
        return self.phase not in AT_REST and not self.ended

    @property
    def booked(self) -> bool:
        """Whether Infor holds it, by evidence or by a person's word."""
        return self.phase in BOOKED


def is_absent_since(state: Posting, unsure_before: datetime | None) -> bool:
    """Whether a person found it absent, and after the log was no proof: then of every generation of its payment.

    An older word says nothing of what followed it: the next generation that a store forgot, a voucher booked by hand.
    """
    if state.phase != "settled_absent":
        return False
    return unsure_before is None or (state.resolved_at is not None and state.resolved_at > unsure_before)


def is_forgotten(state: Posting, unsure_before: datetime | None) -> bool:
    """Whether it may be booked without a word in this log: then it counts as handed over, and is only looked up."""
    if state.plan is not None and state.plan.read_back_only:
        return True
    return unsure_before is not None and state.planned_at is not None and state.planned_at <= unsure_before


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
        case e.PostingHeld(reason=reason, waits_for=waits_for):
            return replace(state, phase="queued" if waits_for else "held", reason=reason, waits_for=waits_for)
        case e.PostingReleased():
            let_go = state.let_go | {state.reason}
            return replace(state, phase="planned", reason="", waits_for=None, unknown_codes=0, let_go=let_go)
        case e.PostingStarted() as started:
            return replace(
                state,
                phase="started",
                reason="",
                waits_for=None,
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
            unsent = state.unsent + int(after)
            return replace(state, phase=phase, look_at=retry_at, unknown_codes=tries, reason=why, unsent=unsent)
        case e.PostingRefused(code=code):
            return replace(state, phase="refused", reason=code, ended_before=True)
        case e.PostingAbandoned(why=why):
            return replace(state, phase="abandoned", reason=why, ended_before=True)
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
        case e.PostingDoubtResolved(resolution=resolution, voucher=voucher):
            phase = "settled_absent" if resolution == "absent" else "settled_posted"
            at = recorded.meta.recorded_at
            return replace(
                state, phase=phase, resolution=resolution, voucher=voucher, resolved_at=at, ended_before=True
            )
        case _:
            return state
