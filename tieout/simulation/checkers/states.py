"""I4, I13, I14: everything ends, what endangers a live invoice is raised, every record is in exactly one state."""

from collections.abc import Iterator

from domain.invoices import invoice
from domain.postings import posting
from projections import invoices, payments, postings, suppliers
from projections.totals import totals
from tieout.simulation.world import World

SELF_EXPLAINED = ("key_changed", "twice")
ENDLESS_STAGES = ("sending", "doubt", "waiting")
BLOCKS = {"invoice": "invoices", "payment": "payments", "supplier": "suppliers", "ledger-code": "ledger_codes"}
ENDLESS_PHASES = (
    "planned",
    "started",
    "not_sent",
    "doubted",
    "handing_over",
    "handover_not_sent",
    "handed_over",
    "handover_doubted",
)


def everything_ends(world: World) -> Iterator[str]:
    """I4: after calm every record is done, held with its reason, refused, or in doubt with evidence."""
    for row in invoices.listed(world.projections, world.connection):
        stands = row.stage in ENDLESS_STAGES
        if stands:
            yield f"invoice {row.external_id} never ends: {row.stage} ({row.reason or row.detail})"
        elif row.state in ("held", "refused") and not (row.reason or row.stage in SELF_EXPLAINED):
            yield f"invoice {row.external_id} is {row.state} without a reason"
    for view in payments.listed(world.projections, world.connection):
        if view.payment.folded.phase == "settled" and not view.payment.folded.is_reversed:
            yield f"payment {view.payment.payment_id} is never planned"
        if view.payment.folded.is_reversed and view.payment.folded.reversal is None:
            yield from _reversal_waits(view)
    for row_ in postings.PROJECTION.all(world.projections, connection=world.connection):
        if row_.phase in ENDLESS_PHASES:
            yield f"posting {row_.key1} never ends: {row_.phase} ({row_.reason or row_.detail})"
        elif row_.phase == "queued":
            yield from _queue_moves(world, row_)
        elif row_.state in ("held", "refused", "in_doubt") and not (row_.reason or row_.phase == "settled_absent"):
            yield f"posting {row_.key1} is {row_.phase} without a reason"
    for number in suppliers.PROJECTION.all(world.projections, connection=world.connection):
        if number.state == "waiting":
            yield f"supplier {number.key} is never sent"


def _reversal_waits(view: payments.PaymentView) -> Iterator[str]:
    legs = [p for p in view.postings if p.kind == "T"]
    if all(p.phase not in ("waits", "desk") for p in legs):
        yield f"the reversal of payment {view.payment.payment_id} is never planned"


def _queue_moves(world: World, row: postings.PostingRow) -> Iterator[str]:
    """A queued posting waits for one that itself waits for a person."""
    key = row.folded.waits_for or ""
    if key == "first-posting":
        return
    stream = world.stream("posting", key.removeprefix("posting:"))
    ahead = posting.fold(world.store.log.load([stream])[stream])
    if ahead.phase not in ("waits", "desk"):
        yield f"posting {row.key1} queues behind {key}, which is {ahead.phase or 'unknown'}"


def dangers_are_raised(world: World) -> Iterator[str]:
    """I13: an invoice live at AvidXchange that is also paid, proposed or stopped in M3 is raised by the last poll."""
    live = {
        held.sent.external_id for held in world.payables.invoices if held.history[-1][1] not in ("Rejected", "Void")
    }
    raised = {member.external_id for member in invoices.listed(world.projections, world.connection) if member.risks}
    for key, held in world.ledger.invoices.items():
        stream = world.stream("invoice", key.external_id)
        state = invoice.fold(world.store.log.load([stream])[stream])
        if key.external_id not in live or state.closed:
            continue
        ours = sum(1 for b in world.ledger.booked if b.row.invoice == key)
        strange = len(held.payments) > ours
        dangers = [
            name
            for name, there in (
                ("paid", strange and not state.payment_in_flight),
                ("proposed", held.payment_status == 1),
                ("stopped", held.stopped and not held.outstanding.is_zero),
            )
            if there
        ]
        if state.key is None and world.restored_at:
            continue  # a restored store that Infor never showed it again does not know that it exists
        if dangers and key.external_id not in raised:
            yield f"{key.external_id} is live at AvidXchange and {', '.join(dangers)} in M3, and nobody says so"


def one_state_each(world: World) -> Iterator[str]:
    """I14: every seen record is in exactly one state, and the sums match."""
    blocks = totals(world.projections, world.connection)
    seen: dict[str, set[str]] = {"invoices": set(), "payments": set(), "suppliers": set(), "ledger_codes": set()}
    for recorded in world.history():
        kind = recorded.event.TOPIC.split(".")[0]
        if kind in BLOCKS and recorded.event.TOPIC != "ledger-code.listed/1":
            seen[BLOCKS[kind]].add(recorded.stream.hex)
    for name, streams in seen.items():
        states = {state: count for state, count in blocks[name].items() if state != "seen"}
        if blocks[name]["seen"] != sum(states.values()):
            yield f"{name}: {blocks[name]['seen']} seen, {sum(states.values())} in a state"
        if blocks[name]["seen"] != len(streams):
            yield f"{name}: {blocks[name]['seen']} counted, {len(streams)} in the log"
