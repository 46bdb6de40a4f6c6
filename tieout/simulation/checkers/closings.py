"""I3 and I13 for closings: called closed is only what Infor settled, and what nobody but us paid."""

from collections.abc import Iterator

from domain.invoices.events import InvoiceClosed
from projections import invoices
from tieout.simulation.checkers.told import told
from tieout.simulation.fakes.postings import FakeInvoice
from tieout.simulation.hands import CHECK_RUN, has_row
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


def closed_is_paid_by_us(world: World) -> Iterator[str]:
    """I13: nothing is closed that M3's own check run paid a part of: AvidXchange may pay that part, too."""
    told_of = told(world, "invoice-at-risk", "PAID")
    books = _books(world)
    for row in invoices.listed(world.projections, world.connection, states=("closed",)):
        held = books.get(row.external_id)
        if held is not None and has_row(held, CHECK_RUN) and row.stream not in told_of:
            yield f"{row.external_id} is closed, M3 paid of it beside us, and nobody is told"


def _books(world: World) -> dict[str, FakeInvoice]:
    """Give Infor's invoices by every name they have or had."""
    held = world.ledger.invoices.values()
    return {key.external_id: one for one in held for key in (*one.former, one.head.key)}
