"""A store that is missing, locked, full or broken says so in one sentence, and nothing is half done."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.eventlog.schema import create_tables
from adapters.eventlog.sqlite import sqlite_path
from domain.errors import ConflictError, MisconfiguredError, StoreError
from tests.unit.adapters.eventlog.sqlite_files import CONNECTION, NOW, RELEASED, append, create, file_of, fresh, opened


def test_a_missing_store_asks_for_init_and_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    with pytest.raises(MisconfiguredError, match="`tieout init`"):
        opened(path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_our_tables_asks_for_init(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    with pytest.raises(MisconfiguredError, match="`tieout init`"):
        opened(path)


def test_a_store_of_another_version_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "tieout.db"
    create(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE store_state SET schema_version = 7")
    connection.close()
    with pytest.raises(MisconfiguredError, match="version 7"):
        opened(path)


def test_a_store_set_up_halfway_asks_for_init(tmp_path: Path) -> None:
    path = tmp_path / "tieout.db"
    create(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM store_state")
    connection.close()
    with pytest.raises(MisconfiguredError, match="`tieout init`"):
        opened(path)
    create(path)
    opened(path).close()


def test_making_the_tables_twice_keeps_what_is_there(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        stream = append(store, RELEASED)
        incarnation = store.log.incarnation()
        create(file_of(store).path)
        assert store.log.incarnation() == incarnation
        assert len(store.log.load([stream])[stream]) == 1


def test_a_new_store_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    create(tmp_path / "tieout.db")
    assert (tmp_path / "tieout.db").stat().st_mode & 0o077 == 0


def test_a_store_in_a_missing_folder_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="folder"):
        create(tmp_path / "no" / "tieout.db")


def test_something_that_is_no_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(b"Dear Sir or Madam, " * 100)
    with pytest.raises(StoreError, match=r"letter\.txt: the file is no tieout store"):
        opened(path)


@pytest.mark.parametrize(
    "url", ["sqlite:///", "tieout.db", "mysql://ann:pass1234@host:33/x", "postgresql+psycopg://ann:pass1234@host/x"]
)
def test_a_url_of_another_kind_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(MisconfiguredError, match="sqlite") as refusal:
        create_tables(url, now=NOW)
    assert "pass1234" not in str(refusal.value)


def test_a_relative_and_an_absolute_url_are_read() -> None:
    assert sqlite_path("sqlite:///tieout.db") == Path("tieout.db")
    assert sqlite_path("sqlite:////var/tieout.db") == Path("/var/tieout.db")


def test_a_locked_store_says_so_and_goes_on_afterwards(tmp_path: Path) -> None:
    fresh(tmp_path).close()
    with opened(tmp_path / "tieout.db", patience_seconds=0.05) as store:
        other = sqlite3.connect(file_of(store).path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"tieout\.db: the store is locked by another process"):
            append(store, RELEASED)
        assert store.log.last_position() == 0
        other.execute("ROLLBACK")
        other.close()
        append(store, RELEASED)
        assert store.log.last_position() == 1


def test_a_full_store_says_so_and_loses_nothing(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        stream = append(store, RELEASED)
        with store.database.writing() as cursor:
            cursor.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size: no page more
        with pytest.raises(StoreError, match="full"):
            append(store, *[RELEASED] * 200)
        with store.database.reading() as cursor:
            cursor.execute("PRAGMA max_page_count = 100000")
        append(store, RELEASED, stream=stream)
        assert len(store.log.load([stream])[stream]) == 2
        assert store.log.last_position() == 2


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        with store.database.reading() as cursor:
            cursor.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="read-only"):
            append(store, RELEASED)
        with store.database.reading() as cursor:
            cursor.execute("PRAGMA query_only = OFF")


def test_tables_lost_while_open_ask_for_init(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        with store.database.writing() as cursor:
            cursor.execute("DROP TABLE polls")
        with pytest.raises(MisconfiguredError, match="`tieout init`"):
            store.polls.due(NOW)


def test_an_event_written_beside_us_is_a_conflict(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        stream = append(store, RELEASED)
        insert = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, 1, 'x', '')"
        with pytest.raises(ConflictError, match="wrote first"), store.database.writing() as cursor:
            cursor.execute(insert, (stream.hex,))


def test_events_are_synced_to_the_disk_and_the_log_is_a_write_ahead_one(tmp_path: Path) -> None:
    create(tmp_path / "tieout.db")
    with opened(tmp_path / "tieout.db") as store:
        store.work.sweep()
        store.polls.claim("x", connection=CONNECTION, worker="w", lease=timedelta(seconds=1))
        with store.database.writing() as cursor:
            cursor.execute("SELECT synchronous, journal_mode FROM pragma_synchronous, pragma_journal_mode")
            assert tuple(cursor.fetchone()) == (2, "wal")
