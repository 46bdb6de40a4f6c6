"""An older store is brought to this version as a whole or not at all, and a copy shows the way back."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from adapters.eventlog import migrations
from adapters.eventlog.database import Database
from adapters.eventlog.migrations import STEPS, migrate
from adapters.eventlog.schema import SCHEMA_VERSION, create_tables
from domain.errors import HeldError, MisconfiguredError
from domain.event import Append
from domain.ports.store import MoneyGuard, PollGuard
from tests.support.postgres_server import emptied
from tests.support.waiting import wait_for
from tests.unit.adapters.eventlog.postgres_stores import fresh_on, opened_on
from tests.unit.adapters.eventlog.sqlite_files import CAUSES, RELEASED, SUPPLIER, append, create, opened, url_of

TO_VERSION_2 = ("DROP TABLE workers", "UPDATE store_state SET schema_version = 2")
TO_VERSION_1 = (
    *TO_VERSION_2,
    "ALTER TABLE polls DROP COLUMN claim",
    "UPDATE store_state SET schema_version = 1",
)


def old_file(folder: Path, *back: str) -> Path:
    """Make a store of an older version, by default 1, with two events in it, one with personal data."""
    path = folder / "tieout.db"
    create(path)
    with opened(path) as store:
        append(store, RELEASED)
        append(store, SUPPLIER)
    change(path, *(back or TO_VERSION_1))
    return path


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def version_of(path: Path) -> object:
    connection = sqlite3.connect(path)
    (found,) = connection.execute("SELECT schema_version FROM store_state").fetchone()
    connection.close()
    return found


def test_every_version_before_this_one_has_its_step() -> None:
    assert sorted(STEPS) == list(range(1, SCHEMA_VERSION))


def test_an_old_file_is_not_opened_and_names_the_way(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    with pytest.raises(MisconfiguredError, match=r"version 1, .* run `tieout migrate`"):
        opened(path)


def test_making_tables_over_an_old_file_leaves_it_to_its_migration(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    made = create_tables(url_of(path))
    assert (made.store, made.found, made.needed, made.are_older) == (str(path), 1, SCHEMA_VERSION, True)
    with sqlite3.connect(path) as connection:
        assert not connection.execute("SELECT name FROM sqlite_master WHERE name = 'workers'").fetchall()
    connection.close()
    migrate(url_of(path))
    again = create_tables(url_of(path))
    assert (again.found, again.needed, again.are_older) == (SCHEMA_VERSION, SCHEMA_VERSION, False)


def test_an_old_file_is_migrated_and_its_copy_can_be_put_back(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    done = migrate(url_of(path))
    assert (done.from_version, done.to_version, done.events) == (1, SCHEMA_VERSION, 2)
    with opened(path) as store:
        assert len(store.log.read(after=0, limit=10)) == 2
        assert store.went_back is None
    assert done.backup is not None
    assert version_of(Path(done.backup)) == 1
    assert Path(done.backup).stat().st_mode & 0o077 == 0
    Path(done.backup).replace(path)
    assert migrate(url_of(path)).steps == SCHEMA_VERSION - 1
    with opened(path) as store:
        assert store.went_back is not None, "what was put back is another file"


def test_a_file_without_the_list_of_processes_is_given_it(tmp_path: Path) -> None:
    path = old_file(tmp_path, *TO_VERSION_2)
    with pytest.raises(MisconfiguredError, match=r"version 2, .* run `tieout migrate`"):
        opened(path)
    done = migrate(url_of(path))
    assert (done.from_version, done.to_version, done.events) == (2, SCHEMA_VERSION, 2)
    with opened(path) as store:
        assert store.workers.rows() == []
    assert done.backup is not None
    assert version_of(Path(done.backup)) == 2


def test_projections_fold_the_whole_log_again_and_the_relay_does_not(tmp_path: Path) -> None:
    path = old_file(
        tmp_path,
        *TO_VERSION_2,
        "INSERT INTO tracking (application_name, notification_id) VALUES ('projection:issues', 2), ('relay', 2)",
        "INSERT INTO projection_terms (projection, connection, key, term) VALUES ('issues', 'c', 'k', 't')",
    )
    migrate(url_of(path))
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT application_name FROM tracking ORDER BY 1 DESC").fetchone() == ("relay",)
        assert connection.execute("SELECT COUNT(*) FROM tracking WHERE application_name LIKE 'proj%'").fetchone() == (
            0,
        )
        assert connection.execute("SELECT COUNT(*) FROM projection_terms").fetchone() == (0,)
    connection.close()


def test_a_store_on_a_server_without_the_list_of_processes_is_given_it(postgres_url: str) -> None:
    fresh_on(postgres_url).close()
    with psycopg.connect(postgres_url) as connection:
        for statement in TO_VERSION_2:
            connection.execute(statement.encode())
    with pytest.raises(MisconfiguredError, match=r"version 2, .* run `tieout migrate`"):
        opened_on(postgres_url)
    assert migrate(postgres_url, dumped=True).from_version == 2
    with opened_on(postgres_url) as store:
        assert store.workers.rows() == []


def test_a_store_of_this_version_is_checked_and_left_alone(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    migrate(url_of(path))
    before = sorted(tmp_path.iterdir())
    done = migrate(url_of(path))
    assert (done.steps, done.backup, done.events) == (0, None, 2)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE store_state SET schema_version = 99", "version 99, this program knows"),
        ("UPDATE store_state SET schema_version = 0", "from which no way leads here"),
        ("UPDATE stored_events SET state = '{' WHERE position = 2", "event 2 .* cannot be read"),
        ("UPDATE stored_events SET topic = 'cheque.written/1' WHERE position = 2", "written by a newer tieout"),
        ("ALTER TABLE blobs ADD COLUMN colour TEXT", "table blobs differs in colour"),
    ],
)
def test_what_cannot_be_migrated_is_left_as_it_was(tmp_path: Path, statement: str, said: str) -> None:
    path = old_file(tmp_path)
    change(path, statement)
    version = version_of(path)
    with pytest.raises(MisconfiguredError, match=said):
        migrate(url_of(path))
    assert version_of(path) == version
    assert not list(tmp_path.glob("*.version-*")), "nothing was changed: nothing is to be put back"


def test_an_interrupt_behind_the_commit_keeps_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, whole = old_file(tmp_path), migrations._migrated

    def interrupted(database: Database) -> None:
        whole(database)
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "_migrated", interrupted)
    with pytest.raises(KeyboardInterrupt):
        migrate(url_of(path))
    assert version_of(path) == SCHEMA_VERSION
    (copy,) = tmp_path.glob("*.version-1.*")
    assert version_of(copy) == 1


def test_where_there_is_no_store_there_is_nothing_to_migrate(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="`tieout init`"):
        migrate(url_of(tmp_path / "none.db"))
    sqlite3.connect(tmp_path / "empty.db").close()
    with pytest.raises(MisconfiguredError, match="`tieout init`"):
        migrate(url_of(tmp_path / "empty.db"))


def test_a_store_on_a_server_asks_for_a_dump_before_it_is_migrated(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:
        append(store, SUPPLIER)
    with psycopg.connect(postgres_url) as connection:
        for statement in TO_VERSION_1:
            connection.execute(statement.encode())
    with pytest.raises(MisconfiguredError, match=r"pg_dump first, then run `tieout migrate --dumped`"):
        migrate(postgres_url)
    done = migrate(postgres_url, dumped=True)
    assert (done.from_version, done.to_version, done.events, done.backup) == (1, SCHEMA_VERSION, 1, None)
    with opened_on(postgres_url) as store:
        assert store.went_back is None
        assert len(store.log.read(after=0, limit=10)) == 1


def test_a_process_at_work_while_its_store_is_migrated_sends_and_polls_no_more(tmp_path: Path) -> None:
    create(tmp_path / "tieout.db")
    with opened(tmp_path / "tieout.db") as store:
        store.polls.ensure(CAUSES.connection, {"invoices": timedelta(minutes=15)})
        due = store.polls.claim("invoices", connection=CAUSES.connection, worker="one", lease=timedelta(minutes=10))
        assert due is not None
        change(tmp_path / "tieout.db", "UPDATE store_state SET schema_version = schema_version + 1")
        money = MoneyGuard(incarnation=store.log.incarnation())
        poll = PollGuard(connection=CAUSES.connection, flow="invoices", claim=due.claim)
        for guard in (money, poll):
            with pytest.raises(HeldError, match=f"version {SCHEMA_VERSION + 1} by now"):
                store.log.append(
                    [Append(stream=uuid4(), expected_version=0, events=(RELEASED,))], causes=CAUSES, guard=guard
                )
        append(store, RELEASED)


def test_a_migration_waits_for_whoever_keeps_the_state_and_stands_in_no_ones_way(postgres_url: str) -> None:
    fresh_on(postgres_url).close()
    with (
        psycopg.connect(postgres_url) as at_work,
        psycopg.connect(postgres_url, autocommit=True) as beside,
        ThreadPoolExecutor(1) as pool,
    ):
        for statement in TO_VERSION_1:
            beside.execute(statement.encode())
        at_work.execute("SELECT incarnation FROM store_state FOR SHARE")
        migrating = pool.submit(migrate, postgres_url, dumped=True)
        waiting = "SELECT pid FROM pg_locks WHERE NOT granted"
        wait_for(lambda: beside.execute(waiting).fetchone(), "the migration waits")
        at_work.execute("SELECT flow FROM polls")
        at_work.commit()
        assert migrating.result(timeout=30).steps == SCHEMA_VERSION - 1


def test_making_tables_waits_for_the_migration_that_is_at_work(postgres_url: str) -> None:
    fresh_on(postgres_url).close()
    with (
        psycopg.connect(postgres_url) as at_work,
        psycopg.connect(postgres_url, autocommit=True) as beside,
        ThreadPoolExecutor(2) as pool,
    ):
        for statement in TO_VERSION_2:
            beside.execute(statement.encode())
        at_work.execute("SELECT incarnation FROM store_state FOR SHARE")
        waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event = %s"
        migrating = pool.submit(migrate, postgres_url, dumped=True)
        wait_for(lambda: beside.execute(waiting, ["transactionid"]).fetchone(), "the migration waits for the state")
        making = pool.submit(create_tables, postgres_url, patience_seconds=30)
        wait_for(lambda: beside.execute(waiting, ["advisory"]).fetchone(), "the making waits for the migration")
        at_work.commit()
        assert migrating.result(timeout=30).from_version == 2
        assert not making.result(timeout=30).are_older


def test_a_server_without_a_store_has_nothing_to_migrate(postgres_url: str) -> None:
    with pytest.raises(MisconfiguredError, match="`tieout init`"):
        migrate(emptied(postgres_url))
