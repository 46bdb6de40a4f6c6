"""What AvidXchange holds otherwise than the log knows it: whether it does, and what M3 does with it meanwhile."""

from datetime import timedelta

from domain.invoices.persons import decide_resubmission
from domain.money import Money
from tests.unit.actors.invoices.invoice_world import World
from tests.unit.actors.invoices.test_forgotten import HOLD, restored
from tests.unit.actors.invoices.test_forgotten_and_named import open_kinds, read_for_days, touched
from tests.unit.actors.invoices.test_reading import pay
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


def held_otherwise() -> tuple[World, FakeInvoice]:
    """A world whose restored store found at AvidXchange, with 100.00, what M3 has changed to 120.00 since."""
    world = World()
    backup = world.store.log.last_position()
    (invoice,) = world.submit("INV-1")
    restored(world, backup=backup)
    revalued(world, invoice, 12_000)
    world.wait(HOLD)
    world.poll_statuses()
    settled(world)
    assert world.state(invoice).stage == "different"
    return world, invoice


def test_what_m3_does_with_one_that_differs_is_raised_for_as_long_as_it_differs() -> None:
    """M3 paid it as well, its order by a person made it one that is not eligible, and nobody was told."""
    world, invoice = held_otherwise()
    read_for_days(world, 5)  # Infor's listing no longer reaches back to it
    invoice.proposed = True
    read_for_days(world, 1)
    assert world.state(invoice).risks == ("PROPOSED",)
    ordered_again(world, invoice)
    settled(world)
    assert (world.state(invoice).stage, world.sends(invoice)) == ("different", 1)
    pay(invoice, 12_000)
    read_for_days(world, 2)
    assert world.state(invoice).risks == ("PAID",)
    assert {*open_kinds(world, invoice)} == {"invoice-found-different", "invoice-at-risk"}


def test_it_is_found_as_ours_once_m3_says_what_avidxchange_holds() -> None:
    world, invoice = held_otherwise()
    invoice.approved = False  # Infor lists no such one as changed
    invoice.revalue(Money(10_000))
    read_for_days(world, 1)
    assert (world.state(invoice).phase, world.sends(invoice)) == ("submitted", 1)
    read_for_days(world, 1)
    assert open_kinds(world, invoice) == ["invoice-at-risk"], "its approval was taken back"


def test_its_end_at_avidxchange_ends_what_was_raised_of_it() -> None:
    world, invoice = held_otherwise()
    invoice.proposed = True
    read_for_days(world, 1)
    world.payables.set_status(invoice.head.key.external_id, "Void", "the wrong amount")
    read_for_days(world, 1)
    assert (world.state(invoice).stage, world.state(invoice).risks) == ("void", ())
    assert open_kinds(world, invoice) == ["invoice-rejected"]
    invoice.proposed = False
    ordered_again(world, invoice)
    settled(world)
    assert (world.live(invoice), world.sends(invoice)) == (1, 2)
