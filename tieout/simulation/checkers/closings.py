"""I3 for closings: an invoice is called closed only when Infor had settled it, and while it has."""

from collections.abc import Iterator

from domain.invoices.events import InvoiceClosed
from projections import invoices
from tieout.simulation.fakes.postings import FakeInvoice
from tieout.simulation.world import World


def closed_is_settled(world: World) -> Iterator[str]:
    """I3: Infor had nothing open of what was called closed, then; and of what is called closed at the end, now."""
    books = _books(world)
    for recorded in world.all_ever():
        if isinstance(recorded.event, InvoiceClosed):
            name = recorded.event.key.external_id
            held = books.get(name)
            if held is None or not held.was_settled_by(recorded.meta.recorded_at):
                yield f"{name} was called closed, and Infor had not settled it"
    for row in invoices.listed(world.projections, world.connection, states=("closed",)):
        held = books.get(row.external_id)
        if held is None or not held.outstanding.is_zero:
            yield f"{row.external_id} is closed by the log, Infor has {held and held.outstanding} open"


def _books(world: World) -> dict[str, FakeInvoice]:
    """Give Infor's invoices by every name they have or had."""
    held = world.ledger.invoices.values()
    return {key.external_id: one for one in held for key in (*one.former, one.head.key)}
