"""The state of a world in a few words, so that distinct states can be counted."""

from domain.invoices import invoice
from domain.payments import payment
from domain.postings import posting
from tieout.simulation.world import World

States = tuple[tuple[str, ...], ...]


def state_of(world: World) -> States:
    """Give the documents' phases in the log, what both remotes hold, and what is due; times are left out."""
    log = world.store.log
    keys = [key.external_id for key in sorted(world.ledger.invoices)]
    histories = log.load([world.stream("invoice", key) for key in keys])
    invoices = tuple(
        f"{one.stage} {one.attempts} {one.doubts} {one.live} {one.empty_look is not None} {one.payment_in_flight}"
        for one in map(invoice.fold, histories.values())
    )
    paid = log.load([world.stream("payment", one) for one in world.payables.payment_ids()])
    payments = tuple(f"{one.phase} {one.generation} {one.is_reversed}" for one in map(payment.fold, paid.values()))
    known = {batch.key1 for batch in world.ledger.batches} | {
        leg.posting for past in paid.values() for leg in payment.fold(past).legs
    }
    folded = map(posting.fold, log.load([world.stream("posting", key) for key in sorted(known)]).values())
    postings = tuple(f"{one.phase} {one.attempt} {one.handover} {one.checked}" for one in folded)
    avid = tuple(f"{one.sent.external_id} {one.history[-1][1]}" for one in world.payables.invoices)
    infor = tuple(f"{one.key1} {one.state} {len(one.lines)} {len(one.jobs)}" for one in world.ledger.batches)
    due = tuple(
        sorted(
            f"{key[1]} {row.waits_for} {row.claimed_until is not None}" for key, row in world.store.work.rows().items()
        )
    )
    return invoices, payments, postings, avid, infor, due
