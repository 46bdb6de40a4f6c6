"""AvidXchange's half of the invoice model: what becomes of a request, and how a batch is worked off."""

from collections.abc import Iterator
from itertools import product

from tests.model.invoice_state import (
    ACCEPTED,
    CREATED,
    FOUND,
    NOTHING,
    SHOWN,
    TURNED_AWAY,
    VOIDED,
    Batch,
    State,
    swap,
)
from tests.model.search import Move


def doorway(state: State) -> Iterator[Move[State]]:
    """A request under way is lost, turned away, or taken: for each member accepted or refused."""
    for at, (attempt, age) in enumerate(state.requests):
        if age == TURNED_AWAY:
            continue
        rest_of = state.requests[:at] + state.requests[at + 1 :]
        yield Move("the request is lost", True, state._replace(requests=rest_of))
        away = tuple(sorted((*rest_of, (attempt, TURNED_AWAY))))
        yield Move("the request is turned away unprocessed", True, state._replace(requests=away))
        members = [doc for doc, _ in attempt[1]]
        for choice in product((ACCEPTED, NOTHING), repeat=len(members)):
            taken = dict(zip(members, choice, strict=True))
            records = tuple(taken.get(doc, NOTHING) for doc in range(len(state.docs)))
            batch = Batch(attempt, closed=False, shown=0, open_age=0, records=records)
            batches = tuple(sorted((*state.batches, batch)))
            name = "the batch is taken" if any(choice) else "the batch is taken, every invoice refused"
            yield Move(name, False, state._replace(requests=rest_of, batches=batches))


def own_pace(state: State, *, rejects: int) -> Iterator[Move[State]]:
    """AvidXchange works a batch off: shows it, creates, shows, closes, rejects."""
    for at, batch in enumerate(state.batches):
        if batch.shown < SHOWN:
            yield changed(state, at, batch._replace(shown=SHOWN), "the batch is shown")
        if not batch.closed and ACCEPTED not in batch.records:
            yield changed(state, at, batch._replace(closed=True, open_age=0), "the batch is closed")
        for doc, record in enumerate(batch.records):
            if record == ACCEPTED and not batch.closed:
                yield changed(state, at, with_record(batch, doc, CREATED), "the invoice is created")
            if CREATED <= record < FOUND and batch.shown == SHOWN:
                yield changed(state, at, with_record(batch, doc, FOUND), "the invoice is shown")
            if record == FOUND and state.rejects < rejects:
                name, after = changed(state, at, with_record(batch, doc, VOIDED), "rejected later")[::2]
                yield Move(name, True, after._replace(rejects=state.rejects + 1))


def changed(state: State, at: int, batch: Batch, name: str) -> Move[State]:
    return Move(name, False, state._replace(batches=swap(state.batches, at, batch)))


def with_record(batch: Batch, doc: int, record: int) -> Batch:
    return batch._replace(records=(*batch.records[:doc], record, *batch.records[doc + 1 :]))
