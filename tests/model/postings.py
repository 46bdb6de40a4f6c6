"""The posting of settled payments through Infor's GLS840: every move of the workers, the log, the wire and M3.

Covered: the chain AddBatchHead, AddBatchLine, CtrlBatch under one intent, the handover under its own, UpdBatch
again while KEY1 shows, every crash point, each call lost, turned away or taken late, each answer lost or late,
zombies, OK and NOK of every check, posting at any later time, vouchers that stick and are booked or deleted
by people inside M3, finished batches purged at any time (so that KEY1 could be added anew), FGLINH and
the payment rows lagging, a payment by hand, two payments of one invoice, and one restored backup.
M3 is as unkind as the contract allows: a CtrlBatch after the handover re-opens the batch, and its job goes on.
States: one payment, two workers 162,652; by hand 2,260; restored backup 23,195; two payments 35,831 and 23,571.

Bounds: two attempts and one repeated UpdBatch for one payment; one worker, one attempt and no repeated
UpdBatch for a restore and for two payments. One line a batch; look and append of a read-back are one step.
Left out: reversals and voided payments, new generations, the person at the desk (the desk is an end).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.model.infor import arrivals, own_life
from tests.model.posting_state import (
    AFTER,
    AT_REST,
    CALL_NAMES,
    CALLING,
    CHAIN,
    CHECK,
    DECIDING,
    DESK,
    DUE,
    HANDOVER,
    HEAD,
    IDLE,
    IN_FLIGHT,
    LINE,
    LOOK_ONLY,
    NOBODY,
    NOK,
    OK,
    PAUSED,
    POSTED,
    READY,
    REFUSED,
    TURNED_AWAY,
    UPDATE,
    WAITING_INSIDE,
    AttemptId,
    Book,
    Posting,
    State,
    Worker,
    batch_of,
    may_tick,
    tick,
)
from tests.model.search import Move
from tests.model.timing import DEADLINE, HOLD, TRUSTED
from tests.model.variants import PostingRules

Moves = Iterator[Move[State]]
ENDED = {POSTED, REFUSED, WAITING_INSIDE, DESK}


@dataclass(frozen=True)
class PostingBounds:
    """How much world is explored; `outstanding` counts payments the one invoice still has room for."""

    postings: int = 1
    workers: int = 2
    attempts: int = 2
    updates: int = 2
    outstanding: int = 2
    by_hand: int = 0
    restores: bool = False
    faults: bool = True


class Postings:
    """The machine the search explores."""

    def __init__(self, rules: PostingRules, bounds: PostingBounds) -> None:
        self.rules = rules
        self.bounds = bounds

    def initial(self) -> Iterable[State]:
        """Start with every payment settled and none posted."""
        count = self.bounds.postings
        yield State(postings=(Posting(),) * count, workers=(AT_REST,) * self.bounds.workers, books=(Book(),) * count)

    def ended(self, state: State) -> bool:
        """Say whether every posting is posted, refused, raised as waiting inside M3, at the desk, or held."""
        blocked = any(
            p.phase in {WAITING_INSIDE, DESK} or (p.phase == PAUSED and p.attempt >= self.bounds.attempts)
            for p in state.postings
        )
        return all(
            posting.phase in ENDED
            or (posting.phase in {DUE, PAUSED} and posting.attempt >= self.bounds.attempts)
            or (posting.phase == DUE and blocked)
            for posting in state.postings
        )

    def broken(self, state: State) -> Iterator[str]:
        """Yield what the world must never show."""
        if state.wrong:
            yield state.wrong
        for posting, book in zip(state.postings, state.books, strict=True):
            if book.rows > 1:
                yield "doubled"
            if posting.phase == POSTED and not book.rows:
                yield "claimed"
            if posting.phase == REFUSED and book.rows:
                yield "called refused"
            if len(book.batches) > 1:
                yield "two batches of one posting"
        if sum(book.rows for book in state.books) > self.bounds.outstanding:
            yield "overpaid"

    def moves(self, state: State) -> Moves:
        """Yield everything that can happen next, faults included unless the bounds leave them out."""
        for move in self.steps(state):
            if self.bounds.faults or not move.fault:
                yield move

    def steps(self, state: State) -> Moves:
        if may_tick(state):
            later = tick(state)
            if later != state:
                yield Move("a tick passes", False, later)
        if state.by_hand < self.bounds.by_hand:
            yield Move("somebody pays by hand in M3", True, state._replace(by_hand=state.by_hand + 1))
        yield from arrivals(state, self.bounds.outstanding)
        yield from own_life(state)
        yield from self.store(state)
        for at, posting in enumerate(state.postings):
            yield from self.looks(state, at, posting)
        seen = set()
        for by, worker in enumerate(state.workers):
            if worker not in seen:
                seen.add(worker)
                yield from self.works(state, by, worker)

    def store(self, state: State) -> Moves:
        """A backup is taken once, and once the store goes back to it."""
        if not self.bounds.restores or state.incarnation:
            return
        if not state.backup:
            yield Move("a backup is taken", True, state._replace(backup=state.postings))
            return
        held = self.rules.hold_after_restore
        handed_over = held and self.rules.restored_counts_as_handed_over
        postings = tuple(
            p._replace(phase=LOOK_ONLY, age=0, opened=NOBODY) if handed_over and p.phase != POSTED else p
            for p in state.backup
        )
        back = state._replace(postings=postings, backup=(), incarnation=1, hold=HOLD if held else 0)
        yield Move("the store goes back to the backup", True, back)

    # the log, without a worker's memory

    def looks(self, state: State, at: int, posting: Posting) -> Moves:
        """Anyone may doubt after the deadline, read back after the handover, and raise what stays."""
        if posting.phase in {CHAIN, HANDOVER} and posting.age > DEADLINE:
            phase = PAUSED if posting.phase == CHAIN else AFTER
            yield Move("the attempt is doubted", False, self.phased(state, at, phase))
        if posting.phase not in {AFTER, LOOK_ONLY, WAITING_INSIDE, DESK}:
            return
        if self.row_is_there(state, at):
            yield Move("read back: the payment row", False, self.phased(state, at, POSTED))
            return
        if posting.phase == DESK or state.hold or (posting.phase == AFTER and posting.age < TRUSTED):
            return
        if not self.listed(state, at, posting):
            yield Move("read back: neither KEY1 nor a row", False, self.phased(state, at, DESK))
        elif posting.phase != WAITING_INSIDE:
            yield Move("read back: KEY1 for too long", False, self.phased(state, at, WAITING_INSIDE))

    def row_is_there(self, state: State, at: int) -> bool:
        """Judge the read-back: our row by its voucher text, or (mistakes) any row, or a fallen balance."""
        if not self.rules.row_matched_by_payment and any(book.shown for book in state.books):
            return True
        if not self.rules.balance_is_no_proof and state.by_hand:
            return True
        return state.books[at].shown > 0

    def listed(self, state: State, at: int, posting: Posting) -> bool:
        return batch_of(state.books[at], self.key(state, posting.attempt)).listed

    def key(self, state: State, number: int) -> int:
        return 0 if self.rules.key_is_derived else number + 10 * state.incarnation

    def phased(self, state: State, at: int, phase: int) -> State:
        keeps_age = phase in {PAUSED, AFTER}
        posting = state.postings[at]
        return with_posting(state, at, posting._replace(phase=phase, age=posting.age if keeps_age else 0))

    # the workers

    def works(self, state: State, by: int, worker: Worker) -> Moves:
        if worker.kind == IDLE:
            for at, posting in enumerate(state.postings):
                yield from self.takes_up(state, by, at, posting)
            return
        requests = tuple(r for r in state.requests if r[0] != worker.attempt or r[3] < OK)
        crashed = with_worker(state, by, AT_REST)._replace(requests=requests)
        yield Move("a worker crashes", True, crashed)
        if worker.kind == DECIDING:
            yield self.hands_over(state, by, worker)
        elif worker.kind == READY:
            yield from self.sends(state, by, worker)
        else:
            yield from self.hears(state, by, worker)

    def takes_up(self, state: State, by: int, at: int, posting: Posting) -> Moves:
        """Begin or resume the chain, or hand a listed batch over again."""
        if not self.rules.owner_only and posting.phase == CHAIN and posting.age <= DEADLINE:
            stranger = Worker(READY, at, posting.opened, HEAD, posting.age, owner=False)
            yield Move("another worker takes the intent for its own", False, with_worker(state, by, stranger))
        if state.hold:
            return
        open_again = posting.phase in {DUE, PAUSED} and posting.attempt < self.bounds.attempts
        if open_again and self.may_begin(state, at, posting):
            first = LINE if self.listed(state, at, posting) else HEAD
            yield self.opens(state, by, at, CHAIN, first)
        again = posting.phase in {AFTER, WAITING_INSIDE} and posting.updates < self.bounds.updates
        waited = posting.phase == WAITING_INSIDE or posting.age >= TRUSTED
        if again and waited and self.listed(state, at, posting) and not self.row_is_there(state, at):
            first = UPDATE if self.rules.no_check_after_handover else CHECK
            yield self.opens(state, by, at, HANDOVER, first)

    def may_begin(self, state: State, at: int, posting: Posting) -> bool:
        others = [p.phase for i, p in enumerate(state.postings) if i != at]
        if self.rules.one_posting_in_flight and any(phase in IN_FLIGHT for phase in others):
            return False
        if posting.phase == DUE or not self.rules.looks_before_retry:
            return True
        return posting.age >= (TRUSTED if self.rules.settle_window else DEADLINE + 1)

    def opens(self, state: State, by: int, at: int, phase: int, first: int) -> Move[State]:
        """Append an intent with a fresh attempt id and deadline."""
        old = state.postings[at]
        number = old.attempt + 1 if phase == CHAIN else old.attempt
        updates = old.updates + 1 if phase == HANDOVER else 0
        attempt: AttemptId = (state.incarnation, at, number + 10 * updates)
        posting = Posting(phase=phase, attempt=number, opened=attempt, updates=updates)
        name = "the intent is appended" if phase == CHAIN else "the handover's intent is appended"
        worker = Worker(READY, at, attempt, first)
        return Move(name, False, with_worker(with_posting(state, at, posting), by, worker))

    def hands_over(self, state: State, by: int, worker: Worker) -> Move[State]:
        """After CtrlBatch said OK: read OCUA again, then the handover's own intent, compare-and-set."""
        at = worker.posting
        posting = state.postings[at]
        current = posting.phase == CHAIN and posting.opened == worker.attempt
        current = current and worker.attempt[0] == state.incarnation and not state.hold
        if self.rules.compare_and_set and not current:
            return Move("the append fails: somebody else was here", False, with_worker(state, by, AT_REST))
        if state.by_hand + sum(book.shown for book in state.books) >= self.bounds.outstanding:
            refused = self.phased(state, at, REFUSED)
            return Move("OCUA has no room: an issue", False, with_worker(refused, by, AT_REST))
        return self.opens(state, by, at, HANDOVER, UPDATE)

    def sends(self, state: State, by: int, worker: Worker) -> Moves:
        """The owner makes one call before its deadline, or knows that it made none."""
        in_time = worker.age <= DEADLINE
        if in_time or not self.rules.deadline_kept:
            wrong = "" if in_time else "sent after the deadline"
            wrong = wrong or ("" if worker.owner else "sent by a stranger")
            key = self.key(state, worker.attempt[2] % 10)
            request = (worker.attempt, worker.call, key, 0)
            after = with_worker(state, by, worker._replace(kind=CALLING))
            after = after._replace(requests=tuple(sorted((*state.requests, request))), wrong=state.wrong or wrong)
            yield Move(f"{CALL_NAMES[worker.call]} is sent", False, after)
        if worker.owner:
            yield Move("nothing was sent", in_time, self.outcome(state, by, worker, DUE))

    def hears(self, state: State, by: int, worker: Worker) -> Moves:
        """The owner gets the answer to one call, late or in time, or gives up waiting."""
        mine = [r for r in state.requests if r[0] == worker.attempt and r[1] == worker.call]
        for request in mine:
            if request[3] >= OK:
                requests = tuple(r for r in state.requests if r != request)
                heard = state._replace(requests=requests)
                yield self.hears_answer(heard, by, worker, request[3])
        name = "no answer: doubt"
        if worker.call != UPDATE and not self.rules.doubted_step_ends_attempt and len(mine) < 2:
            again = with_worker(state, by, worker._replace(kind=READY))
            yield Move("no answer: the step is made again", bool(mine), forgets(again, worker))
            return
        yield Move(name, bool(mine), forgets(self.outcome(state, by, worker, PAUSED), worker))

    def hears_answer(self, state: State, by: int, worker: Worker, answer: int) -> Move[State]:
        call = CALL_NAMES[worker.call]
        if answer == TURNED_AWAY:
            return Move(f"{call} was turned away", False, self.outcome(state, by, worker, DUE))
        if answer == NOK:
            return Move(f"{call} answers NOK", False, self.outcome(state, by, worker, REFUSED))
        name = f"{call} answers OK"
        if worker.call == UPDATE:
            phase = AFTER if self.rules.row_is_proof else POSTED
            return Move(name, False, self.outcome(state, by, worker, phase))
        own = self.rules.handover_has_own_intent and not is_handover(worker.attempt)
        if worker.call == CHECK and own:
            return Move(name, False, with_worker(state, by, worker._replace(kind=DECIDING)))
        return Move(name, False, with_worker(state, by, worker._replace(kind=READY, call=worker.call + 1)))

    def outcome(self, state: State, by: int, worker: Worker, phase: int) -> State:
        """Append what the owner knows of its attempt; a late answer settles nothing, for only rows prove."""
        state = with_worker(state, by, AT_REST)
        posting = state.postings[worker.posting]
        if posting.opened != worker.attempt or worker.attempt[0] != state.incarnation:
            return state
        if posting.phase == HANDOVER:
            certain = phase == POSTED or (phase == REFUSED and not self.rules.nok_after_handover_is_doubt)
            return self.phased(state, worker.posting, phase if certain else AFTER)
        if posting.phase == CHAIN:
            return self.phased(state, worker.posting, phase)
        return state


def is_handover(attempt: AttemptId) -> bool:
    return attempt[2] >= 10


def forgets(state: State, worker: Worker) -> State:
    """Drop answers that nobody waits for any more; calls still under way stay under way."""
    kept = (r for r in state.requests if r[0] != worker.attempt or r[1] != worker.call or r[3] < OK)
    return state._replace(requests=tuple(kept))


def with_posting(state: State, at: int, posting: Posting) -> State:
    return state._replace(postings=(*state.postings[:at], posting, *state.postings[at + 1 :]))


def with_worker(state: State, by: int, worker: Worker) -> State:
    return state._replace(workers=tuple(sorted((*state.workers[:by], worker, *state.workers[by + 1 :]))))
