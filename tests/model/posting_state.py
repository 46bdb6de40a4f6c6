"""What is written, remembered, under way and stored in Infor while payments are posted through GLS840."""

from typing import NamedTuple

from tests.model.timing import CALL, DEADLINE, LAG, TRUSTED, older

# Phases of a posting in the log. LOOK_ONLY: the store went back, so it counts as handed over.
DUE, CHAIN, PAUSED, HANDOVER, AFTER, LOOK_ONLY, POSTED, REFUSED, WAITING_INSIDE, DESK = range(10)
IN_FLIGHT = {CHAIN, PAUSED, HANDOVER, AFTER, LOOK_ONLY, WAITING_INSIDE, DESK}
# The calls of the chain.
HEAD, LINE, CHECK, UPDATE = range(4)
CALL_NAMES = ("AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch")
# What a worker is in the middle of.
IDLE, READY, CALLING, DECIDING = range(4)
# A request: its age up to CALL, then the answer that is on its way back.
OK, NOK, TURNED_AWAY = CALL + 1, CALL + 2, CALL + 3
# Stages of a batch inside M3.
ABSENT, OPEN, LINED, CHECKED, HANDED, STUCK, DONE = range(7)

AttemptId = tuple[int, int, int]  # (store incarnation, posting, number)
NOBODY: AttemptId = (-1, -1, -1)


class Posting(NamedTuple):
    """What the log says of one posting."""

    phase: int = DUE
    attempt: int = 0
    opened: AttemptId = NOBODY
    age: int = 0
    updates: int = 0


class Worker(NamedTuple):
    """What one process remembers and loses in a crash: its attempt, the call it makes, its deadline."""

    kind: int = IDLE
    posting: int = -1
    attempt: AttemptId = NOBODY
    call: int = HEAD
    age: int = 0
    owner: bool = True


class Batch(NamedTuple):
    """One KEY1 inside M3; `listed` is what FGLINH shows, `stale` for how many ticks it has been wrong."""

    key: int = 0
    stage: int = ABSENT
    listed: bool = False
    stale: int = 0


class Book(NamedTuple):
    """What M3 holds for one posting: its batches, posting jobs, payment rows, and how many rows are shown."""

    batches: tuple[Batch, ...] = ()
    jobs: int = 0
    rows: int = 0
    shown: int = 0
    stale: int = 0


class State(NamedTuple):
    """The whole world; workers and requests are sorted, for their order means nothing."""

    postings: tuple[Posting, ...]
    workers: tuple[Worker, ...]
    requests: tuple[tuple[AttemptId, int, int, int], ...] = ()  # attempt, call, key, age or answer
    books: tuple[Book, ...] = ()
    by_hand: int = 0
    backup: tuple[Posting, ...] = ()
    incarnation: int = 0
    hold: int = 0
    wrong: str = ""


AT_REST = Worker()


def batch_of(book: Book, key: int) -> Batch:
    """Return the batch with that KEY1, absent when M3 has none."""
    return next((batch for batch in book.batches if batch.key == key), Batch(key=key))


def with_batch(book: Book, batch: Batch) -> Book:
    """Return the book with one batch replaced; a listing that became true again is not stale."""
    batch = batch._replace(stale=batch.stale if batch.listed != (batch.stage != ABSENT) else 0)
    others = [other for other in book.batches if other.key != batch.key]
    kept = [batch] if batch.stage != ABSENT or batch.listed else []
    return book._replace(batches=tuple(sorted([*others, *kept])))


def is_stale(batch: Batch) -> bool:
    return batch.listed != (batch.stage != ABSENT)


def may_tick(state: State) -> bool:
    """Say whether time may pass: not while M3 would break one of its bounds by it."""
    if any(age == CALL for *_, age in state.requests):
        return False
    return not any(
        (book.shown != book.rows and book.stale == LAG)
        or any(is_stale(batch) and batch.stale == LAG for batch in book.batches)
        for book in state.books
    )


def tick(state: State) -> State:
    """Let one tick pass."""
    return state._replace(
        postings=tuple(aged(posting) for posting in state.postings),
        workers=tuple(
            sorted(w._replace(age=older(w.age, DEADLINE + 1)) if w.kind != IDLE else w for w in state.workers)
        ),
        requests=tuple(sorted((a, c, k, age + 1 if age < CALL else age) for a, c, k, age in state.requests)),
        books=tuple(aged_book(book) for book in state.books),
        backup=tuple(aged(posting) for posting in state.backup),
        hold=max(0, state.hold - 1),
    )


def aged(posting: Posting) -> Posting:
    if posting.phase in {CHAIN, PAUSED, HANDOVER, AFTER}:
        return posting._replace(age=older(posting.age, TRUSTED))
    return posting


def aged_book(book: Book) -> Book:
    return book._replace(
        stale=book.stale + 1 if book.shown != book.rows else 0,
        batches=tuple(b._replace(stale=b.stale + 1 if is_stale(b) else 0) for b in book.batches),
    )
