"""With `first_posting = confirm` one posting goes out, and the others wait until a person saw its voucher."""

from datetime import timedelta

from domain.connections.events import FirstPostingApproved
from tests.unit.actors.postings.postings_world import World
from tieout.simulation.fakes.postings import FakeInvoice

STEP = timedelta(seconds=30)
LONG = timedelta(minutes=25)


def stop(held: FakeInvoice) -> None:
    held.stopped = True


def test_one_posting_goes_first_and_the_others_follow_a_persons_word() -> None:
    world = World(first_posting="confirm")
    for number in (1, 2, 3):
        world.pay(f"7700{number}", (world.bill(f"INV-{number}"), 157_000))
    world.poll()
    world.work_through(LONG, step=STEP)
    phases = sorted(world.phase(f"7700{number}") for number in (1, 2, 3))
    assert phases == ["confirmed", "queued", "queued"]
    assert world.is_quiet()
    world.pay("77004", (world.bill("INV-4"), 157_000))
    world.poll()
    world.work_through(timedelta(minutes=1))
    assert world.phase("77004") == "queued"
    world.say(world.stream("connection", ""), FirstPostingApproved(person="ann", reason="seen in M3"))
    world.work_through(LONG, step=STEP)
    world.check_booked_once(*(world.key(f"7700{number}") for number in (1, 2, 3, 4)))
    assert world.is_quiet()


def test_when_the_first_posting_is_refused_another_may_go_first() -> None:
    world = World(first_posting="confirm")
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.poll()
    world.ledger.after_step["CtrlBatch"] = lambda: stop(roof)
    world.work_through(timedelta(minutes=1))
    world.pay("77002", (world.bill("INV-2"), 157_000))
    world.poll()
    world.work_through(LONG, step=STEP)
    assert (world.phase("77001"), world.phase("77002")) == ("held", "confirmed")


def test_when_a_person_says_the_first_posting_was_never_booked_those_that_wait_for_it_go_on() -> None:
    """Seed 1002298: they slept for ever."""
    world = World(first_posting="confirm")
    for number in (1, 2, 3):
        world.pay(f"7700{number}", (world.bill(f"INV-{number}"), 157_000))
    world.ledger.stick_next = 1
    world.poll()
    world.work_through(LONG, step=STEP)
    (first,) = (n for n in (1, 2, 3) if world.phase(f"7700{n}") not in ("queued", "confirmed"))
    world.resolve(world.key(f"7700{first}"), "absent")
    world.work_through(LONG, step=STEP)
    assert sorted(world.phase(f"7700{number}") for number in (1, 2, 3)) == ["confirmed", "queued", "settled_absent"]
    assert world.is_quiet()
