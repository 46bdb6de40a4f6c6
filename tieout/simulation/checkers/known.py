"""I4 for people: what nothing of ours moves any more stands under an open issue, which says what to do."""

from collections.abc import Iterator
from uuid import UUID

from domain import keys
from domain.postings import posting
from projections import issues, payments
from projections.postings import PostingRow
from tieout.simulation.checkers.told import Told
from tieout.simulation.world import World

FOR_A_PERSON = ("held", "refused", "waits", "desk")


def under_issues(world: World) -> frozenset[UUID]:
    """Give the streams that stand under an open issue."""
    found = issues.listed(world.projections, world.connection)
    return frozenset(record.stream for issue in found for record in issue.records)


def people_know(world: World) -> Iterator[str]:
    """I4: after calm nobody waits unseen: a held payment, a task or a posting that ended unbooked leads to an issue."""
    known, told = under_issues(world), Told(world)
    for view in payments.listed(world.projections, world.connection):
        paid = view.payment.folded
        name = f"payment {view.payment.payment_id}"
        is_told = told.stands(view.payment.stream, "payment-held")
        if paid.phase == "held" and not is_told and not _leads_on(world, paid.waits_for, known):
            yield f"{name} is held for ever ({paid.reason}, waits for {paid.waits_for}), and nobody is told"
        asked = paid.reversal is not None and paid.reversal.tasks and not paid.by_hand
        if asked and not told.stands(view.payment.stream, "reversal-by-hand"):
            yield f"{name} is to be reversed by hand, and nobody is told"
        for row in view.postings:
            if _is_stuck(row, is_reversed=paid.is_reversed) and row.stream not in known:
                yield f"posting {row.key1} is {row.phase} for ever ({row.reason}), and nobody is told"


def _is_stuck(row: PostingRow, *, is_reversed: bool) -> bool:
    """Whether no errand goes on; a payment proved absent is ordered again by the person who said so."""
    if row.phase == "abandoned":
        return not is_reversed
    return row.phase in FOR_A_PERSON or (row.kind == "R" and row.phase == "settled_absent")


def _leads_on(world: World, key: str | None, known: frozenset[UUID]) -> bool:
    """Whether what a payment waits for, or what that queues behind, stands under an issue."""
    met: set[str] = set()
    while key is not None and key not in met:
        met.add(key)
        stream = _home(world, key)
        if stream in known:
            return True
        key = posting.fold(world.store.log.load([stream])[stream]).waits_for if key.startswith("posting:") else None
    return False


def _home(world: World, key: str) -> UUID:
    """Give the stream that tells what a key waits for: the connection's own for its first posting."""
    if key == keys.FIRST_POSTING:
        return world.stream("connection", "")
    kind, _, name = key.partition(":")
    return world.stream(kind, name)
