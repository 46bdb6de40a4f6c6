"""A store that went back twice: what the first restore forgot, the second must not forget to compare."""

from datetime import timedelta

import msgspec

from domain.invoices.events import InvoiceApproved
from tests.unit.actors.invoices.invoice_world import World
from tests.unit.actors.invoices.test_forgotten import HOLD, held_for, renamed, restored


def test_an_invoice_seen_between_two_restores_may_be_what_the_first_one_forgot() -> None:
    """Number, supplier and amount were corrected at once: it went out a second time after the second restore."""
    world = World()
    world.confirm_supplier("V1002")
    backup = world.store.log.last_position()
    (invoice,) = world.submit("INV-1")
    restored(world, backup=backup)
    old = renamed(world, invoice, number="INV-1A", payee="V1002", supplier="V1002")
    invoice.revalue(invoice.head.gross + invoice.head.gross)
    invoice.head = msgspec.structs.replace(invoice.head, changed=world.now().date())
    world.wait(HOLD)
    world.poll_statuses()
    world.poll()
    seen = next(r.position for r in world.history(invoice.head.key) if isinstance(r.event, InvoiceApproved))
    second = min(position for position in world.store.log.commits if position >= seen)
    world.work()
    assert world.state(invoice).reason == "MAY_BE_FORGOTTEN"
    restored(world, backup=second)
    world.wait(HOLD)
    world.poll_statuses()
    world.poll()
    world.work_through(timedelta(minutes=5))
    assert held_for(world, invoice) == ("MAY_BE_FORGOTTEN", f"forgotten:{old.external_id}")
    assert (world.live(invoice), world.payables.live(old.external_id)) == (0, 1)
