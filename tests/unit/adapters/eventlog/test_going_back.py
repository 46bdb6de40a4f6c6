"""A store that went back in time becomes another incarnation and holds money."""

import shutil
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from actors.relay import Relay
from adapters.eventlog.identity import Checkpoint, checkpoint_path, read_checkpoint, write_checkpoint
from adapters.eventlog.store import Store
from domain.errors import HeldError, StoreError
from domain.event import Append
from domain.ports.store import MoneyGuard
from tests.unit.adapters.eventlog.sqlite_files import CAUSES, NOW, RELEASED, append, create, file_of, fresh, opened


def write_money(store: Store) -> None:
    guard = MoneyGuard(incarnation=store.log.incarnation())
    batch = [Append(stream=uuid4(), expected_version=0, events=(RELEASED,))]
    store.log.append(batch, causes=CAUSES, guard=guard)


def closed_with_events(path: Path, count: int) -> None:
    with opened(path) as store:
        for _ in range(count):
            append(store, RELEASED)


def test_a_fresh_store_and_one_opened_again_report_nothing(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        assert store.went_back is None
        incarnation = store.log.incarnation()
        append(store, RELEASED)
    with opened(tmp_path / "tieout.db") as store:
        assert store.went_back is None
        assert store.log.incarnation() == incarnation
        write_money(store)


def test_a_copied_store_holds_money_until_the_hold_is_set_and_over(tmp_path: Path) -> None:
    fresh(tmp_path).close()
    closed_with_events(tmp_path / "tieout.db", 2)
    shutil.copy(tmp_path / "tieout.db", tmp_path / "copy.db")
    with opened(tmp_path / "tieout.db") as store:
        original = store.log.incarnation()
    with opened(tmp_path / "copy.db") as store:
        assert store.went_back is not None
        assert store.went_back.incarnation == store.log.incarnation() != original
        assert store.log.hold_until() is not None
        with pytest.raises(HeldError):
            write_money(store)
    with opened(tmp_path / "copy.db") as store:
        assert store.went_back is not None, "nobody answered the report yet"
        store.hold(NOW + timedelta(minutes=15))
        assert store.log.hold_until() == NOW + timedelta(minutes=15)
        with pytest.raises(HeldError, match="08:15"):
            write_money(store)
    with opened(tmp_path / "copy.db") as store:
        assert store.went_back is None
        assert store.log.hold_until() == NOW + timedelta(minutes=15)


def test_a_hold_answers_only_the_report_it_was_set_for(tmp_path: Path) -> None:
    with fresh(tmp_path) as slow, opened(tmp_path / "tieout.db") as other:
        slow.declare_restored("the first restore")
        other.declare_restored("the second restore, while the first is still answered")
        slow.hold(NOW + timedelta(minutes=15))
        with pytest.raises(HeldError):
            write_money(other)
        report = slow.recognise()
        assert report is not None, "the second one is still to be recorded"
        assert report.detail == "the second restore, while the first is still answered"
        slow.hold(NOW + timedelta(minutes=5))
        assert slow.log.hold_until() == NOW + timedelta(minutes=15)
        assert slow.recognise() is None


def test_a_report_noticed_while_an_earlier_one_is_answered_stays(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        store.declare_restored("the first restore")
        first = store.went_back
        store.declare_restored("the second restore")
        store.hold(NOW, answers=first)
        assert store.went_back is not None
        assert store.recognise() == store.went_back != first


def test_a_hold_without_a_report_answers_none(tmp_path: Path) -> None:
    with fresh(tmp_path) as unaware, opened(tmp_path / "tieout.db") as other:
        other.declare_restored("a restore that only one process knows of")
        unaware.hold(NOW)
        assert unaware.recognise() == other.went_back is not None


def test_a_backup_restored_into_the_same_file_is_noticed_by_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "tieout.db"
    create(path)
    closed_with_events(path, 2)
    backup = path.read_bytes()
    closed_with_events(path, 3)
    path.write_bytes(backup)
    with opened(path) as store:
        assert store.went_back is not None
        assert "ends at 2, its checkpoint was at 5" in store.went_back.detail
        store.hold(NOW)
    checkpoint = read_checkpoint(path)
    assert checkpoint is not None
    assert checkpoint.position == 2


def test_a_backup_of_an_earlier_incarnation_is_noticed_even_when_the_log_is_as_long(tmp_path: Path) -> None:
    path = tmp_path / "tieout.db"
    create(path)
    closed_with_events(path, 2)
    write_checkpoint(path, Checkpoint(incarnation=uuid4(), position=1))
    with opened(path) as store:
        assert store.went_back is not None


@pytest.mark.parametrize("broken", [False, True])
def test_a_missing_or_broken_checkpoint_is_written_again(tmp_path: Path, broken: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    path = tmp_path / "tieout.db"
    create(path)
    closed_with_events(path, 2)
    checkpoint_path(path).unlink()
    if broken:
        checkpoint_path(path).write_bytes(b"{")
    with opened(path) as store:
        assert store.went_back is None
    checkpoint = read_checkpoint(path)
    assert checkpoint is not None
    assert checkpoint.position == 2


def test_the_checkpoint_grows_with_every_page_the_relay_folds(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        for count in (1, 2):
            append(store, RELEASED)
            Relay(store.relay_table).drain()
            assert read_checkpoint(file_of(store).path) == Checkpoint(
                incarnation=store.log.incarnation(), position=count
            )


def test_a_checkpoint_that_cannot_be_written_is_a_store_fault(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        checkpoint_path(file_of(store).path).unlink()
        checkpoint_path(file_of(store).path).mkdir()
        append(store, RELEASED)
        with pytest.raises(StoreError, match="checkpoint"):
            Relay(store.relay_table).drain()
        checkpoint_path(file_of(store).path).rmdir()
        assert Relay(store.relay_table).drain() == 1
