"""A store goes back while a worker looks into M3: what it read before says nothing in the restored one."""

from datetime import timedelta

from actors.errands.confirm_posting import confirm_posting
from actors.errands.post_payment import post_payment
from actors.errands.send_postings import send_postings
from tests.unit.actors.postings.postings_world import World

HOLD = timedelta(minutes=10)


def restored_while_reading(world: World) -> None:
    """The next look at the balances is overtaken by a restore that forgets nothing of this payment."""
    read = world.ledger.ledger_states

    def overtaken(*args: object, **options: object) -> object:
        world.ledger.ledger_states = read  # type: ignore[method-assign]  # it is overtaken once
        world.go_back(world.store.log.last_position(), hold=HOLD)
        return read(*args, **options)  # type: ignore[arg-type]  # passed on as it came

    world.ledger.ledger_states = overtaken  # type: ignore[assignment,method-assign]  # a restore in the middle of it


def test_the_gate_says_nothing() -> None:
    world = World()
    roof = world.bill("INV-1")
    roof.stopped = True
    world.pay("77001", (roof, 157_000))
    world.poll()
    world.run(post_payment)
    restored_while_reading(world)
    assert world.run(send_postings)
    assert world.names(world.key("77001")) == ["PostingPlanned"]


def test_a_look_after_the_handover_says_nothing() -> None:
    world = World(posting_delay=None)
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.work()
    world.wait(world.rules.posting_patience + timedelta(hours=1))
    before = world.names(world.key("77001"))
    restored_while_reading(world)
    assert world.run(confirm_posting)
    assert world.names(world.key("77001")) == before
