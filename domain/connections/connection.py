"""A connection's state: paused or removed or neither, until when its log is no proof, which posting goes first."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from domain.connections import events as e
from domain.event import Recorded
from domain.identifiers import PinnedIdentity


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """Folded from the connection's stream; `paused_until` None while paused means until a person resumes it.

    first_went_back_at: the earliest moment it went back at, or was set back to as a person said: what was recorded by
    then is none of what it forgot; held_until: the end of the last hold after the store went back; sought:
    AvidXchange's invoices were read again since; forgotten: ExternalIds live there that this store forgot; removed_at:
    None unless a person removed it and nobody has added it again; added_again_at: when it was taken up again last
    without the word that nothing was booked by hand meanwhile, None when it never was; added_again_before: the same,
    of the times before the last one.
    """

    version: int = 0
    name: str = ""
    identity: PinnedIdentity | None = None
    divisions: tuple[str, ...] = ()
    fingerprints: tuple[tuple[str, str], ...] = ()
    paused: bool = False
    paused_until: datetime | None = None
    paused_by: str = ""
    pause_reason: str = ""
    removed_at: datetime | None = None
    removed_by: str = ""
    removal_reason: str = ""
    added_again_at: datetime | None = None
    added_again_before: datetime | None = None
    went_back_at: datetime | None = None
    first_went_back_at: datetime | None = None
    held_until: datetime | None = None
    sought: bool = False
    forgotten: tuple[str, ...] = ()
    first_posting: str = ""
    first_posting_approved: bool = False
    settings_digest: str = ""
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def removed(self) -> bool:
        """Whether a person removed it: nothing is polled, looked up or sent."""
        return self.removed_at is not None

    @property
    def unsought(self) -> bool:
        """Whether the store went back and may still have forgotten invoices that AvidXchange holds."""
        return self.went_back_at is not None and not self.sought

    @property
    def unsure_before(self) -> datetime | None:
        """Before when a payment may have been booked without a word of it in this log; None when it never could.

        A store that went back forgot what it booked; while a connection is removed, people book by hand.
        """
        return max((at for at in (self.went_back_at, self.added_again_at) if at is not None), default=None)

    @property
    def unsure_because(self) -> str:
        """Why a payment may have been booked without a word of it in this log, "" when it never could."""
        went_back = "the store went back in time" if self.went_back_at is not None else ""
        by_hand = "the connection was removed for a while" if self.added_again_at is not None else ""
        return " and ".join(reason for reason in (went_back, by_hand) if reason)

    def is_paused(self, now: datetime) -> bool:
        """Whether nothing may be polled or sent now."""
        return self.paused and (self.paused_until is None or now < self.paused_until)


def evolve(state: Connection, recorded: Recorded) -> Connection:
    """Fold one event in."""
    changed = _evolve(state, recorded)
    return msgspec.structs.replace(changed, version=recorded.version)


def fold(history: Iterable[Recorded]) -> Connection:
    """Fold a history."""
    state = Connection()
    for recorded in history:
        state = evolve(state, recorded)
    return state


def _evolve(state: Connection, recorded: Recorded) -> Connection:
    replace = msgspec.structs.replace
    match recorded.event:
        case e.ConnectionAdded(name=name, identity=identity, divisions=divisions):
            again = _taken_up(state, recorded.meta.recorded_at) if state.removed else state
            return replace(again, name=name, identity=identity, divisions=divisions)
        case (
            e.CredentialsImported(system=system, fingerprint=mark)
            | e.CredentialsRotated(system=system, fingerprint=mark)
        ):
            kept = tuple(pair for pair in state.fingerprints if pair[0] != system)
            return replace(state, fingerprints=(*kept, (system, mark)))
        case e.ConnectionPaused(until=until, reason=reason, person=person):
            return replace(state, paused=True, paused_until=until, paused_by=person, pause_reason=reason)
        case e.ConnectionResumed():
            return replace(state, paused=False, paused_until=None, paused_by="", pause_reason="")
        case e.ConnectionRemoved(person=person, reason=reason):
            ended = replace(state, fingerprints=(), paused=False, paused_until=None, paused_by="", pause_reason="")
            return replace(ended, removed_at=recorded.meta.recorded_at, removed_by=person, removal_reason=reason)
        case e.NothingBookedByHand():
            return replace(state, added_again_at=state.added_again_before)
        case e.StoreWentBack(noticed_at=noticed_at, hold_until=until):
            first = state.first_went_back_at or noticed_at
            return replace(state, went_back_at=noticed_at, first_went_back_at=first, held_until=until, sought=False)
        case e.RestorePointDeclared(set_back_to=moment):
            return replace(state, first_went_back_at=min(moment, state.first_went_back_at or moment))
        case e.ForgottenInvoicesSought(forgotten=forgotten, complete=complete):
            return replace(state, forgotten=forgotten, sought=state.sought or complete)
        case e.FirstPostingChosen(posting=posting):
            return replace(state, first_posting=posting)
        case e.FirstPostingApproved():
            return replace(state, first_posting_approved=True)
        case e.SettingsChanged(digest=digest, settings=settings):
            return replace(state, settings_digest=digest, settings=settings)
        case _:
            return state


def _taken_up(state: Connection, at: datetime) -> Connection:
    """Before it was removed its log was the only proof, unless it was removed before that."""
    kept = state.added_again_at
    return msgspec.structs.replace(
        state, removed_at=None, removed_by="", removal_reason="", added_again_at=at, added_again_before=kept
    )
