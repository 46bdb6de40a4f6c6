"""The submission of invoices to AvidXchange: every move of the workers, the log, the wire and the remote.

Covered: the first look-up, the intent with its attempt id and deadline, every crash point (a crash is possible
wherever a worker remembers something), a request lost, turned away or taken late, each member accepted or
refused, an answer lost, late or lacking a result, zombies that wake at any time, both look-ups with batch and
invoice lagging, processing of any length, two empty look-ups, the second doubt (desk), a rejected invoice that
a person orders again, and one restored backup (taken at any moment, the old workers living on).
States: one invoice 14,633; ordered again 35,952; restored backup 153,711; two invoices 93,001.

Bounds: three attempts for one invoice, two with a restore or two invoices; two invoices have one worker, and
the second invoice is there from the start or joins the first one's second attempt; doubted members of one
batch are looked up together. A restore assumes that batches of the lost time close within PROCESSING.
Left out: halving, DUPLICATE_INVOICE, found with other amounts, whole-payload refusals (like every member refused),
sends that end half written (like a request lost), a look-up that fails (like one not made).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.model.avidxchange import doorway, own_pace
from tests.model.invoice_log import (
    NOT_SENT,
    RECEIPT,
    REFUSAL,
    UNKNOWN,
    answered,
    append,
    doubted,
    intent,
    looked_empty,
    ordered_again,
    replace_docs,
    rest,
    settled,
    went_back,
)
from tests.model.invoice_state import (
    AT_REST,
    CONFIRMED,
    DOUBT,
    FOUND,
    FRESH,
    IDLE,
    INTENT,
    LOOKED,
    LOOKING,
    NEW,
    READY,
    REFUSED,
    REJECTED,
    SHOWN,
    TURNED_AWAY,
    TWICE,
    VOIDED,
    WAITING,
    AttemptId,
    Doc,
    State,
    Worker,
    may_tick,
    quiet,
    swap,
    tick,
)
from tests.model.search import Move
from tests.model.timing import DEADLINE, GAP, HOLD, TRUSTED
from tests.model.variants import InvoiceRules

Moves = Iterator[Move[State]]


@dataclass(frozen=True)
class InvoiceBounds:
    """How much world is explored: the attempts a document may use, and which extra troubles happen."""

    docs: int = 1
    workers: int = 2
    attempts: int = 3
    restores: bool = False
    rejects: int = 0
    orders: int = 0


class Invoices:
    """The machine the search explores."""

    def __init__(self, rules: InvoiceRules, bounds: InvoiceBounds) -> None:
        self.rules = rules
        self.bounds = bounds

    def initial(self) -> Iterable[State]:
        """Start with all invoices approved, or with one that the other joins before its second attempt."""
        state = State(docs=(Doc(),) * self.bounds.docs, workers=(AT_REST,) * self.bounds.workers)
        yield state._replace(arrived=self.bounds.docs)
        if self.bounds.docs > 1:
            yield state

    def ended(self, state: State) -> bool:
        """Say whether every invoice is confirmed, refused, rejected, held or at a person's desk."""
        return all(
            doc.phase not in {NEW, INTENT, DOUBT} or (doc.phase == NEW and doc.attempt == self.bounds.attempts)
            for doc in state.docs[: state.arrived]
        )

    def broken(self, state: State) -> Iterator[str]:
        """Yield what the world must never show."""
        if state.wrong:
            yield state.wrong
        for at, doc in enumerate(state.docs):
            records = [batch.records[at] for batch in state.batches if batch.records[at]]
            live = len([record for record in records if record != VOIDED])
            if live > 1:
                yield "doubled"
            if doc.phase == CONFIRMED and not records:
                yield "claimed"
            if doc.phase == REFUSED and live:
                yield "called refused"
            if doc.phase == REJECTED and live:
                yield "called rejected"
            if doc.phase == REJECTED and len(doc.tied) <= state.orders:
                yield "an order was not carried out"

    def moves(self, state: State) -> Moves:
        """Yield everything that can happen next, without differences nobody can notice."""
        if self.bounds.restores or self.bounds.rejects:
            yield from self.steps(state)
            return
        for name, fault, after in self.steps(state):
            yield Move(name, fault, quiet(after))

    def steps(self, state: State) -> Moves:
        bounded = self.bounds.restores
        if may_tick(state, bounded_processing=bounded):
            later = tick(state, bounded_processing=bounded)
            if later != state:
                yield Move("a tick passes", False, later)
        first = state.docs[0]
        joins = first.phase == NEW and first.attempt and not any(w.kind == FRESH for w in state.workers)
        if state.arrived < self.bounds.docs and joins:
            yield Move("another invoice is approved", True, state._replace(arrived=state.arrived + 1))
        yield from self.doubts(state)
        yield from self.persons(state)
        yield from self.store(state)
        yield from doorway(state)
        yield from own_pace(state, rejects=self.bounds.rejects)
        seen = set()
        for at, worker in enumerate(state.workers):
            if worker not in seen:
                seen.add(worker)
                yield from self.works(state, at, worker)

    # the log, without a worker's memory

    def doubts(self, state: State) -> Moves:
        """Anyone may doubt an attempt once its deadline has passed."""
        for at, doc in enumerate(state.docs):
            if doc.phase == INTENT and doc.age > DEADLINE:
                which = tuple(i for i, d in enumerate(state.docs) if d.opened == doc.opened and d.phase == INTENT)
                if which[0] == at:
                    docs = replace_docs(state.docs, which, lambda d: doubted(d, self.rules))
                    yield Move("the attempt is doubted", False, self.commit(state, docs))

    def persons(self, state: State) -> Moves:
        for at, doc in enumerate(state.docs):
            if doc.phase == REJECTED and state.orders < self.bounds.orders and doc.attempt < self.bounds.attempts:
                docs = replace_docs(state.docs, (at,), ordered_again)
                after = self.commit(state, docs)._replace(orders=state.orders + 1)
                yield Move("a person orders it again", True, after)

    def store(self, state: State) -> Moves:
        """A backup is taken once, and once the store goes back to it."""
        if not self.bounds.restores or state.incarnation:
            return
        if not state.backup:
            yield Move("a backup is taken", True, state._replace(backup=state.docs))
            return
        docs = tuple(went_back(doc) for doc in state.backup) if self.rules.hold_after_restore else state.backup
        hold = HOLD if self.rules.hold_after_restore else 0
        forgetful = {FRESH, LOOKING, LOOKED}
        workers = tuple(sorted(AT_REST if w.kind in forgetful else w for w in state.workers))
        back = state._replace(docs=docs, workers=workers, backup=(), incarnation=1, hold=hold)
        yield Move("the store goes back to the backup", True, back)

    # the workers

    def works(self, state: State, by: int, worker: Worker) -> Moves:
        if worker.kind != IDLE:
            yield Move("a worker crashes", True, self.crashed(state, by, worker))
        if worker.kind == IDLE:
            yield from self.takes_up(state, by)
        elif worker.kind == FRESH:
            yield from self.opens(state, by, worker.docs)
        elif worker.kind == READY:
            yield from self.sends(state, by, worker)
        elif worker.kind == WAITING:
            yield from self.hears(state, by, worker)
        elif worker.kind == LOOKING:
            yield self.looks_on(state, by, worker)
        else:
            yield self.counts(state, by, worker)

    def crashed(self, state: State, by: int, worker: Worker) -> State:
        after = rest(state, by)
        if worker.kind == WAITING:
            after = after._replace(requests=without_answer(state, worker.attempt))
        return after

    def takes_up(self, state: State, by: int) -> Moves:
        """An idle worker sends what is due, or looks after one doubt."""
        due = tuple(
            at
            for at, doc in enumerate(state.docs[: state.arrived])
            if doc.phase == NEW and doc.attempt < self.bounds.attempts
        )
        held = state.hold > 0
        known = not self.rules.first_send_looked_up or all(state.docs[at].absent for at in due)
        if due and known:
            yield from self.opens(state, by, due)
        elif due and not (held and self.rules.looks_during_hold_void):
            yield self.looks_first(state, by, due)
        if not (held and self.rules.looks_during_hold_void):
            yield from self.begins_looks(state, by)
        for doc in state.docs:
            if doc.phase == INTENT and not self.rules.owner_only and doc.age <= DEADLINE:
                stranger = Worker(kind=READY, attempt=doc.opened, age=doc.age, owner=False)
                taken = state._replace(workers=swap(state.workers, by, stranger))
                yield Move("another worker takes the intent for its own", False, taken)

    def opens(self, state: State, by: int, which: tuple[int, ...]) -> Moves:
        """The intent's transaction checks the hold, the incarnation and the versions."""
        if state.hold == 0:
            docs, attempt = intent(state, which)
            owner = Worker(kind=READY, attempt=attempt)
            yield Move("the intent is appended", False, self.commit(state, docs, by, owner))

    def looks_first(self, state: State, by: int, due: tuple[int, ...]) -> Move[State]:
        """One look-up of all members before a first send; what is found is adopted."""
        found = [(at, *self.what_is_found(state, at)) for at in due]
        if not any(phase for _, phase, _ in found):
            fresh = Worker(kind=FRESH, docs=due)
            return Move("looked up: nothing there", False, state._replace(workers=swap(state.workers, by, fresh)))
        docs = state.docs
        for at, phase, tied in found:
            if phase:
                docs = replace_docs(docs, (at,), lambda d, p=phase, t=tied: settled(d, p, tied=t))  # type: ignore[misc]  # early binding
        return Move("looked up: adopted", False, self.commit(state, docs, by, AT_REST))

    def sends(self, state: State, by: int, worker: Worker) -> Moves:
        """The owner writes the request before its deadline, or knows that it wrote nothing."""
        in_time = worker.age <= DEADLINE
        if in_time or not self.rules.deadline_kept:
            wrong = "" if in_time else "sent after the deadline"
            wrong = wrong or ("" if worker.owner else "sent by a stranger")
            waiting = Worker(kind=WAITING, attempt=worker.attempt)
            after = state._replace(
                workers=swap(state.workers, by, waiting),
                requests=tuple(sorted((*state.requests, (worker.attempt, 0)))),
                wrong=state.wrong or wrong,
            )
            yield Move("the request is sent", False, after)
        verdicts = {doc: NOT_SENT for doc, _ in worker.attempt[1]}
        if worker.owner:
            yield Move("nothing was sent", in_time, self.outcome(state, by, worker, verdicts))

    def hears(self, state: State, by: int, worker: Worker) -> Moves:
        """The owner gets an answer, whole or in part, late or in time; or gives up waiting."""
        members = [doc for doc, _ in worker.attempt[1]]
        lost = self.outcome(state, by, worker, dict.fromkeys(members, UNKNOWN))
        batch = next((batch for batch in state.batches if batch.attempt == worker.attempt), None)
        if batch:
            verdicts = {doc: RECEIPT if batch.records[doc] else REFUSAL for doc in members}
            yield Move("the answer arrives", False, self.outcome(state, by, worker, verdicts))
            gap = UNKNOWN if self.rules.missing_result_is_doubt else REFUSAL
            for missing in members:
                part = self.outcome(state, by, worker, {**verdicts, missing: gap})
                yield Move("the answer lacks a result", True, part)
        if (worker.attempt, TURNED_AWAY) in state.requests:
            verdicts = dict.fromkeys(members, NOT_SENT)
            yield Move("turned away", False, self.outcome(state, by, worker, verdicts))
        coming = batch or any(attempt == worker.attempt for attempt, _ in state.requests)
        yield Move("no answer: doubt", bool(coming), lost)

    def outcome(self, state: State, by: int, worker: Worker, verdicts: dict[int, int]) -> State:
        """Append the outcomes of all members in one transaction."""
        docs = tuple(
            answered(doc, worker.attempt, verdicts[at], incarnation=state.incarnation, rules=self.rules)
            if at in verdicts
            else doc
            for at, doc in enumerate(state.docs)
        )
        after = self.commit(state, docs, by, AT_REST)
        return after._replace(requests=without_answer(state, worker.attempt))

    # look-ups of a doubt: the doubted members of one batch together

    def begins_looks(self, state: State, by: int) -> Moves:
        """The first call of a look-up: the batch, or (a mistake) its invoices."""
        from_when = TRUSTED if self.rules.settle_window else DEADLINE + 1
        doubts = [at for at, doc in enumerate(state.docs) if doc.phase == DOUBT]
        for alike in {state.docs[at]._replace(tied=(), doubts=0) for at in doubts}:
            early = alike.empties and self.rules.lag_between_looks and alike.gap < GAP
            if alike.age < from_when or early:
                continue
            which = tuple(at for at in doubts if state.docs[at]._replace(tied=(), doubts=0) == alike)
            looking = Worker(kind=LOOKING, docs=which, note=alike.empties, age=GAP)
            if not self.rules.batch_before_invoices:
                yield self.reads_invoices(state, by, looking._replace(age=0))
                continue
            looking = looking._replace(conclusive=self.batch_settled(state, alike))
            name = f"the batch is looked up: {'closed or unknown' if looking.conclusive else 'open'}"
            yield Move(name, False, state._replace(workers=swap(state.workers, by, looking)))

    def reads_invoices(self, state: State, by: int, then: Worker) -> Move[State]:
        """Settle what the invoices' look-up shows; the rest goes on with worker `then`."""
        docs = state.docs
        rest_of = []
        for at in then.docs:
            phase, tied = self.what_is_found(state, at)
            if not self.rules.members_prove_themselves and self.batch_is_there(state, docs[at]):
                phase, tied = CONFIRMED, docs[at].opened
            if phase:
                docs = replace_docs(docs, (at,), lambda d, p=phase, t=tied: settled(d, p, tied=t))  # type: ignore[misc]  # early binding
            else:
                rest_of.append(at)
        found = len(then.docs) - len(rest_of)
        if then.kind == IDLE:
            docs = replace_docs(docs, tuple(rest_of), lambda d: d._replace(empties=0, gap=0))
        now = then._replace(docs=tuple(rest_of)) if rest_of and then.kind != IDLE else AT_REST
        name = f"the invoices are looked up: {found} found"
        return Move(name, False, self.commit(state, docs, by, now))

    def looks_on(self, state: State, by: int, worker: Worker) -> Move[State]:
        """The second call of a look-up; an open batch makes it inconclusive and restarts the count."""
        doc = state.docs[worker.docs[0]]
        if not self.rules.batch_before_invoices:
            if self.batch_settled(state, doc):
                looked = worker._replace(kind=LOOKED, age=0 if self.rules.gap_from_last_answer else worker.age)
                after = state._replace(workers=swap(state.workers, by, looked))
                return Move("the batch is looked up: closed or unknown", False, after)
            docs = replace_docs(state.docs, worker.docs, lambda d: d._replace(empties=0, gap=0))
            return Move("the batch is looked up: open", False, self.commit(state, docs, by, AT_REST))
        if worker.conclusive:
            return self.reads_invoices(state, by, worker._replace(kind=LOOKED, age=0))
        return self.reads_invoices(state, by, AT_REST._replace(docs=worker.docs))

    def counts(self, state: State, by: int, worker: Worker) -> Move[State]:
        """Append what a conclusive empty look-up means."""
        docs = replace_docs(
            state.docs,
            worker.docs,
            lambda d: looked_empty(d, seen=worker.note, age=worker.age, rules=self.rules),
        )
        return Move("the empty look-up is appended", False, self.commit(state, docs, by, AT_REST))

    def what_is_found(self, state: State, at: int) -> tuple[int, AttemptId | None]:
        """Judge the invoices a look-up shows: the phase they lead to (NEW: nothing) and the id to tie."""
        ignored = state.docs[at].tied if self.rules.earlier_ids_ignored else ()
        shown = [b for b in state.batches if b.records[at] >= FOUND and b.attempt not in ignored]
        live = [batch for batch in shown if batch.records[at] == FOUND]
        if len(live) > 1:
            return TWICE, None
        if live:
            return CONFIRMED, live[0].attempt
        return (REJECTED, shown[0].attempt) if shown else (NEW, None)

    def batch_settled(self, state: State, doc: Doc) -> bool:
        """Say whether the batch is unknown, or every batch that carries its ExternalId is closed."""
        shown = [b.closed for b in state.batches if b.attempt[1] == doc.opened[1] and b.shown == SHOWN]
        if not shown or not self.rules.batch_must_be_closed:
            return True
        return all(shown) if self.rules.every_batch_of_the_id else any(shown)

    def batch_is_there(self, state: State, doc: Doc) -> bool:
        return any(b.attempt[1] == doc.opened[1] and b.shown == SHOWN for b in state.batches)

    def commit(self, state: State, docs: tuple[Doc, ...], by: int = -1, now: Worker = AT_REST) -> State:
        return append(state, docs, by=by, now=now, rules=self.rules)


def without_answer(state: State, attempt: AttemptId) -> tuple[tuple[AttemptId, int], ...]:
    """Drop an answer nobody waits for any more; a request still under way stays under way."""
    return tuple(row for row in state.requests if row != (attempt, TURNED_AWAY))
