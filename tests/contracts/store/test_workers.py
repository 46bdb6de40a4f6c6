"""The list of the processes that live, on both databases: one row each, by the store's clock."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.eventlog.schema import create_tables
from adapters.eventlog.store import open_store
from adapters.eventlog.workers import WorkerBook
from adapters.vault.keyring import KeyRing, generate_ring
from domain.ports.workers import WorkerRow
from tests.contracts.store.world import ManualClock
from tests.support.postgres_server import emptied


@dataclass(frozen=True)
class Desk:
    """The book of one store and the store's clock."""

    book: WorkerBook
    clock: ManualClock

    def note(
        self, name: str, *, role: str = "worker", started_at: datetime | None = None, ahead: float = 0
    ) -> datetime:
        """Note a process whose wall clock is so many seconds ahead of the store's; give when it started."""
        started_at = started_at or self.clock()
        self.book.note(name, role=role, started_at=started_at, wall=lambda: self.clock() + timedelta(seconds=ahead))
        return started_at

    def names(self) -> list[str]:
        """Name who is listed."""
        return [row.name for row in self.book.rows()]


@pytest.fixture(params=["sqlite", "postgres"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    on_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'tieout.db'}" if on_file else emptied(request.getfixturevalue("postgres_url"))
    clock = ManualClock()
    create_tables(url, now=clock())
    with open_store(url, ring=KeyRing.parse(generate_ring()), now=clock) as store:
        yield Desk(store.workers, clock)


def test_a_new_store_lists_nobody(desk: Desk) -> None:
    assert desk.book.rows() == []


def test_a_process_is_one_row_that_says_when_it_was_seen_last_and_how_far_its_clock_is_off(desk: Desk) -> None:
    started_at = desk.note("pod-1:7", role="relay", ahead=1.5)
    desk.clock.advance(seconds=10)
    desk.note("pod-1:7", role="relay", started_at=started_at, ahead=-0.25)
    assert desk.book.rows() == [
        WorkerRow(name="pod-1:7", role="relay", started_at=started_at, seen_at=desk.clock(), clock_offset_ms=-250)
    ]


def test_processes_are_listed_by_role_and_name(desk: Desk) -> None:
    desk.note("b:1")
    desk.note("a:1")
    desk.note("c:1", role="relay")
    assert desk.names() == ["c:1", "a:1", "b:1"]


def test_a_process_that_ends_is_struck_off_and_only_that_one(desk: Desk) -> None:
    started_at = desk.note("a:1")
    desk.note("b:1")
    desk.book.remove("a:1", started_at=started_at)
    desk.book.remove("never:1", started_at=started_at)
    assert desk.names() == ["b:1"]


def test_a_successor_of_the_same_name_takes_the_row_and_keeps_it_when_its_predecessor_ends(desk: Desk) -> None:
    before = desk.note("pod-1:1")
    desk.clock.advance(seconds=5)
    after = desk.note("pod-1:1", role="console")
    desk.book.remove("pod-1:1", started_at=before)
    assert [(row.role, row.started_at) for row in desk.book.rows()] == [("console", after)]


def test_who_has_been_dead_for_a_day_is_swept_by_whoever_is_noted_next(desk: Desk) -> None:
    desk.note("killed:1")
    desk.clock.advance(hours=24)
    desk.note("b:1")
    assert desk.names() == ["b:1", "killed:1"]
    desk.clock.advance(seconds=1)
    desk.note("b:1")
    assert desk.names() == ["b:1"]


def test_many_that_are_noted_at_once_are_all_listed_and_sweep_together(desk: Desk) -> None:
    for number in range(20):
        desk.note(f"killed:{number}")
    desk.clock.advance(days=2)
    names = [f"pod-{number}:1" for number in range(4)]

    def beats(name: str) -> None:
        for _ in range(5):
            desk.note(name)

    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(beats, names))
    assert desk.names() == names
