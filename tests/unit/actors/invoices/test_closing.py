"""Closing asks M3 until it says something final; what it paid beside us is left to the polls, which ask anyway."""

from datetime import timedelta

from tests.unit.actors.invoices.invoice_world import World
from tests.unit.actors.invoices.test_reading import pay, posted
from tieout.simulation.fakes.postings import FakeInvoice

DAY = timedelta(days=1)


def paid_beside_us() -> tuple[World, FakeInvoice]:
    """We posted 60.00 of 100.00, and M3's check run paid the rest."""
    world = World()
    (invoice,) = world.submit("INV-1")
    pay(invoice, 4_000)
    posted(world, invoice, 6_000)
    world.work_through(timedelta(minutes=10))
    return world, invoice


def test_what_m3_paid_beside_us_is_asked_after_by_polls_alone() -> None:
    world, invoice = paid_beside_us()
    assert (world.state(invoice).risks, world.state(invoice).closed) == (("PAID",), False)
    assert world.store.work.is_quiet(world.tools.connection)
    invoice.payments = invoice.payments[1:]  # M3 takes it back
    world.poll()
    assert world.state(invoice).risks == ()


def test_it_is_closed_once_avidxchange_no_longer_holds_it() -> None:
    world, invoice = paid_beside_us()
    world.payables.set_status(invoice.head.key.external_id, "Void", "paid in M3")
    world.wait(timedelta(minutes=3))
    world.poll_statuses()
    world.work_through(timedelta(hours=2), step=timedelta(minutes=5))
    assert world.state(invoice).risks == ()
    assert world.store.work.is_quiet(world.tools.connection)
