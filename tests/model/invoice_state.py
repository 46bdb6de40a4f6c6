"""What is written, remembered, under way and stored at AvidXchange while invoices are submitted."""

from typing import NamedTuple

from tests.model.timing import CALL, DEADLINE, GAP, LAG, PROCESSING, TRUSTED, older

# Phases of an invoice in the log. Those after DOUBT end it.
NEW, INTENT, DOUBT, CONFIRMED, REFUSED, REJECTED, DESK, TWICE = range(8)
# What a worker is in the middle of.
IDLE, FRESH, READY, WAITING, LOOKING, LOOKED = range(6)
# A request at the door: its age up to CALL, then "turned away unprocessed" (401, 403, 404, 405, 429).
TURNED_AWAY = CALL + 1
# A record at AvidXchange: not there, accepted, created (hidden for up to LAG ticks), found, rejected later.
NOTHING, ACCEPTED, CREATED = range(3)
FOUND = CREATED + LAG + 1
VOIDED = FOUND + 1
SHOWN = LAG + 1  # a batch: ticks since it was taken, then found by look-ups

Members = tuple[tuple[int, int], ...]  # (invoice, attempt number) of each: what the batch's ExternalId digests
AttemptId = tuple[int, Members]  # with the store incarnation in front: unique for ever
NOBODY: AttemptId = (-1, ())


class Doc(NamedTuple):
    """What the log says of one invoice; ages in ticks, kept only while a rule asks for them."""

    phase: int = NEW
    attempt: int = 0
    opened: AttemptId = NOBODY
    age: int = 0
    empties: int = 0
    gap: int = 0
    absent: bool = False
    doubts: int = 0
    tied: tuple[AttemptId, ...] = ()


class Worker(NamedTuple):
    """What one process remembers and loses in a crash."""

    kind: int = IDLE
    docs: tuple[int, ...] = ()
    attempt: AttemptId = NOBODY
    age: int = 0
    note: int = 0
    conclusive: bool = False
    owner: bool = True


class Batch(NamedTuple):
    """A batch AvidXchange took: is it closed, is it found yet, and one record for each invoice."""

    attempt: AttemptId
    closed: bool
    shown: int
    open_age: int
    records: tuple[int, ...]


class State(NamedTuple):
    """The whole world; workers, requests and batches are sorted, for their order means nothing."""

    docs: tuple[Doc, ...]
    workers: tuple[Worker, ...]
    requests: tuple[tuple[AttemptId, int], ...] = ()
    batches: tuple[Batch, ...] = ()
    arrived: int = 1
    backup: tuple[Doc, ...] = ()
    incarnation: int = 0
    hold: int = 0
    rejects: int = 0
    orders: int = 0
    wrong: str = ""


AT_REST = Worker()


def swap(rows: tuple, at: int, row: object) -> tuple:  # type: ignore[type-arg]  # any row of the state
    """Return the rows with one replaced and their order made canonical."""
    return tuple(sorted((*rows[:at], row, *rows[at + 1 :])))


def may_tick(state: State, *, bounded_processing: bool) -> bool:
    """Say whether time may pass: not while a remote would break one of its bounds by it."""
    if any(age == CALL for _, age in state.requests):
        return False
    return all(
        batch.shown != LAG
        and FOUND - 1 not in batch.records
        and (batch.closed or not bounded_processing or batch.attempt[0] or batch.open_age < PROCESSING)
        for batch in state.batches
    )


def tick(state: State, *, bounded_processing: bool) -> State:
    """Let one tick pass."""
    return state._replace(
        docs=tuple(aged_doc(doc) for doc in state.docs),
        workers=tuple(sorted(aged_worker(worker) for worker in state.workers)),
        requests=tuple(sorted((key, age + 1 if age < CALL else age) for key, age in state.requests)),
        batches=tuple(sorted(aged_batch(batch, bounded_processing) for batch in state.batches)),
        backup=tuple(aged_doc(doc) for doc in state.backup),
        hold=max(0, state.hold - 1),
    )


def aged_doc(doc: Doc) -> Doc:
    if doc.phase not in {INTENT, DOUBT}:
        return doc
    return doc._replace(age=older(doc.age, TRUSTED), gap=older(doc.gap, GAP) if doc.empties else 0)


def aged_worker(worker: Worker) -> Worker:
    if worker.kind == READY:
        return worker._replace(age=older(worker.age, DEADLINE + 1))
    if worker.kind in {LOOKING, LOOKED}:
        return worker._replace(age=older(worker.age, GAP))
    return worker


def aged_batch(batch: Batch, bounded_processing: bool) -> Batch:  # noqa: FBT001  # one private caller
    bounded = bounded_processing and batch.attempt[0] == 0
    return batch._replace(
        shown=batch.shown + 1 if batch.shown < LAG else batch.shown,
        open_age=older(batch.open_age, PROCESSING) if bounded and not batch.closed else 0,
        records=tuple(r + 1 if CREATED <= r < FOUND - 1 else r for r in batch.records),
    )


def quiet(state: State) -> State:
    """Forget what no rule and no look-up can notice any more: the remote's pace for invoices that have ended."""
    ended = [doc.phase not in {NEW, INTENT, DOUBT} for doc in state.docs]
    if not any(ended):
        return state
    return state._replace(batches=tuple(sorted(quiet_batch(batch, ended) for batch in state.batches)))


def quiet_batch(batch: Batch, ended: list[bool]) -> Batch:
    records = tuple(FOUND if done and r else r for done, r in zip(ended, batch.records, strict=True))
    if all(ended[doc] for doc, _ in batch.attempt[1]):
        return Batch(batch.attempt, closed=True, shown=SHOWN, open_age=0, records=records)
    return batch._replace(records=records)
