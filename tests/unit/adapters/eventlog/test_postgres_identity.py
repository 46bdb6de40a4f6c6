"""A store on a server that is another table, database or cluster than before holds money until that is answered."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from adapters.eventlog.schema import create_tables
from adapters.eventlog.store import Store
from domain.errors import ConflictError, HeldError
from domain.event import Append
from domain.ports.store import MoneyGuard, PollGuard, PollMark
from tests.support.postgres_server import emptied
from tests.support.waiting import wait_for
from tests.unit.adapters.eventlog.postgres_stores import AS_RESTORED, fresh_on, opened_on
from tests.unit.adapters.eventlog.sqlite_files import CAUSES, NOW, RELEASED, SUPPLIER, append


def write_money(store: Store) -> None:
    guard = MoneyGuard(incarnation=store.log.incarnation())
    store.log.append([Append(stream=uuid4(), expected_version=0, events=(RELEASED,))], causes=CAUSES, guard=guard)


def restore(url: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in AS_RESTORED:
            connection.execute(statement.encode())


def test_a_fresh_store_and_one_opened_again_report_nothing(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:
        incarnation = store.log.incarnation()
        write_money(store)
    with opened_on(postgres_url) as store:
        assert store.went_back is None
        assert store.log.incarnation() == incarnation
        write_money(store)


def test_a_restored_table_is_another_incarnation_until_its_hold_is_set_and_over(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:
        append(store, RELEASED)
        original = store.log.incarnation()
    restore(postgres_url)
    for _ in range(2):
        with opened_on(postgres_url) as store:
            assert store.went_back is not None, "nobody answered the report yet"
            assert store.went_back.incarnation == store.log.incarnation() != original
            with pytest.raises(HeldError, match="restored"):
                write_money(store)
    with opened_on(postgres_url) as store:
        store.hold(NOW + timedelta(minutes=15))
        with pytest.raises(HeldError, match="08:15"):
            write_money(store)
        append(store, RELEASED)
    with opened_on(postgres_url) as store:
        assert store.went_back is None
        assert store.log.hold_until() == NOW + timedelta(minutes=15)


def test_processes_that_go_on_over_a_restore_write_no_money_and_notice_when_they_look(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:
        restore(postgres_url)
        with pytest.raises(HeldError, match="not the one it was when it was opened"):
            write_money(store)
        assert store.recognise() is not None
        store.hold(NOW)
        write_money(store)


def test_a_poll_that_goes_on_over_a_restore_records_nothing_and_moves_no_watermark(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store:
        store.polls.ensure(CAUSES.connection, {"invoices": timedelta(minutes=15)})
        lease = timedelta(minutes=10)
        due = store.polls.claim("invoices", connection=CAUSES.connection, worker="one", lease=lease)
        assert due is not None
        restore(postgres_url)
        facts = [Append(stream=uuid4(), expected_version=0, events=(RELEASED,))]
        guard = PollGuard(connection=CAUSES.connection, flow="invoices", claim=due.claim)
        mark = PollMark(
            connection=CAUSES.connection,
            flow="invoices",
            claim=due.claim,
            watermark="behind what is forgotten",
            completed_at=NOW,
            seen=1,
        )
        with pytest.raises(HeldError, match="not the one it was"):
            store.log.append(facts, causes=CAUSES, guard=guard)
        with pytest.raises(HeldError, match="not the one it was"):
            store.log.append(facts, causes=CAUSES, mark=mark)
        with pytest.raises(HeldError, match="not the one it was"):
            store.polls.finish(mark)
        assert store.log.last_position() == 0
        assert [row.watermark for row in store.polls.rows(CAUSES.connection)] == [""]
        store.recognise()
        with pytest.raises(HeldError, match="claim"):
            store.polls.finish(mark)


def forget(url: str) -> None:
    """Lose what was committed last, as a standby that was promoted too early."""
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM stored_events")
        connection.execute("DELETE FROM vault_keys")


def test_personal_data_is_never_written_under_a_key_the_store_forgot(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store, opened_on(postgres_url) as another:
        stream = append(store, SUPPLIER)
        forget(postgres_url)
        with pytest.raises(ConflictError):
            append(store, SUPPLIER, stream=stream)  # whoever settles decides again, and a key is made anew
        append(store, SUPPLIER, stream=stream)
        assert [entry.event for entry in another.log.read(after=0, limit=10)] == [SUPPLIER]


def test_personal_data_is_written_and_read_under_the_key_another_process_made_anew(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store, opened_on(postgres_url) as another:
        stream = append(store, SUPPLIER)
        assert len(another.log.read(after=0, limit=10)) == 1, "both remember the key"
        forget(postgres_url)
        with opened_on(postgres_url) as fresh:
            append(fresh, SUPPLIER, stream=stream)
        append(store, SUPPLIER, stream=stream)
        assert [entry.event for entry in another.log.read(after=0, limit=10)] == [SUPPLIER, SUPPLIER]


def test_of_many_that_notice_at_once_one_makes_the_new_incarnation(postgres_url: str) -> None:
    fresh_on(postgres_url).close()
    restore(postgres_url)

    def noticed(_: int) -> object:
        with opened_on(postgres_url) as store:
            assert store.went_back is not None
            return store.went_back.incarnation

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(noticed, range(4)))) == 1


def test_a_hold_waits_for_money_that_is_being_written(postgres_url: str) -> None:
    with fresh_on(postgres_url) as store, psycopg.connect(postgres_url, autocommit=True) as beside:

        def waits() -> bool:
            row = beside.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted").fetchone()
            return row is not None and row[0] > 0

        holder = threading.Thread(target=store.hold, args=(NOW + timedelta(hours=1),))
        with store.database.writing() as cursor:
            cursor.execute("SELECT incarnation FROM store_state FOR SHARE")
            holder.start()
            wait_for(waits, "the hold waits")
            assert store.log.hold_until() is None
        holder.join(timeout=30)
        assert store.log.hold_until() == NOW + timedelta(hours=1)


def test_many_make_the_tables_at_once_and_make_one_store(postgres_url: str) -> None:
    emptied(postgres_url)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: create_tables(postgres_url, now=NOW), range(4)))
    with opened_on(postgres_url) as store:
        incarnation = store.log.incarnation()
        append(store, RELEASED)
        create_tables(postgres_url, now=NOW)
        assert store.log.incarnation() == incarnation
        assert store.log.last_position() > 0
    with opened_on(postgres_url) as store:
        assert store.went_back is None
