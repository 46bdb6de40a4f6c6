"""A process that stalls between its claim and its call: what it read then is old, and must not go out any more."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from actors.errands.send_suppliers import send_suppliers
from actors.errands.upserting import Claim
from tests.unit.actors.suppliers.small_remotes import FLIGHT, World, supplier
from tests.unit.actors.suppliers.test_suppliers import see, started

ASLEEP = timedelta(minutes=20)


def held_up_once(world: World, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Let the next PUT be held up past its claim, and something happen before it wakes."""

    def sleep() -> None:
        world.avid.held_up = lambda: None
        world.wait(ASLEEP)
        meanwhile()

    world.avid.held_up = sleep


def test_a_process_that_wakes_late_sends_nothing_over_what_another_sent_meanwhile() -> None:
    old, newer = supplier("V1", name="old"), supplier("V1", name="newer")
    world = started(old)
    other = replace(world.tools, worker="worker-2")

    def another_sends_the_newer() -> None:
        see(world, newer)
        world.wait(FLIGHT)
        world.store.drain()
        assert send_suppliers(other) == 1

    held_up_once(world, another_sends_the_newer)
    world.store.drain()
    send_suppliers(world.tools)
    assert world.avid.vendors == {"100|V1": newer}
    assert world.avid.puts == [1]


def test_the_row_of_a_process_that_woke_late_is_tried_again() -> None:
    world = started(supplier("V1"))
    held_up_once(world)
    world.store.drain()
    send_suppliers(world.tools)
    assert world.avid.puts == []
    world.wait(FLIGHT)
    world.run(send_suppliers)
    assert world.avid.vendors == {"100|V1": supplier("V1")}


def test_a_wall_clock_that_is_set_lengthens_no_claim() -> None:
    world = started(supplier("V1"))
    world.store.drain()
    claim = Claim(world.tools, "send_suppliers", limit=1)
    until = claim.deadline
    for set_by, deadline in ((ASLEEP, until), (-ASLEEP, until - ASLEEP)):
        claim.tools = replace(world.tools, clock=SetClock(world, set_by))
        assert claim.deadline == deadline


class SetClock:
    """A process's clocks after its wall clock was set."""

    def __init__(self, world: World, by: timedelta) -> None:
        self._clock, self._by = world.clock, by

    def now(self) -> datetime:
        return self._clock.now() + self._by

    def monotonic(self) -> float:
        return self._clock.monotonic()
