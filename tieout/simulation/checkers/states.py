"""I4, I13, I14: everything ends, what endangers a live invoice is raised, every record is in exactly one state."""

from collections.abc import Callable, Iterator

from domain import keys
from domain.connections import connection
from domain.event import Recorded
from domain.invoices import index, invoice
from domain.invoices.decisions import stays_tracked
from domain.ledger_codes import ledger_code
from domain.postings import posting
from domain.suppliers import supplier
from projections import invoices, ledger_codes, payments, postings, suppliers
from tieout.simulation.schedule import Profile
from tieout.simulation.world import ACCOUNTS, World

SELF_EXPLAINED = ("key_changed", "twice")
ENDLESS_STAGES = ("sending", "doubt", "waiting")
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
    for code in ledger_codes.listed(world.projections, world.connection):
        if code.state == "waiting":
            yield f"code {code.key} is never sent"


def _reversal_waits(view: payments.PaymentView) -> Iterator[str]:
    legs = [p for p in view.postings if p.kind == "T"]
    if all(p.phase not in ("waits", "desk") for p in legs):
        yield f"the reversal of payment {view.payment.payment_id} is never planned"


def _queue_moves(world: World, row: postings.PostingRow) -> Iterator[str]:
    """A queued posting waits for one that itself waits for a person, or for a reversal that a person makes good."""
    key = row.folded.waits_for or ""
    if key == keys.FIRST_POSTING:
        return
    kind, _, key1 = key.partition(":")
    stream = world.stream("posting", key1)
    ahead = posting.fold(world.store.log.load([stream])[stream])
    if ahead.phase == "queued" and ahead.waits_for == keys.FIRST_POSTING:
        return  # as a reversal does, which is queued for the person's word itself
    if ahead.phase not in (("refused", "settled_absent") if kind == "taken-back" else ("waits", "desk")):
        yield f"posting {row.key1} queues behind {key}, which is {ahead.phase or 'unknown'}"


def dangers_are_raised(world: World) -> Iterator[str]:
    """I13: an invoice live at AvidXchange that is also paid, proposed or stopped in M3 is raised by the last poll."""
    live = {
        held.sent.external_id for held in world.payables.invoices if held.history[-1][1] not in ("Rejected", "Void")
    }
    rows = invoices.listed(world.projections, world.connection)
    raised = {row.external_id: set(row.risks) for row in rows}
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
                ("PAID", strange and not state.payment_in_flight),
                ("PROPOSED", held.payment_status == 1),
                ("STOPPED", held.stopped and not held.outstanding.is_zero),
            )
            if there
        ]
        if state.head is None and world.restored_at:
            continue  # a restored store that Infor never showed it again knows no voucher to read it by
        silent = [name for name in dangers if name not in raised.get(key.external_id, ())]
        if silent:
            yield f"{key.external_id} is live at AvidXchange and {', '.join(silent)} in M3, and nobody says so"


def looked_at_again(world: World) -> Iterator[str]:
    """I13, what it rests on: an invoice that polls must look at again is in its division's index."""
    tracked = {division: _tracked(world, division) for division in world.rules.divisions}
    for row in _rows(world):
        state = invoice.fold(world.store.log.load([row.stream])[row.stream])
        if state.key is None or state.head is None:
            continue  # a late answer to what a restored store forgot: no voucher is known to read it by
        held = world.ledger.invoices.get(state.key)
        if state.stage in ("withdrawn", "key_changed", "not_eligible") and held is not None and not held.approved:
            continue  # it came back under this key unapproved (merged twice, say): its approval lists it anew
        if not state.at_large and held is not None and not held.approved and state.key in held.former:
            continue  # likewise, of one that was turned down and ordered again: Infor is asked before it is sent
        must = stays_tracked(state, None if held is None else held.state())
        if must and state.key.external_id not in tracked[state.key.division]:
            yield f"{state.key.external_id} must be looked at again ({state.stage}), and no poll does it"


def _tracked(world: World, division: str) -> frozenset[str]:
    load, root = world.store.log.load, index.root_stream(world.connection, division)
    page = index.generation_stream(world.connection, division, index.generation_of(load([root])[root]))
    return index.fold(load([page])[page]).tracked


def everything_is_seen(world: World) -> Iterator[str]:
    """I14 for what polls read: no supplier, account or approved invoice of Infor is missing from the log."""
    names = {f"{content.company}|{content.number}": "supplier" for content in world.ledger.supplier_contents()}
    names |= {key.external_id: "invoice" for key, held in world.ledger.invoices.items() if held.approved}
    if world.schedule.profile is Profile.WHOLE:
        names |= {f"{world.rules.company}|1|{account}": "ledger-code" for account in ACCOUNTS}
    moved = {row.folded.moved_to.external_id for row in _rows(world) if row.folded.moved_to is not None}
    for name, kind in names.items():
        stream = world.stream(kind, name)
        if not world.store.log.load([stream])[stream] and name not in moved:
            yield f"{kind} {name} is in Infor, and the log never saw it"


def _rows(world: World) -> list[invoices.InvoiceRow]:
    return invoices.listed(world.projections, world.connection)


def nobody_waits_in_vain(world: World) -> Iterator[str]:
    """I4, before any person helps: no due work waits for a supplier, code, invoice or reversal that is there."""
    for key in world.store.work.waiting(world.connection):
        kind, _, name = key.partition(":")
        fold = _GATES.get(kind)
        if fold is None:
            continue
        stream = world.stream(_STREAMS.get(kind, kind), name)
        if fold(world.store.log.load([stream])[stream]):
            yield f"due work waits for {key}, which is there"


_GATES: dict[str, Callable[[list[Recorded]], bool]] = {
    "supplier": lambda past: supplier.fold(past).gate_open,
    "code": lambda past: ledger_code.fold(past).gate_open,
    "invoice": lambda past: invoice.fold(past).live,
    "forgotten": lambda past: not invoice.fold(past).is_forgotten,
    "taken-back": lambda past: posting.fold(past).booked,
    keys.FORGOTTEN_SOUGHT: lambda past: connection.fold(past).sought,
}
_STREAMS = {"code": "ledger-code", "forgotten": "invoice", "taken-back": "posting", keys.FORGOTTEN_SOUGHT: "connection"}
