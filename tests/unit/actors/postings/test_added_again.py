"""While a connection is removed, people book its payments by hand: what they may have booked is only looked at."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast

import pytest

from actors.errands.plan_reversal import plan_reversal
from actors.errands.post_payment import post_payment
from actors.tools import Tools
from domain.connections import events as c
from domain.event import Append
from domain.ports import EventLog
from domain.postings.events import PostingHeld, PostingStarted, PostingToDesk
from tests.support.payments_world import IDENTITY
from tests.unit.actors.postings.postings_world import World

LONG = timedelta(minutes=60)
STEP = timedelta(seconds=30)


def removed_and_added_again(world: World, *, nothing_by_hand: bool = False) -> None:
    world.say(
        world.stream("connection", ""),
        c.ConnectionRemoved(person="ann", reason="sold"),
        c.ConnectionAdded(name="acme", identity=IDENTITY, divisions=("AAA",)),
        *((c.NothingBookedByHand(person="bob"),) if nothing_by_hand else ()),
    )


def desk(world: World, key: str) -> str:
    """What the desk was told last to look at."""
    return [r.event.what for r in world.history("posting", key) if isinstance(r.event, PostingToDesk)][-1]


def test_what_was_settled_meanwhile_is_looked_at_and_not_sent() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    removed_and_added_again(world)
    world.post()
    key = world.key("77001")
    assert (world.phase("77001"), world.posting(key).reason, world.wire()) == ("desk", "REMOVED_MEANWHILE", [])
    assert desk(world, key).startswith(f"the connection was removed for a while, and neither KEY1 {key} nor a payment")
    assert "one that is booked settles it as posted-by-hand" in desk(world, key)
    assert world.is_quiet()


def test_what_was_planned_before_is_looked_at_and_not_sent() -> None:
    world = World(posting_delay=None)
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.run(post_payment)
    assert world.phase("77001") == "planned"
    removed_and_added_again(world)
    world.work_through(LONG, step=STEP)
    assert (world.phase("77001"), world.events(PostingStarted)) == ("desk", [])


def test_what_a_person_finds_absent_is_posted_in_a_new_generation() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    removed_and_added_again(world)
    world.post()
    world.wait(timedelta(seconds=1))
    world.resolve(world.key("77001"), "absent")
    world.order("77001")
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001", generation=2))
    assert world.is_quiet()


def test_what_is_settled_after_the_return_is_posted_as_ever() -> None:
    world = World()
    removed_and_added_again(world)
    tomorrow = date(2026, 3, 3)
    world.wait(timedelta(seconds=1))
    world.pay("77002", (world.bill("INV-2"), 157_000), payment_date=tomorrow, settled_date=tomorrow)
    world.post()
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77002"))


def test_with_a_persons_word_that_nothing_was_booked_by_hand_it_goes_on_as_ever() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    removed_and_added_again(world, nothing_by_hand=True)
    world.post()
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_what_was_booked_before_is_not_taken_back_twice() -> None:
    """A void that came while the connection was removed may be taken back by hand already."""
    world = World(void_interface="AVXVOID")
    paid = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.post()
    world.check_booked_once(world.key("77001"))
    sent = len(world.wire())
    removed_and_added_again(world)
    world.void(paid)
    world.poll()
    world.work_through(LONG, step=STEP)
    back = world.key("77001", kind="R")
    assert (world.posting(back).phase, world.posting(back).reason) == ("desk", "REMOVED_MEANWHILE")
    assert f"look in M3 whether {back} took payment 77001 back" in desk(world, back)
    assert len(world.wire()) == sent


def test_a_sender_that_sleeps_over_the_removal_after_its_look_sends_nothing() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.run(post_payment)
    world.ledger.after_prepare.append(lambda: removed_and_added_again(world))
    world.work_through(LONG, step=STEP)
    assert (world.phase("77001"), world.wire()) == ("desk", [])


@pytest.mark.parametrize("errand", [post_payment, plan_reversal])
def test_a_planner_that_sleeps_over_the_removal_plans_by_what_is_so_now(errand: Callable[[Tools], int]) -> None:
    world = World(void_interface="AVXVOID")
    paid = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    if errand is plan_reversal:
        world.work_through(LONG, step=STEP)
        world.void(paid)
        world.poll()
    sleepy = replace(
        world.tools, log=cast(EventLog, Overtaken(world.store.log, lambda: removed_and_added_again(world)))
    )
    world.run(errand, sleepy)
    key = world.key("77001", kind="T" if errand is post_payment else "R")
    plan = world.posting(key).plan
    assert plan is not None
    assert plan.read_back_only


def test_a_payment_behind_one_that_is_only_looked_at_waits_quietly() -> None:
    """It was held once, and let others pass: looked at, it stands in their way again."""
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 57_000))
    world.poll()
    world.run(post_payment)
    first, second = world.key("77001"), world.key("77002")
    held = PostingHeld(key1=first, payment_id="77001", reason="DISCOUNT", detail="not as agreed")
    world.say(world.stream("posting", first), held)
    removed_and_added_again(world)
    world.retry("77001")
    world.work_through(timedelta(minutes=1), step=STEP)
    later = date(2026, 3, 9)
    world.pay("77002", (roof, 100_000), payment_date=later, settled_date=later)
    world.poll()
    world.work_through(LONG, step=STEP)
    assert (world.phase("77001"), world.names(second)) == ("desk", ["PostingPlanned", "PostingHeld"])
    world.resolve(first, "posted-by-hand", voucher="PAY-1")
    roof.payments.clear()
    world.work_through(LONG, step=STEP)
    assert world.posting(second).phase == "confirmed"


class Overtaken:
    """The log; between a read and the append that rests on it something else happens, once."""

    def __init__(self, log: EventLog, happening: Callable[[], None]) -> None:
        self._log, self._happening = log, happening
        self._happened = False

    def append(self, batch: Sequence[Append], **options: Any) -> None:
        if not self._happened:
            self._happened = True
            self._happening()
        self._log.append(batch, **options)

    def __getattr__(self, name: str) -> object:
        return getattr(self._log, name)
