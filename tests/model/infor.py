"""Infor's half of the posting model: what M3 does with a call, and what it does on its own."""

from collections.abc import Iterator

from tests.model.posting_state import (
    ABSENT,
    CALL_NAMES,
    CHECK,
    CHECKED,
    DONE,
    HANDED,
    HEAD,
    LINE,
    LINED,
    NOK,
    OK,
    OPEN,
    STUCK,
    TURNED_AWAY,
    Batch,
    Book,
    State,
    batch_of,
    is_stale,
    with_batch,
)
from tests.model.search import Move

ADDED = {HEAD: (ABSENT, OPEN), LINE: (OPEN, LINED)}
CLOSED_STAGES = {HANDED, STUCK, DONE}


def effects(stage: int, call: int) -> list[tuple[int, int]]:
    """List what one call may answer and leave behind: (OK or NOK, stage). XRE0104 means present: OK."""
    if call in ADDED:
        needs, gives = ADDED[call]
        if stage == needs:
            return [(OK, gives)]
        return [(OK, stage)] if stage > needs else [(NOK, stage)]
    if call == CHECK:
        if stage in CLOSED_STAGES:
            return [(OK, CHECKED), (NOK, stage)]
        return [(OK, CHECKED), (NOK, stage)] if stage >= LINED else [(NOK, stage)]
    if stage in CLOSED_STAGES:
        return [(OK, stage), (NOK, stage)]
    return [(OK, HANDED), (NOK, stage)] if stage >= LINED else [(NOK, stage)]


def arrivals(state: State, outstanding: int) -> Iterator[Move[State]]:
    """Yield what becomes of each request under way: lost, turned away, or carried out."""
    for at, (attempt, call, key, age) in enumerate(state.requests):
        if age >= OK:
            continue
        others = state.requests[:at] + state.requests[at + 1 :]
        name = CALL_NAMES[call]
        yield Move(f"{name} is lost", True, state._replace(requests=others))
        away = tuple(sorted((*others, (attempt, call, key, TURNED_AWAY))))
        yield Move(f"{name} is turned away unprocessed", True, state._replace(requests=away))
        book = state.books[attempt[1]]
        batch = batch_of(book, key)
        for answer, stage in effects(batch.stage, call):
            begins_job = stage == HANDED != batch.stage
            if begins_job and is_spent(state, outstanding):
                continue
            changed = with_batch(book, batch._replace(stage=stage))
            after = with_book(state, attempt[1], changed._replace(jobs=book.jobs + begins_job))
            requests = tuple(sorted((*others, (attempt, call, key, answer))))
            said = "OK" if answer == OK else "NOK"
            yield Move(f"{name} is carried out: {said}", False, after._replace(requests=requests))


def is_spent(state: State, outstanding: int) -> bool:
    """Say whether M3's own check at UpdBatch finds nothing left to pay."""
    return state.by_hand + sum(book.rows for book in state.books) >= outstanding


def own_life(state: State) -> Iterator[Move[State]]:
    """Yield M3's own moves: posting, a voucher that sticks, people inside M3, purging, listings catching up."""
    for at, book in enumerate(state.books):
        if book.shown != book.rows:
            yield Move("the payment row is shown", False, with_book(state, at, book._replace(shown=book.rows, stale=0)))
        for batch in book.batches:
            if is_stale(batch):
                listed = batch._replace(listed=not batch.listed, stale=0)
                yield Move("FGLINH catches up", False, with_book(state, at, with_batch(book, listed)))
            for name, fault, after in fates(book, batch):
                yield Move(name, fault, with_book(state, at, after))


def fates(book: Book, batch: Batch) -> Iterator[tuple[str, bool, Book]]:
    """Yield what M3 and its people make of a batch; a job goes on when its batch was re-opened meanwhile."""
    posted = book._replace(rows=book.rows + 1)
    handed = batch.stage == HANDED
    if book.jobs:
        after = with_batch(posted, batch._replace(stage=DONE)) if handed else posted
        yield "M3 posts the payment", False, after._replace(jobs=book.jobs - 1)
    if book.jobs and handed:
        stuck = with_batch(book, batch._replace(stage=STUCK))
        yield "M3 refuses the voucher", True, stuck._replace(jobs=book.jobs - 1)
    if batch.stage == STUCK:
        done = with_batch(posted, batch._replace(stage=DONE))
        yield "a person inside M3 books the stuck voucher", True, done
        yield "a person inside M3 deletes the stuck voucher", True, with_batch(book, batch._replace(stage=ABSENT))
    if batch.stage == DONE:
        yield "M3 purges the finished batch", False, with_batch(book, batch._replace(stage=ABSENT))


def with_book(state: State, at: int, book: Book) -> State:
    return state._replace(books=(*state.books[:at], book, *state.books[at + 1 :]))
