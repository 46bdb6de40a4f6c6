"""Removing a connection: what must be over before, and the sentence everybody is told after."""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.connections.connection import Connection
from domain.connections.events import ConnectionRemoved
from domain.errors import RefusedError

NAMED = 5  # records a refusal names; the others are counted


def decide_removed(
    state: Connection,
    *,
    person: str,
    reason: str,
    now: datetime,
    unsettled: Sequence[str],
    in_hand: Sequence[str],
) -> tuple[ConnectionRemoved, ...]:
    """End a connection; nothing when it was removed already.

    unsettled: records with a write on its way or of unknown outcome; in_hand: errands and polls at work now. Raises
    RefusedError while there are any, when it is not paused, was never added, or no reason is given.
    """
    if state.identity is None:
        raise RefusedError("the connection was never added: there is nothing to remove", code="UNKNOWN")
    if state.removed:
        return ()
    if not reason.strip():
        raise RefusedError("a removal needs a reason, for the auditor", code="NO_REASON")
    if unsettled:
        text = f"{state.name} is not removed: nobody knows yet what becomes of {_named(unsettled)}"
        mend = "let tieout run until `tieout doubts` and `tieout payments` show them settled, or settle them by hand"
        raise RefusedError(f"{text}; {mend}", code="UNSETTLED")
    if not state.is_paused(now):
        text = f"{state.name} is not removed while it runs"
        raise RefusedError(f"{text}: `tieout connection pause {state.name}` first", code="NOT_PAUSED")
    if in_hand:
        text = f"{state.name} is not removed while {_named(in_hand)} is at work"
        raise RefusedError(f"{text}: wait for its end, it begins nothing new while it is paused", code="IN_HAND")
    return (ConnectionRemoved(person=person, reason=reason),)


def check_not_removed(state: Connection) -> None:
    """Raise RefusedError when the connection was removed."""
    if state.removed:
        raise RefusedError(removed_words(state), code="REMOVED")


def removed_words(state: Connection) -> str:
    """Say who removed a connection, when and why, and how it would be taken up again."""
    at = f" on {state.removed_at.astimezone(UTC):%Y-%m-%d}" if state.removed_at else ""
    again = f"`tieout connection add {state.name} --ionapi FILE` takes it up again"
    return f"connection {state.name!r} was removed{at} by {state.removed_by} ({state.removal_reason}); {again}"


def _named(records: Sequence[str]) -> str:
    more = len(records) - NAMED
    return ", ".join(records[:NAMED]) + (f" and {more} more" if more > 0 else "")
