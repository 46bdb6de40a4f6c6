"""I4, I6 to I9, I11, I12: what the log itself must be like, and what folding it again must give."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from domain.event import Recorded
from domain.invoices import submission_events as s
from domain.invoices.events import InvoiceReleased
from domain.payments import events as y
from domain.postings import events as p
from domain.suppliers.events import SupplierConfirmed
from projections.catalogue import ALL
from projections.memory import MemoryProjections
from projections.runner import Runner
from tieout.simulation.world import World

OURSELVES = "tieout"
NOT_ASKED = "no reason is asked for"


def supplier_and_invoice_first(world: World) -> Iterator[str]:
    """I6: no invoice is sent before its supplier was confirmed, no payment posted before its invoices were live."""
    confirmed: set[str] = set()
    live: set[str] = set()
    for recorded in world.all_ever():
        match recorded.event:
            case SupplierConfirmed(opens_gate=True) as supplier:
                confirmed.add(supplier.key)
            case s.InvoiceSubmissionStarted() as started if started.key.vendor_external_id not in confirmed:
                yield f"{started.key.external_id} is sent before its supplier was confirmed"
            case s.InvoiceSubmitted() | s.InvoiceFoundByLookup() | s.InvoiceDoubtResolved(resolution="posted") as there:
                live.add(there.key.external_id)
            case p.PostingPlanned(plan=plan) if plan.kind == "T":
                missing = [line.invoice.external_id for line in plan.lines if line.invoice.external_id not in live]
                if missing:
                    yield f"posting {plan.key1} is planned before {missing[0]} was live"


def ours_are_never_ignored(world: World) -> Iterator[str]:
    """I4 for what is final: no payment is ignored that pays an invoice AvidXchange has from us."""
    ours = {held.sent.external_id for held in world.payables.invoices}
    for recorded in world.all_ever():
        if isinstance(recorded.event, y.PaymentIgnored):
            paid = world.payables.payment(recorded.event.payment_id).remittances
            mine = [one.invoice_external_id for one in paid if one.invoice_external_id in ours]
            if mine:
                yield f"payment {recorded.event.payment_id} is ignored, and pays {mine[0]}, which is ours"


def versions_without_holes(world: World) -> Iterator[str]:
    """I7: versions are contiguous in each stream, positions rise, and no reader has skipped anything."""
    versions: dict[UUID, int] = defaultdict(int)
    position = 0
    history = world.history()
    for recorded in history:
        versions[recorded.stream] += 1
        if recorded.version != versions[recorded.stream]:
            yield f"stream {recorded.stream} has version {recorded.version} in place {versions[recorded.stream]}"
        if recorded.position <= position:
            yield f"position {recorded.position} comes after {position}"
        position = recorded.position
    world.store.drain()
    world.runner.catch_up()
    if world.store.work.position() != position:
        yield f"the relay stands at {world.store.work.position()}, the log at {position}"
    for name, at in world.projections.positions([one.name for one in ALL]).items():
        if at != position:
            yield f"projection {name} stands at {at}, the log at {position}"
    yield from _same_due_work(world)


def _same_due_work(world: World) -> Iterator[str]:
    """Folding the log again gives the same due work: what is due, at which version, waiting for what."""
    before = {key: (row.version, row.waits_for) for key, row in world.store.work.rows().items()}
    world.store.relay.rebuild()
    after = {key: (row.version, row.waits_for) for key, row in world.store.work.rows().items()}
    for key in before.keys() | after.keys():
        if before.get(key) != after.get(key):
            yield f"due work {key[1]} of {key[2]}: {before.get(key)} live, {after.get(key)} folded again"
    if world.store.work.sweep():
        yield "a row waits for a key that is open"


def rebuilt_equals_live(world: World) -> Iterator[str]:
    """I8: projections rebuilt at another page size equal the live ones."""
    again = MemoryProjections()
    runner = Runner(world.store.log, again, ALL)
    size = world.dice.pick((1, 2, 7, 40, 1000), "page size")
    runner.catch_up(limit=size)
    for projection in ALL:
        live, rebuilt = world.projections.rows(projection.name), again.rows(projection.name)
        if live != rebuilt:
            different = [row.key for row, other in zip(live, rebuilt, strict=False) if row != other]
            yield f"projection {projection.name} rebuilt at {size} differs: {different or 'another number of rows'}"


def replay_calls_nobody(world: World) -> Iterator[str]:
    """I9: folding due work and projections again makes no call."""
    calls = world.ledger.calls + world.payables.calls
    world.store.relay.rebuild()
    Runner(world.store.log, MemoryProjections(), ALL).catch_up()
    if world.ledger.calls + world.payables.calls != calls:
        yield "a replay called a remote"


def people_sign(world: World) -> Iterator[str]:
    """I12: every act of a person says who and why, and its envelope names who acted; what follows stands beside it."""
    signed: set[tuple[str, datetime]] = set()
    followed: list[Recorded] = []
    for recorded in world.history():
        who, why = _signature(recorded)
        if who is None:
            followed += [recorded] if recorded.meta.actor != OURSELVES else []
        elif not who or not why:
            yield f"{recorded.event.TOPIC} does not say who and why"
        elif recorded.meta.actor != who:
            yield f"{recorded.event.TOPIC} was signed by {recorded.meta.actor}, not by {who}"
        else:
            signed.add((who, recorded.meta.recorded_at))
    for recorded in followed:
        if (recorded.meta.actor, recorded.meta.recorded_at) not in signed:
            yield f"{recorded.event.TOPIC} is the act of {recorded.meta.actor}, and no fact beside it says why"


def _signature(recorded: Recorded) -> tuple[str | None, str]:
    """Give who acted and why, as the fact itself says it; None for one that names nobody."""
    event, actor = recorded.event, recorded.meta.actor
    if hasattr(event, "person"):
        return event.person, getattr(event, "reason", NOT_ASKED)
    if isinstance(event, InvoiceReleased | p.PostingReleased) and actor != OURSELVES:
        who, _, why = event.why.partition(": ")
        return who, why
    return None, ""
