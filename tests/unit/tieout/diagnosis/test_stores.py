"""A store must keep what it confirmed: each way it may not is named with how to mend it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.unit.adapters.eventlog.postgres_stores import fresh_on, opened_on
from tests.unit.adapters.eventlog.sqlite_files import fresh
from tieout.diagnosis.check import BAD, MISCONFIGURED, OK, WARN
from tieout.diagnosis.stores import postgres_checks, sqlite_checks

GOOD = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "server_version": "16.4"}


class PretendDatabase:
    """A database that answers by the first words of a statement, as PostgreSQL or SQLite would."""

    def __init__(self, answers: dict[str, list[Any]]) -> None:
        self._answers = answers
        self._found: list[Any] = []

    @contextmanager
    def reading(self) -> Iterator["PretendDatabase"]:
        yield self

    writing = reading

    def execute(self, statement: str) -> None:
        self._found = next(rows for words, rows in self._answers.items() if statement.startswith(words))

    def fetchone(self) -> Any:
        return self._found[0]

    def fetchall(self) -> list[Any]:
        return self._found


def answering(*, behind: timedelta, replica: bool, settings: dict[str, str]) -> PretendDatabase:
    found = {**GOOD, **settings}
    rows: list[Any] = [{"name": name, "setting": value, "reset_val": value} for name, value in found.items()]
    now: list[Any] = [{"now": datetime.now(UTC) - behind, "replica": replica}]
    return PretendDatabase({"SELECT clock": now, "SELECT name": rows})


def postgres(
    *, behind: timedelta = timedelta(0), replica: bool = False, settings: dict[str, str] | None = None
) -> dict[str, tuple[str, str]]:
    found = postgres_checks(answering(behind=behind, replica=replica, settings=settings or {}))
    return {check.check: (check.state, check.text) for check in found}


def sqlite(synchronous: int, journal: str) -> dict[str, tuple[str, str]]:
    answers: dict[str, list[Any]] = {"PRAGMA synchronous": [(synchronous,)], "PRAGMA journal_mode": [(journal,)]}
    return {check.check: (check.state, check.text) for check in sqlite_checks(PretendDatabase(answers))}


def test_a_sound_postgresql_says_what_it_does_for_a_commit() -> None:
    found = postgres()
    assert found["store clock"] == (OK, "this clock and PostgreSQL's are 0 s apart")
    assert found["store durability"] == (OK, "PostgreSQL 16.4 syncs every commit (synchronous_commit on)")


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_postgresql_that_forgets_is_named_with_its_setting(name: str) -> None:
    state, text = postgres(settings={name: "off"})["store durability"]
    assert (state, text.partition(":")[0]) == (BAD, f"{name} is off")


@pytest.mark.parametrize(
    ("default", "said"),
    [("on", "(synchronous_commit on)"), ("off", "(synchronous_commit on, which is off by default there: tieout asks")],
)
def test_a_commit_is_synced_whatever_a_server_does_by_default(postgres_url: str, default: str, said: str) -> None:
    with fresh_on(postgres_url):
        pass
    name = urlsplit(postgres_url).path.removeprefix("/")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        words = sql.SQL("ALTER DATABASE {} SET synchronous_commit = {}").format(
            sql.Identifier(name), sql.Literal(default)
        )
        connection.execute(words)
    with opened_on(postgres_url) as store:
        clock, durability = postgres_checks(store.database)
        assert (clock.state, durability.state) == (OK, OK)
        assert said in durability.text
        with store.database.writing() as cursor:
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone()["synchronous_commit"] == "on"


def test_a_replica_takes_no_writes() -> None:
    checks = list(postgres_checks(answering(behind=timedelta(0), replica=True, settings={})))
    (replica,) = [check for check in checks if check.state == BAD]
    assert (replica.code, replica.mend) == (MISCONFIGURED, "name the primary in store.url")


def test_a_store_whose_clock_is_off_is_noticed() -> None:
    state, text = postgres(behind=timedelta(seconds=90))["store clock"]
    assert (state, text) == (WARN, "this clock and PostgreSQL's are 90 s apart")


@pytest.mark.parametrize(
    ("synchronous", "journal", "state", "said"),
    [
        (2, "wal", OK, "SQLite syncs every commit"),
        (3, "WAL", OK, "SQLite syncs every commit"),
        (1, "wal", BAD, "synchronous is 1"),
        (2, "delete", BAD, "the journal is delete"),
    ],
)
def test_sqlite_must_sync_with_a_write_ahead_log(synchronous: int, journal: str, state: str, said: str) -> None:
    found = sqlite(synchronous, journal)["store durability"]
    assert found[0] == state
    assert found[1].startswith(said)


def test_our_own_sqlite_store_is_sound_also_after_a_hurried_write(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        with store.database.writing(durable=False) as cursor:
            cursor.execute("UPDATE store_state SET id = 1")
        assert [check.state for check in sqlite_checks(store.database)] == [OK, OK]
