"""A paused connection sends nothing new, and finds out all the same what became of what it had sent."""

from dataclasses import replace
from datetime import timedelta

from actors.errands.poll_payments import poll_payments
from domain.connections.connection import Connection
from tests.unit.actors.postings.postings_world import World
from tieout.schedule.gate import may_start
from tieout.simulation.fakes.ledger_faults import ANSWER_LOST, LOST

LONG = timedelta(minutes=25)
STEP = timedelta(seconds=30)
PAUSED = Connection(paused=True, paused_by="ann", pause_reason="month end")


def world_with_payment() -> World:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    return world


def pause(world: World) -> None:
    def held_back(name: str) -> str:
        return may_start(name, state=PAUSED, plan=None, now=world.now())

    world.tools = replace(world.tools, held_back=held_back)


def resume(world: World) -> None:
    world.tools = replace(world.tools, held_back=lambda _name: "")


def test_a_paused_connection_polls_no_payments() -> None:
    world = World()
    pause(world)
    assert not poll_payments(world.tools)
    resume(world)
    assert poll_payments(world.tools)


def test_nothing_new_is_posted_while_paused() -> None:
    world = world_with_payment()
    pause(world)
    world.work_through(LONG, step=STEP)
    assert world.wire() == []
    resume(world)
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_pause_between_the_chain_and_the_handover_keeps_it_from_being_handed_over() -> None:
    world = world_with_payment()

    def held_back(name: str) -> str:
        return "paused" if name == "send_postings" and "CtrlBatch" in world.wire() else ""

    world.tools = replace(world.tools, held_back=held_back)
    world.work_through(LONG, step=STEP)
    assert world.wire()[-1] == "CtrlBatch"
    resume(world)
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_posting_handed_over_before_the_pause_is_proven_in_it() -> None:
    world = world_with_payment()
    world.ledger.script("UpdBatch", ANSWER_LOST)
    world.work()
    sent = world.wire()
    pause(world)
    world.work_through(LONG, step=STEP)
    assert world.wire() == sent
    world.check_booked_once(world.key("77001"))


def test_a_handover_that_got_lost_is_repeated_only_after_the_pause() -> None:
    world = world_with_payment()
    world.ledger.script("UpdBatch", LOST)
    world.work()
    pause(world)
    world.work_through(LONG, step=STEP)
    assert world.wire().count("UpdBatch") == 1
    assert world.phase("77001") == "handover_doubted"
    resume(world)
    world.work_through(LONG, step=STEP)
    assert world.wire().count("UpdBatch") == 2
    world.check_booked_once(world.key("77001"))


def test_a_chain_that_broke_off_is_taken_up_only_after_the_pause() -> None:
    world = world_with_payment()
    world.ledger.script("AddBatchLine", LOST)
    world.work()
    sent = world.wire()
    pause(world)
    world.work_through(LONG, step=STEP)
    assert world.wire() == sent
    resume(world)
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))
