"""Where a poll stands, for `sync-status`: when it is due, and in one sentence why it is not running."""

from datetime import datetime, timedelta

import msgspec

from domain.connections.connection import Connection
from domain.ports.store import PollRow
from tieout.schedule.gate import may_start, shown
from tieout.schedule.plan import Plan

TAKEN_WITHIN = timedelta(minutes=1)  # a running process takes a due poll in seconds


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One poll now; held_since: of its claim.

    state: polling, removed, paused, undeclared, blackout, failing, due or waiting.
    """

    state: str
    why: str
    next_due_at: datetime
    held_since: datetime | None = None


def standing(row: PollRow, *, state: Connection, plan: Plan | None, lease: timedelta | None, now: datetime) -> Standing:
    """Judge a poll's row. plan, lease (of a claim): None when the connection is no longer declared."""
    since = row.claimed_until - lease if row.claimed_until and lease else None
    found, why = _judged(row, state=state, plan=plan, since=since, now=now)
    if found != "polling" and row.claimed_by:
        why += f" ({row.claimed_by} took it{_at('at', since)} and never came back)"
    return Standing(
        state=found, why=why, next_due_at=next_due_at(row, state=state, plan=plan, now=now), held_since=since
    )


def _judged(
    row: PollRow, *, state: Connection, plan: Plan | None, since: datetime | None, now: datetime
) -> tuple[str, str]:
    if row.claimed_by and row.claimed_until and row.claimed_until > now:
        return "polling", f"{row.claimed_by} is polling it{_at('since', since)}"
    held_back = may_start(f"poll_{row.flow}", state=state, plan=plan, now=now)
    if state.removed:
        return "removed", held_back
    if state.is_paused(now):
        return "paused", held_back
    if plan is None:
        return "undeclared", "its connection is not declared in the settings: no process polls it"
    due = next_due_at(row, state=state, plan=plan, now=now)
    if row.attempts:
        when = f"next try at {shown(due)}" if due > now else "the next try is due"
        ended = f", {held_back}" if held_back else ""
        return "failing", f"failed {_times(row.attempts)}, {when}{ended}: {row.last_error}"
    if held_back:
        return "blackout", held_back
    if due > now:
        return "waiting", f"waits for its schedule, next at {shown(due)}"
    if now - row.next_poll_at < TAKEN_WITHIN:
        return "due", "is due and about to be taken"
    asks = "is `tieout run`, or a relay with workers, running?"
    return "due", f"due since {shown(row.next_poll_at)} and no process took it: {asks}"


def next_due_at(row: PollRow, *, state: Connection, plan: Plan | None, now: datetime) -> datetime:
    """Give when the poll may start: not before a pause that ends by itself, nor within a blackout."""
    due = row.next_poll_at
    if state.is_paused(now) and state.paused_until is not None:
        due = max(due, state.paused_until)
    start = max(due, now)
    return plan.blackout.free_from(start) if plan is not None and plan.blackout.covers(start) else due


def _at(word: str, moment: datetime | None) -> str:
    return f" {word} {shown(moment)}" if moment else ""


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times in a row"
