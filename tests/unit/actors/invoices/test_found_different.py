"""What AvidXchange holds otherwise than the log knows it: whether it does, and what M3 does with it meanwhile."""

from datetime import timedelta

from domain.invoices.persons import decide_resubmission
from domain.money import Money
from tests.unit.actors.invoices.invoice_world import World
from tests.unit.actors.invoices.test_forgotten import HOLD, restored
from tests.unit.actors.invoices.test_forgotten_and_named import open_kinds, touched
from tieout.simulation.fakes.postings import FakeInvoice


def revalued(world: World, invoice: FakeInvoice, minor: int) -> None:
    invoice.revalue(Money(minor))
    touched(world, invoice)


def ordered_again(world: World, invoice: FakeInvoice) -> None:
    ordered = decide_resubmission(world.state(invoice), person="ann", reason="mended")
    world.say(world.stream(invoice.head.key), *ordered)


def settled(world: World) -> None:
    """Read both systems once, and work until everything has been looked up."""
    world.poll()
    world.poll_statuses()
    world.work_through(timedelta(minutes=10))


def test_one_that_was_corrected_and_sent_again_before_a_restore_is_found_as_it_is() -> None:
    """The log knew the attempt that was turned down, called the corrected one different, and stood still."""
    world = World()
    (invoice,) = world.submit("INV-1")
    world.payables.set_status(invoice.head.key.external_id, "Rejected", "wrong amount")
    world.wait(timedelta(minutes=2))
    world.poll_statuses()
    revalued(world, invoice, 12_000)
    world.poll()
    world.work()
    backup = world.store.log.last_position()
    ordered_again(world, invoice)
    world.work()
    assert world.live(invoice) == 1
    restored(world, backup=backup)
    world.wait(HOLD)
    settled(world)
    assert (world.state(invoice).phase, world.live(invoice)) == ("submitted", 1)
    assert open_kinds(world, invoice) == ["invoice-changed-live"], "nobody knows what was sent"
