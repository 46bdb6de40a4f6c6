"""On a server positions come in commit order: whoever follows the log misses nothing, however many write."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import LiteralString
from uuid import uuid4

import psycopg

from adapters.eventlog.store import Store
from domain.event import Append
from tests.support.waiting import wait_for
from tests.unit.adapters.eventlog.postgres_stores import fresh_on, server_of
from tests.unit.adapters.eventlog.sqlite_files import CAUSES, NOW, RELEASED, append

WRITERS, APPENDS, EVENTS = 8, 25, 3
_WAITING = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND relation = 'stored_events'::regclass"


_WAITING_AT_ALL = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"


def _count(beside: "psycopg.Connection[tuple[int]]", statement: LiteralString) -> int:
    row = beside.execute(statement).fetchone()
    return 0 if row is None else row[0]


def follow(store: Store, done: threading.Event) -> list[int]:
    """Read the log as the relay does, page behind page, until the writers are done and nothing is left."""
    seen, position = list[int](), 0
    while True:
        last_round = done.is_set()
        while page := store.log.read(after=position, limit=7):
            seen += [entry.position for entry in page]
            position = page[-1].position
        if last_round:
            return seen


def test_a_reader_who_follows_the_log_misses_nothing_of_many_writers(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:

        def write(_: int) -> None:
            for _ in range(APPENDS):
                events = (RELEASED,) * EVENTS
                store.log.append([Append(stream=uuid4(), expected_version=0, events=events)], causes=CAUSES)

        done = threading.Event()
        with ThreadPoolExecutor(WRITERS + 1) as pool:
            reader = pool.submit(follow, store, done)
            try:
                list(pool.map(write, range(WRITERS)))
            finally:
                done.set()
            seen = reader.result(timeout=60)
        everything = [entry.position for entry in store.log.read(after=0, limit=10_000)]
    assert len(everything) == WRITERS * APPENDS * EVENTS
    assert seen == everything


def test_a_second_writer_waits_until_the_first_has_committed(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store, psycopg.connect(postgres_url, autocommit=True) as beside:

        def waits() -> bool:
            row = beside.execute(_WAITING).fetchone()
            return row is not None and row[0] > 0

        first, second = uuid4(), uuid4()
        writer = threading.Thread(target=append, args=(store, RELEASED), kwargs={"stream": second})
        with store.database.writing() as cursor:
            server_of(store).events.lock(cursor)
            expected = store.log.last_position()
            writer.start()
            wait_for(waits, "the second writer waits")
            cursor.execute(
                "INSERT INTO stored_events (originator_id, originator_version, topic, state)"
                " SELECT ?, 1, topic, state FROM (VALUES ('invoice.released/1', ?::bytea)) AS made (topic, state)",
                (first, b"{}"),
            )
            assert store.log.last_position() == expected == 0
        writer.join(timeout=30)
        with store.database.reading() as cursor:
            cursor.execute("SELECT originator_id AS stream FROM stored_events ORDER BY notification_id")
            assert [row["stream"] for row in cursor.fetchall()] == [first, second]


def test_whoever_moves_several_polls_waits_for_one_another_and_for_nobody_in_a_circle(postgres_url: str) -> None:
    flows = ["invoices", "payments"]
    with (
        fresh_on(postgres_url) as store,
        psycopg.connect(postgres_url, autocommit=True) as beside,
        ThreadPoolExecutor(2) as pool,
    ):
        store.polls.ensure(CAUSES.connection, dict.fromkeys(flows, timedelta(minutes=15)))

        def wait(number: int) -> Callable[[], bool]:
            return lambda: _count(beside, _WAITING_AT_ALL) == number

        with store.database.writing() as cursor:
            cursor.execute("SELECT flow FROM polls WHERE flow = ? FOR UPDATE", ("invoices",))
            first = pool.submit(store.polls.poke, CAUSES.connection, flows, NOW)
            wait_for(wait(1), "the first waits for the poll that is held")
            second = pool.submit(store.polls.poke, CAUSES.connection, reversed(flows), NOW)
            wait_for(wait(2), "the second waits as well")
        first.result(timeout=30)
        second.result(timeout=30)


def test_nothing_but_the_librarys_columns_stands_in_the_event_table(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store, store.database.reading() as cursor:
        assert store.database.columns(cursor, "stored_events") == {
            "originator_id",
            "originator_version",
            "topic",
            "state",
            "notification_id",
        }
        cursor.execute("SELECT COUNT(*) AS functions FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
        assert cursor.fetchone()["functions"] == 0, "functions in the database would take no lock"
