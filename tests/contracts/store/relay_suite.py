"""What every store must do for the relay."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.effects import Change, Open
from domain.errors import StoreError
from domain.keys import FIRST_POSTING
from domain.postings.events import PostingHeld
from tests.contracts.store.work_suite import claim
from tests.contracts.store.world import (
    CONNECTION,
    RELEASED,
    RETRY_ORDERED,
    WITHDRAWN,
    ManualClock,
    World,
    confirmed,
    held,
)


class HalfAPage(tuple[Change, ...]):
    """Changes of which only the beginning can be had."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Change]:
        """Give one, then fail."""
        yield Change(CONNECTION, 1, ManualClock()(), Open("supplier:100|V1"))
        raise StoreError("disk full")


class RelaySuite:
    def test_folding_goes_on_where_it_ended(self, world: World) -> None:
        world.append(uuid4(), RELEASED)
        assert world.relay.drain() == 1
        assert world.relay.drain() == 0
        world.append(uuid4(), RELEASED)
        assert world.relay.drain() == 1
        assert len(claim(world)) == 2

    def test_events_that_move_no_work_move_the_position(self, world: World) -> None:
        stream = uuid4()
        world.happened(stream, RELEASED, WITHDRAWN)
        assert world.work.is_quiet(CONNECTION)

    def test_a_slow_relay_changes_nothing_a_faster_one_folded(self, world: World) -> None:
        store = world.relay._store
        stream = uuid4()
        world.append(stream, RELEASED)
        page = store.read(after=0, limit=10)
        world.happened(stream, WITHDRAWN)
        assert not store.apply([], after=0, position=page[-1].position)
        assert store.position() == world.log.last_position()

    def test_a_page_whose_folding_fails_half_way_is_folded_again(self, world: World) -> None:
        store, position = world.relay._store, world.log.last_position()
        world.append(uuid4(), RELEASED)
        with pytest.raises(StoreError):
            store.apply(HalfAPage(), after=position, position=world.log.last_position())
        assert store.position() == position
        world.relay.drain()
        assert len(claim(world)) == 1

    def test_a_new_fact_starts_the_attempts_anew(self, world: World) -> None:
        stream = uuid4()
        world.happened(stream, RETRY_ORDERED)
        world.work.postpone(claim(world, "send_suppliers"), worker="w1", until=world.clock() + timedelta(hours=1))
        world.happened(stream, RETRY_ORDERED)
        (row,) = claim(world, "send_suppliers")
        assert (row.version, row.attempts) == (2, 0)

    def test_folding_the_log_again_changes_nothing_that_reaches_a_remote(self, world: World) -> None:
        streams = [uuid4() for _ in range(6)]
        world.happened(streams[0], RELEASED)
        world.happened(streams[1], RELEASED, WITHDRAWN)
        world.happened(streams[2], held("supplier:100|V1"))
        world.happened(streams[3], held("supplier:100|V2"))
        world.clock.advance(minutes=1)
        world.happened(uuid4(), confirmed("100|V1"))
        world.happened(streams[4], RETRY_ORDERED, confirmed("100|V3"))
        world.happened(streams[5], RETRY_ORDERED)
        world.work.postpone(claim(world, limit=1), worker="w1", until=world.clock() + timedelta(minutes=9))
        taken = claim(world, "send_suppliers")
        before = (world.work.due_counts(world.clock()), world.work.waiting(CONNECTION))
        next_due = world.work.next_due_at(CONNECTION)
        assert world.relay.rebuild() == world.log.last_position()
        assert (world.work.due_counts(world.clock()), world.work.waiting(CONNECTION)) == before
        assert world.work.next_due_at(CONNECTION) == next_due
        assert claim(world, "send_suppliers", worker="w2") == []
        world.work.release(taken, worker="w1")
        assert [row.aggregate for row in claim(world, "send_suppliers", worker="w2")] == [streams[5]]
        assert [row.aggregate for row in claim(world)] == [streams[2]]
        world.clock.advance(minutes=10)
        assert [(row.aggregate, row.attempts) for row in claim(world, worker="w2")][-1] == (streams[0], 1)

    def test_folding_again_also_folds_what_is_new(self, world: World) -> None:
        world.happened(uuid4(), RELEASED)
        world.append(uuid4(), RELEASED)
        assert world.relay.rebuild() == 2
        assert world.relay.step() == 0
        assert len(claim(world)) == 2

    def test_an_empty_log_is_folded_again_to_nothing(self, world: World) -> None:
        assert world.relay.rebuild() == 0
        assert world.work.is_quiet(CONNECTION)

    def test_what_is_woken_decides_anew_and_the_key_stays_shut(self, world: World) -> None:
        first, second = uuid4(), uuid4()
        waits = PostingHeld(key1="T2", payment_id="1", reason="FIRST_POSTING", detail="", waits_for=FIRST_POSTING)
        world.happened(first, waits)
        assert world.work.waiting(CONNECTION) == {FIRST_POSTING: 1}
        world.happened(second, PostingHeld(key1="T1", payment_id="2", reason="STOPPED", detail=""))
        assert world.work.due_counts(world.clock()) == {(CONNECTION, "send_postings"): 1}
        world.happened(first, waits)
        assert world.work.waiting(CONNECTION) == {FIRST_POSTING: 1}, "the key was never opened"
