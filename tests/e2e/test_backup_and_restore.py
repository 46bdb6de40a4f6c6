"""A backup restored elsewhere: it is noticed, money is held, and everything folded from the log comes out equal."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from actors.relay import Relay
from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.schema import NAMES, create_tables
from adapters.eventlog.sqlite import copy_file
from adapters.eventlog.store import Store, open_store
from domain.errors import HeldError
from domain.event import Append, topics
from domain.ports.store import Causes, MoneyGuard
from projections.catalogue import ALL
from projections.runner import Runner
from tests.support import postgres_server
from tests.support.folded import PROJECTED, folded
from tests.support.services import missing
from tests.unit.adapters.eventlog.sqlite_files import NOW, RING
from tests.unit.projections.book import CONNECTION, examples

CAUSES = Causes(connection=CONNECTION, correlation_id="test")
FOLDED = ("pending", "open_keys", *PROJECTED)
Backup = Callable[[str], str]  # from the URL of a store to the URL of its restored copy


def opened(url: str) -> Store:
    return open_store(url, ring=RING, now=lambda: NOW)


def lived(store: Store) -> None:
    """Let one of everything happen, and fold it."""
    for event_type in topics().values():
        for event in examples(event_type):
            store.log.append([Append(stream=uuid4(), expected_version=0, events=(event,))], causes=CAUSES)
    Relay(store.relay_table).drain()
    Runner(store.log, ProjectionTables(store.database), ALL).catch_up()


def restores(url: str, backup: Backup) -> None:
    """Back a store up, let it live on, restore the backup, and look at what it says of itself."""
    create_tables(url, now=NOW)
    with opened(url) as store:
        lived(store)
        length, before = store.log.last_position(), folded(store, FOLDED)
        events = store.log.read(after=0, limit=10_000)
        assert all(before[table] for table in FOLDED)
        restored_url = backup(url)
        lived(store)
        original = store.log.incarnation()

    with opened(restored_url) as store:
        assert store.went_back is not None
        assert store.log.incarnation() != original
        guard = MoneyGuard(incarnation=store.log.incarnation())
        append = Append(stream=uuid4(), expected_version=0, events=(events[0].event,))
        with pytest.raises(HeldError):
            store.log.append([append], causes=CAUSES, guard=guard)
        store.hold(NOW + timedelta(minutes=15))
        with pytest.raises(HeldError, match="held until"):
            store.log.append([append], causes=CAUSES, guard=guard)

        assert store.log.last_position() == length
        assert store.log.read(after=0, limit=10_000) == events, "also what is personal opens with the same ring"
        assert folded(store, FOLDED) == before
        Relay(store.relay_table).rebuild()
        Runner(store.log, ProjectionTables(store.database), ALL).rebuild()
        assert folded(store, FOLDED) == before
        store.log.append([append], causes=CAUSES)
        assert store.log.last_position() > length


def test_a_file_that_was_copied_while_in_use_is_restored(tmp_path: Path) -> None:
    def backup(_: str) -> str:
        return f"sqlite:///{copy_file(tmp_path / 'tieout.db', tmp_path / 'restored.db')}"

    restores(f"sqlite:///{tmp_path / 'tieout.db'}", backup)


def test_a_dumped_database_is_restored_into_an_empty_one(
    postgres_url: str, postgres_server_url: str, tmp_path: Path
) -> None:
    with postgres_server.database(postgres_server_url) as target:

        def backup(source: str) -> str:
            dump_and_restore(source, target, tmp_path / "tieout.dump")
            return target

        restores(postgres_server.emptied(postgres_url), backup)


def test_a_dump_is_never_passed_over_in_silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres_server, "binaries", lambda: None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="pg_dump"):
        dump_and_restore("postgresql:///a", "postgresql:///b", tmp_path / "tieout.dump")


def test_rows_copied_through_a_client_are_restored_into_an_empty_database(
    postgres_url: str, postgres_server_url: str
) -> None:
    with postgres_server.database(postgres_server_url) as target:

        def backup(source: str) -> str:
            copy_rows(source, target)
            return target

        restores(postgres_server.emptied(postgres_url), backup)


def dump_and_restore(source: str, target: str, file: Path) -> None:
    """Do what the page tells people to do, with the server's own programs."""
    programs = postgres_server.binaries()
    dump = str(programs / "pg_dump") if programs else shutil.which("pg_dump")
    if dump is None:
        missing("a dump needs PostgreSQL's own pg_dump")
    restore = str(Path(dump).with_name("pg_restore"))
    for command in (
        [dump, "--format=custom", f"--file={file}", source],
        [restore, "--no-owner", "--exit-on-error", f"--dbname={target}", str(file)],
    ):
        ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (the server's own programs)
        assert ran.returncode == 0, ran.stderr


def copy_rows(source: str, target: str) -> None:
    """Make the tables anew and copy every row, as whoever has no pg_dump would."""
    assert urlsplit(source).path != urlsplit(target).path
    create_tables(target, now=NOW)
    with psycopg.connect(source) as old, psycopg.connect(target) as new:
        for name in sorted(NAMES):
            table = sql.Identifier(name)
            new.execute(sql.SQL("TRUNCATE {}").format(table))
            reading, writing = sql.SQL("COPY {} TO STDOUT").format(table), sql.SQL("COPY {} FROM STDIN").format(table)
            with old.cursor().copy(reading) as out, new.cursor().copy(writing) as into:
                for data in out:
                    into.write(data)
        sequence = "pg_get_serial_sequence('stored_events', 'notification_id')"
        longest = "(SELECT COALESCE(MAX(notification_id), 1) FROM stored_events)"
        new.execute(f"SELECT setval({sequence}, {longest})".encode())
