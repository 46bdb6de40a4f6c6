"""What sync-status says about a poll: its state, its due time, and the sentence that says why it is not running."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.connections.connection import Connection
from domain.ports.store import PollRow
from tests.unit.tieout.schedule.brute_force import utc
from tieout.schedule.plan import Plan, make_plan
from tieout.schedule.standing import Standing, standing

NOW = utc("2026-06-01T12:30")
LEASE = timedelta(minutes=10)
MINUTE = timedelta(minutes=1)


def plan(*blackout: str) -> Plan:
    return make_plan(timezone="UTC", flows={}, blackout=blackout, jitter=timedelta(0))


def judged(state: Connection | None = None, made: Plan | None = None, **row: Any) -> Standing:
    facts: dict[str, Any] = {
        "connection": UUID(int=1),
        "flow": "invoices",
        "next_poll_at": NOW + MINUTE,
        "every": MINUTE,
    } | row
    return standing(PollRow(**facts), state=state or Connection(), plan=made or plan(), lease=LEASE, now=NOW)


def test_a_poll_between_two_times_waits_for_its_schedule() -> None:
    found = judged()
    assert (found.state, found.why) == ("waiting", "waits for its schedule, next at 2026-06-01T12:31:00Z")
    assert (found.next_due_at, found.held_since) == (NOW + MINUTE, None)


def test_a_next_time_within_a_blackout_is_shown_at_its_end() -> None:
    found = judged(made=plan("12:31-13:00"))
    assert (found.state, found.next_due_at) == ("waiting", utc("2026-06-01T13:00"))
    assert "13:00:00Z" in found.why


def test_a_blackout_is_named_with_its_end() -> None:
    found = judged(made=plan("12:00-13:00"), next_poll_at=NOW - timedelta(hours=2))
    assert (found.state, found.why) == ("blackout", "blackout until 2026-06-01T13:00:00Z")
    assert found.next_due_at == utc("2026-06-01T13:00")


def test_a_pause_is_named_with_who_and_why() -> None:
    state = Connection(paused=True, paused_by="ann", pause_reason="audit", paused_until=NOW + timedelta(hours=2))
    found = judged(state, plan("14:00-15:00"))
    assert (found.state, found.why) == ("paused", "paused by ann until 2026-06-01T14:30:00Z: audit")
    assert found.next_due_at == utc("2026-06-01T15:00")
    endless = judged(Connection(paused=True))
    assert (endless.state, endless.next_due_at) == ("paused", NOW + MINUTE)


def test_a_poll_that_a_removal_left_says_who_removed_its_connection() -> None:
    found = judged(Connection(name="acme", removed_at=NOW, removed_by="ann", removal_reason="sold"), plan())
    assert (found.state, found.why.startswith("connection 'acme' was removed")) == ("removed", True)


def test_a_poll_under_way_names_who_holds_it_since_when() -> None:
    found = judged(claimed_by="pod-1:7", claimed_until=NOW + MINUTE, attempts=1, last_error="gone")
    assert (found.state, found.why) == ("polling", "pod-1:7 is polling it since 2026-06-01T12:21:00Z")
    assert found.held_since == NOW - timedelta(minutes=9)


def test_a_holder_that_never_came_back_is_named() -> None:
    found = judged(claimed_by="pod-1:7", claimed_until=NOW - MINUTE, next_poll_at=NOW - timedelta(minutes=11))
    assert found.state == "due"
    assert found.why.endswith("(pod-1:7 took it at 2026-06-01T12:19:00Z and never came back)")


@pytest.mark.parametrize(
    ("attempts", "next_poll_at", "said"),
    [
        (1, NOW + MINUTE, "failed once, next try at 2026-06-01T12:31:00Z: no answer"),
        (3, NOW + MINUTE, "failed 3 times in a row, next try at 2026-06-01T12:31:00Z: no answer"),
        (2, NOW - MINUTE, "failed 2 times in a row, the next try is due: no answer"),
    ],
)
def test_a_failing_poll_says_how_often_why_and_when_it_is_tried_again(
    attempts: int, next_poll_at: Any, said: str
) -> None:
    found = judged(attempts=attempts, next_poll_at=next_poll_at, last_error="no answer")
    assert (found.state, found.why) == ("failing", said)


def test_a_failing_poll_is_tried_again_only_after_the_blackout() -> None:
    found = judged(made=plan("12:00-13:00"), attempts=1, last_error="no answer")
    said = "failed once, next try at 2026-06-01T13:00:00Z, blackout until 2026-06-01T13:00:00Z: no answer"
    assert (found.state, found.why) == ("failing", said)


def test_a_poll_that_nobody_takes_asks_whether_a_process_runs() -> None:
    fresh = judged(next_poll_at=NOW - timedelta(seconds=5))
    assert (fresh.state, fresh.why) == ("due", "is due and about to be taken")
    stale = judged(next_poll_at=NOW - timedelta(hours=1))
    assert stale.why.startswith("due since 2026-06-01T11:30:00Z and no process took it: is `tieout run`")
    assert stale.next_due_at == NOW - timedelta(hours=1)


def test_a_connection_that_left_the_settings_is_polled_by_nobody() -> None:
    row = PollRow(connection=UUID(int=1), flow="invoices", next_poll_at=NOW, every=MINUTE, claimed_by="w")
    found = standing(row, state=Connection(), plan=None, lease=None, now=NOW)
    assert found.state == "undeclared"
    assert (
        found.why
        == "its connection is not declared in the settings: no process polls it (w took it and never came back)"
    )
