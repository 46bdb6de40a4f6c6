"""The library's recorders work on our tables, and a position is never used twice."""

from pathlib import Path
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking

from tests.unit.adapters.eventlog.sqlite_files import RELEASED, append, file_of, fresh


def test_the_librarys_own_calls_read_and_write_the_log(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        recorder, stream = file_of(store).events, uuid4()
        events = [StoredEvent(stream, version, f"topic-{version}", b"{}") for version in (1, 2, 3)]
        assert recorder.insert_events(events) == [1, 2, 3]
        assert recorder.select_events(stream, gt=1) == events[1:]
        assert [n.id for n in recorder.select_notifications(1, 10, inclusive_of_start=False)] == [2, 3]
        assert [n.id for n in recorder.select_notifications(1, 1)] == [1]
        assert [n.id for n in recorder.select_notifications(None, 10, stop=2)] == [1, 2]
        assert [n.topic for n in recorder.select_notifications(None, 10, topics=["topic-2"])] == ["topic-2"]
        assert recorder.max_notification_id() == 3
        with pytest.raises(IntegrityError):
            recorder.insert_events(events[:1])


def test_a_position_is_not_used_again_after_the_tail_was_cut(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        for _ in range(3):
            append(store, RELEASED)
        with store.database.writing() as cursor:
            cursor.execute("DELETE FROM stored_events WHERE position > 1")
        append(store, RELEASED)
        assert [entry.position for entry in store.log.read(after=0, limit=10)] == [1, 4]


def test_positions_survive_a_vacuum(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        for _ in range(3):
            append(store, RELEASED)
        with store.database.writing() as cursor:
            cursor.execute("DELETE FROM stored_events WHERE position = 2")
        connection = file_of(store).datastore.pool.get_connection()
        connection.cursor().execute("VACUUM")
        file_of(store).datastore.pool.put_connection(connection)
        assert [entry.position for entry in store.log.read(after=0, limit=10)] == [1, 3]


def test_every_reader_of_the_log_keeps_a_position_that_only_grows(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        positions = file_of(store).positions
        positions.insert_tracking(Tracking("invoices", 5))
        assert positions.max_tracking_id("invoices") == 5
        assert positions.max_tracking_id("payments") is None
        with pytest.raises(IntegrityError):
            positions.insert_tracking(Tracking("invoices", 5))
        positions.create_table()
        assert positions.max_tracking_id("invoices") == 5


def test_nothing_but_the_five_columns_stands_in_the_event_table(tmp_path: Path) -> None:
    with fresh(tmp_path) as store, store.database.reading() as cursor:
        cursor.execute("SELECT name FROM pragma_table_info('stored_events')")
        columns = [row["name"] for row in cursor.fetchall()]
    assert columns == ["position", "originator_id", "originator_version", "topic", "state"]
