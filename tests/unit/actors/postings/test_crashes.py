"""A process may die before and after every append, look-up and call: what it began is ended once, never doubled."""

from datetime import timedelta

import pytest

from domain.postings.events import PostingHandoverStarted
from tests.unit.actors.postings.postings_world import QUIET, World
from tests.unit.actors.postings.watched_fakes import SETTLE

PLACES = 60
LONG = timedelta(minutes=45)
STEP = timedelta(seconds=60)


def two_divisions(crash_at: int = 0, *, lag: timedelta = timedelta()) -> World:
    world = World(lag=lag)
    roof, paint = world.bill("INV-1", 157_000), world.bill("INV-2", 20_000, division="BBB")
    world.pay("77001", (roof, 157_000), (paint, 20_000))
    world.poll()
    world.crasher.seen.clear()
    world.crasher.at = crash_at
    return world


def test_the_places_to_die_at_are_all_counted() -> None:
    world = two_divisions()
    world.work_through(timedelta(seconds=30))
    assert 25 < len(world.crasher.seen) < PLACES
    steps = ("AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch")
    assert {f"{when} {step}" for when in ("before", "after") for step in steps} < set(world.crasher.seen)


@pytest.mark.parametrize("place", range(1, PLACES))
def test_wherever_a_process_dies_the_payment_is_posted_once(place: int) -> None:
    world = two_divisions(crash_at=place)
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77001", division="BBB"))
    assert world.is_quiet()


@pytest.mark.parametrize("place", range(1, PLACES, 3))
def test_a_look_up_that_lags_behind_doubles_nothing(place: int) -> None:
    world = two_divisions(crash_at=place, lag=timedelta(seconds=60))
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77001", division="BBB"))


@pytest.mark.parametrize("place", range(1, PLACES, 2))
def test_wherever_two_processes_die_the_payment_is_posted_once(place: int) -> None:
    world = two_divisions(crash_at=place)
    world.work_through(timedelta(minutes=8), step=STEP)
    world.crasher.seen.clear()
    world.crasher.at = place // 2 + 1
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77001", division="BBB"))
    assert world.is_quiet()


def die_at(place: str, *, occurrence: int = 1) -> World:
    """Die at a named place of the chain."""
    scout = two_divisions()
    scout.work_through(timedelta(seconds=30))
    matches = [number for number, seen in enumerate(scout.crasher.seen, start=1) if seen == place]
    world = two_divisions(crash_at=matches[occurrence - 1])
    world.work()
    assert world.crasher.seen[matches[occurrence - 1] - 1] == place
    return world


@pytest.mark.parametrize("step", ["AddBatchHead", "AddBatchLine", "CtrlBatch"])
def test_after_a_death_in_the_chain_nothing_is_sent_before_deadline_and_settle_window(step: str) -> None:
    world = die_at(f"after {step}")
    sent = len(world.wire())
    world.work_through(QUIET - timedelta(seconds=13), step=timedelta(seconds=12))
    assert len(world.wire()) == sent


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_death_at_the_handover_only_updbatch_goes_out_again(when: str) -> None:
    world = die_at(f"{when} UpdBatch")
    assert world.events(PostingHandoverStarted)
    sent = len(world.wire())
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77001", division="BBB"))
    assert set(world.wire()[sent:]) <= {"UpdBatch"}


def test_a_death_between_intent_and_first_byte_costs_time_only() -> None:
    world = die_at("before AddBatchHead")
    assert world.wire() == []
    world.work_through(QUIET + SETTLE, step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77001", division="BBB"))
