"""Rows do not depend on how the log is read: any page size, several runners, or a rebuild give the same ones."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Append, Event, Recorded, topics
from domain.identifiers import stream_id
from domain.ports.projections import Changes, Row
from domain.ports.store import Causes
from projections import invoices, suppliers
from projections.catalogue import ALL
from projections.memory import MemoryProjections
from projections.runner import Runner
from tests.unit.projections.book import CONNECTION, START, examples
from tieout.simulation.memory_store import MemoryLog, MemoryStore

EVENTS = [example for event_type in topics().values() for example in examples(event_type)]
HISTORIES = st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(1, 3)), max_size=40)


def log_of(facts: list[tuple[Event, int]]) -> MemoryLog:
    """Record facts in streams of their kind: number 1, 2 or 3 of it."""
    time = [START]
    log = MemoryStore(lambda: time[0]).log
    for event, number in facts:
        stream = stream_id(CONNECTION, event.TOPIC.partition(".")[0], str(number))
        expected = len(log.load([stream])[stream])
        log.append(
            [Append(stream=stream, expected_version=expected, events=(event,))],
            causes=Causes(connection=CONNECTION, correlation_id="test"),
        )
        time[0] += timedelta(seconds=1)
    return log


def rows_of(store: MemoryProjections) -> dict[str, list[Row]]:
    return {projection.name: store.rows(projection.name) for projection in ALL}


@settings(max_examples=60, deadline=None)
@given(HISTORIES, st.integers(1, 50))
def test_any_page_size_gives_the_same_rows(facts: list[tuple[Event, int]], limit: int) -> None:
    log = log_of(facts)
    whole, paged = MemoryProjections(), MemoryProjections()
    assert Runner(log, whole, ALL).catch_up() == len(facts)
    assert Runner(log, paged, ALL).catch_up(limit) == len(facts)
    assert rows_of(whole) == rows_of(paged)


@settings(max_examples=20, deadline=None)
@given(HISTORIES, st.lists(st.integers(1, 7), max_size=30))
def test_two_runners_that_get_in_each_others_way_fold_nothing_twice(
    facts: list[tuple[Event, int]], limits: list[int]
) -> None:
    log = log_of(facts)
    alone, shared = MemoryProjections(), MemoryProjections()
    Runner(log, alone, ALL).catch_up()
    late = Hesitant(shared)
    first, second = Runner(log, shared, ALL), Runner(log, late, ALL)
    late.meanwhile = lambda: first.step(3)
    for limit in limits:
        second.step(limit)
    first.catch_up()
    assert rows_of(alone) == rows_of(shared)


class Hesitant(MemoryProjections):
    """The same rows, but somebody else gets a page in between reading and writing them."""

    def __init__(self, shared: MemoryProjections) -> None:
        super().__init__()
        self.__dict__.update(shared.__dict__)
        self.meanwhile: Callable[[], int] = lambda: 0

    def apply(self, changes: Sequence[Changes]) -> bool:
        self.meanwhile()
        return super().apply(changes)


def test_a_rebuild_gives_the_same_rows() -> None:
    log = log_of([(event, number) for event in EVENTS for number in (1, 2)])
    store = MemoryProjections()
    runner = Runner(log, store, ALL)
    runner.catch_up()
    before = rows_of(store)
    assert runner.rebuild() == log.last_position()
    assert rows_of(store) == before


def test_a_projection_that_is_new_catches_up_alone() -> None:
    log = log_of([(event, 1) for event in EVENTS])
    store = MemoryProjections()
    Runner(log, store, [invoices.PROJECTION]).catch_up()
    positions = store.positions(["invoices", "suppliers"])
    assert positions == {"invoices": log.last_position(), "suppliers": 0}
    both = Runner(log, store, [invoices.PROJECTION, suppliers.PROJECTION])
    assert both.step(10) == 10
    assert store.positions(["invoices", "suppliers"]) == {"invoices": log.last_position(), "suppliers": 10}
    both.catch_up()
    assert store.positions(["suppliers"]) == {"suppliers": log.last_position()}
    assert both.step() == 0


def test_catching_up_ends_though_others_append_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_of([(event, 1) for event in EVENTS])
    last = log.last_position()
    read, event = log.read, EVENTS[0]

    def read_a_log_that_grows(*, after: int, limit: int) -> list[Recorded]:
        stream = stream_id(CONNECTION, "busy", str(log.last_position()))
        causes = Causes(connection=CONNECTION, correlation_id="test")
        log.append([Append(stream=stream, expected_version=0, events=(event,))], causes=causes)
        assert log.last_position() < last + 100, "it never ends"
        return read(after=after, limit=limit)

    monkeypatch.setattr(log, "read", read_a_log_that_grows)
    store = MemoryProjections()
    Runner(log, store, ALL).catch_up(10)
    assert min(store.positions([projection.name for projection in ALL]).values()) >= last


def test_without_projections_nothing_is_kept() -> None:
    assert Runner(log_of([]), MemoryProjections(), []).catch_up() == 0
