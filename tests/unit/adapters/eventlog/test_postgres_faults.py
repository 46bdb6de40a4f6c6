"""A server that is missing, refuses, is locked or goes away says so in one sentence, and nothing is half done."""

import threading
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from adapters.eventlog.postgres_pool import StoreConnection
from adapters.eventlog.schema import create_tables
from domain.errors import ConflictError, MisconfiguredError, StoreError
from domain.event import Append
from tests.support.postgres_link import proxy_to, through, with_parts
from tests.support.postgres_server import emptied
from tests.support.private_nodes import free_port
from tests.unit.adapters.eventlog.postgres_stores import fresh_on, opened_on
from tests.unit.adapters.eventlog.sqlite_files import CAUSES, NOW, RELEASED, append

_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def end_others(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_END_OTHERS)


def test_a_database_that_is_not_there_is_asked_for(postgres_url: str) -> None:
    with pytest.raises(MisconfiguredError, match="there is no database of that name: create it"):
        opened_on(with_parts(postgres_url, path=f"/none_{uuid4().hex}"))


def test_a_user_the_server_does_not_know_is_named_without_a_password(postgres_url: str) -> None:
    host = urlsplit(postgres_url).netloc.rpartition("@")[2]
    with pytest.raises(MisconfiguredError, match="does not admit this user") as refusal:
        opened_on(with_parts(postgres_url, netloc=f"nobody_here:hush@{host}"))
    assert "hush" not in str(refusal.value)
    assert "nobody_here:…@" in str(refusal.value)


def test_a_server_that_does_not_listen_is_a_passing_fault() -> None:
    with pytest.raises(StoreError, match="no usable answer"):
        opened_on(f"postgresql://u:hush@127.0.0.1:{free_port()}/tieout")


def test_a_url_nobody_can_read_is_refused_without_showing_it() -> None:
    with pytest.raises(MisconfiguredError, match="no PostgreSQL URL") as refusal:
        opened_on("postgresql://u:hush@h:1/db?nonsense=1")
    assert "hush" not in str(refusal.value)


def test_a_database_without_our_tables_asks_for_init(postgres_url: str) -> None:
    with pytest.raises(MisconfiguredError, match="`tieout init`"):
        opened_on(emptied(postgres_url))


def test_tables_lost_while_open_ask_for_init(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:
        with store.database.writing() as cursor:
            cursor.execute("DROP TABLE polls")
        with pytest.raises(MisconfiguredError, match="`tieout init`"):
            store.polls.due(NOW)


def test_a_locked_store_says_so_and_goes_on_afterwards(postgres_url: str) -> None:
    with fresh_on(postgres_url, patience_seconds=1) as store, psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
        with pytest.raises(StoreError, match="locked by another process and stayed so for 1 s"):
            append(store, RELEASED)
        other.rollback()
        append(store, RELEASED)
        assert len(store.log.read(after=0, limit=10)) == 1


def test_an_event_written_beside_us_is_a_conflict_and_its_transaction_is_gone(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:
        stream = append(store, RELEASED)
        again = "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, 1, 'x', '')"

        def write() -> None:
            with store.database.writing() as cursor:
                cursor.execute("DELETE FROM store_state")
                cursor.execute(again, (stream,))

        with pytest.raises(ConflictError, match="wrote first"):
            write()
        assert store.log.hold_until() is None, "the row is still there to be read"


def test_two_transactions_that_wait_for_each_other_end_in_one_conflict(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:
        met, ended = threading.Barrier(2, timeout=20), list[str]()

        def cross(first: str, second: str) -> None:
            try:
                with store.database.writing() as cursor:
                    store.database.lock(cursor, first)
                    met.wait()
                    store.database.lock(cursor, second)
                ended.append("done")
            except ConflictError:
                ended.append("conflict")

        threads = [threading.Thread(target=cross, args=names) for names in (("a", "b"), ("b", "a"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert sorted(ended) == ["conflict", "done"]


def test_a_backend_that_is_ended_within_a_transaction_leaves_nothing_behind(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:
        stream = uuid4()

        def write() -> None:
            with store.database.writing() as cursor:
                cursor.execute("UPDATE store_state SET went_back = 'x'")
                end_others(postgres_url)
                cursor.execute("SELECT 1")

        with pytest.raises(StoreError, match="shutting down or starting"):
            write()
        assert store.log.hold_until() is None
        append(store, RELEASED, stream=stream)
        assert len(store.log.load([stream])[stream]) == 1


def test_connections_that_died_while_idle_are_replaced_unnoticed(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:
        with store.database.reading(), store.database.reading():  # so that several are open
            assert store.log.last_position() == 0
        for count in (1, 2, 3):
            end_others(postgres_url)
            append(store, RELEASED)
            assert store.log.last_position() == count


def test_a_commit_whose_answer_is_lost_is_a_store_error_and_the_events_are_found_again(postgres_url: str) -> None:
    fresh_on(postgres_url).close()
    with proxy_to(postgres_url) as proxy, opened_on(through(proxy, postgres_url)) as store:
        stream = uuid4()
        proxy.cut_after = b"COMMIT\0"  # not the COMMITTED of a beginning
        with pytest.raises(StoreError):
            store.log.append([Append(stream=stream, expected_version=0, events=(RELEASED,))], causes=CAUSES)
        assert [entry.event for entry in store.log.load([stream])[stream]] == [RELEASED]


def test_a_commit_that_never_arrived_is_a_store_error_and_nothing_is_found(postgres_url: str) -> None:
    fresh_on(postgres_url).close()
    with proxy_to(postgres_url) as proxy, opened_on(through(proxy, postgres_url)) as store:
        stream = uuid4()
        proxy.cut_after = b"INSERT INTO"
        with pytest.raises(StoreError):
            store.log.append([Append(stream=stream, expected_version=0, events=(RELEASED,))], causes=CAUSES)
        assert store.log.load([stream])[stream] == []
        append(store, RELEASED, stream=stream)


def test_a_server_that_falls_silent_is_given_up(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh_on(postgres_url).close()
    with proxy_to(postgres_url) as proxy, opened_on(through(proxy, postgres_url)) as store:
        store.log.last_position()
        monkeypatch.setattr(StoreConnection, "answer_seconds", 0.3)

        def read() -> None:
            with store.database.reading() as cursor:
                proxy.silent.set()
                cursor.execute("SELECT 1")

        with pytest.raises(StoreError, match=r"no answer within 0\.3 s"):
            read()
        proxy.silent.clear()
        monkeypatch.undo()
        assert store.log.last_position() == 0


def test_a_process_waits_for_its_own_connections_no_longer_than_it_may(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.eventlog.postgres_pool.POOL_TIMEOUT_SECONDS", 0.2)
    monkeypatch.setattr("adapters.eventlog.postgres_pool.POOL_SIZE", 1)
    busy = "every connection of this process is in use"
    with fresh_on(postgres_url) as store, store.database.reading(), pytest.raises(StoreError, match=busy):
        store.log.last_position()


def test_what_is_said_to_be_durable_is_synced_and_the_rest_is_not_waited_for(postgres_url: str) -> None:
    create_tables(emptied(postgres_url), now=NOW)
    name = urlsplit(postgres_url).path.strip("/")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
    with opened_on(postgres_url) as store:
        for durable, expected in ((True, "on"), (False, "off"), (True, "on")):
            with store.database.writing(durable=durable) as cursor:
                cursor.execute("SHOW synchronous_commit")
                assert cursor.fetchone()["synchronous_commit"] == expected
