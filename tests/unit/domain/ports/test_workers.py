"""Who counts as alive: whoever was seen within three beats."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.ports.workers import BEAT, WorkerRow

SEEN = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "alive"),
    [
        (timedelta(0), True),
        (3 * BEAT, True),
        (3 * BEAT + timedelta(milliseconds=1), False),
        (timedelta(days=1), False),
        (-timedelta(seconds=5), True),  # the store's clock was set back meanwhile
    ],
)
def test_a_process_is_alive_for_three_beats(since: timedelta, alive: bool) -> None:  # noqa: FBT001 (a row of the table)
    row = WorkerRow(name="pod-1:7", role="worker", started_at=SEEN, seen_at=SEEN, clock_offset_ms=0)
    assert row.is_alive(SEEN + since) is alive
