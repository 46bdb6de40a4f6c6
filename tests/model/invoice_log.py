"""What may be appended to the log of an invoice, and what each append makes of it."""

from collections.abc import Callable

from tests.model.invoice_state import (
    AT_REST,
    CONFIRMED,
    DESK,
    DOUBT,
    FRESH,
    INTENT,
    LOOKED,
    LOOKING,
    NEW,
    REFUSED,
    REJECTED,
    AttemptId,
    Doc,
    State,
    Worker,
    swap,
)
from tests.model.invoice_state import TWICE as FOUND_TWICE
from tests.model.variants import InvoiceRules

# Verdicts of one answer on one invoice.
RECEIPT, REFUSAL, NOT_SENT, UNKNOWN = range(4)


def append(state: State, docs: tuple[Doc, ...], *, by: int, now: Worker, rules: InvoiceRules) -> State:
    """Commit new versions of invoices; `by` becomes `now`.

    Appends are compare-and-set: whoever works from an older version of a changed invoice would fail at its
    own append, so it is sent back to rest at once. Owners of an attempt keep their answer: they re-read.
    """
    changed = {at for at, doc in enumerate(docs) if doc != state.docs[at]}
    workers = list(state.workers)
    if by >= 0:
        workers[by] = now
    if rules.compare_and_set:
        for at, worker in enumerate(workers):
            if at != by and worker.kind in {FRESH, LOOKING, LOOKED} and changed.intersection(worker.docs):
                workers[at] = AT_REST
    return state._replace(docs=docs, workers=tuple(sorted(workers)))


def replace_docs(docs: tuple[Doc, ...], which: tuple[int, ...], change: Callable[[Doc], Doc]) -> tuple[Doc, ...]:
    return tuple(change(doc) if at in which else doc for at, doc in enumerate(docs))


def settled(doc: Doc, phase: int, *, tied: AttemptId | None = None) -> Doc:
    """End an invoice's doubt; what only mattered while it was open is forgotten."""
    ids = doc.tied if tied is None else tuple(sorted({*doc.tied, tied}))
    return Doc(phase=phase, attempt=doc.attempt, opened=doc.opened, doubts=doc.doubts, tied=ids)


def reopened(doc: Doc, *, absent: bool) -> Doc:
    """Let the invoice be sent under a new attempt; `absent` says that nothing of it is at AvidXchange."""
    return Doc(phase=NEW, attempt=doc.attempt, absent=absent, doubts=doc.doubts, tied=doc.tied)


def doubted(doc: Doc, rules: InvoiceRules) -> Doc:
    """Put an open attempt in doubt; blind retry takes doubt for absence."""
    doc = doc._replace(doubts=doc.doubts + 1)
    if not rules.looks_before_retry:
        return proven_absent(doc)
    return doc._replace(phase=DOUBT, empties=0, gap=0)


def proven_absent(doc: Doc) -> Doc:
    """End a doubt with nothing found: a new attempt, or the desk when it was the second doubt."""
    return reopened(doc, absent=True) if doc.doubts < 2 else settled(doc, DESK)


def looked_empty(doc: Doc, *, seen: int, age: int, rules: InvoiceRules) -> Doc:
    """Count one conclusive empty look-up whose counted answer is `age` ticks old."""
    if seen + 1 >= rules.empty_looks:
        return proven_absent(doc)
    return doc._replace(empties=seen + 1, gap=age if rules.lag_between_looks else 0)


def answered(doc: Doc, attempt: AttemptId, verdict: int, *, incarnation: int, rules: InvoiceRules) -> Doc:
    """Record the owner's answer, in time or late, on one invoice."""
    if doc.opened == attempt and doc.phase == INTENT and attempt[0] == incarnation:
        return in_time(doc, attempt, verdict, rules)
    if verdict == RECEIPT:
        return late_receipt(doc, attempt)
    if verdict in {REFUSAL, NOT_SENT}:
        same = doc.opened == attempt and doc.phase == DOUBT and attempt[0] == incarnation
        if same:
            return in_time(doc, attempt, verdict, rules)
        if verdict == REFUSAL and doc.phase in {NEW, INTENT, DOUBT} and not rules.late_refusal_settles_nothing:
            return settled(doc, REFUSED)
    return doc


def in_time(doc: Doc, attempt: AttemptId, verdict: int, rules: InvoiceRules) -> Doc:
    if verdict == RECEIPT:
        return settled(doc, CONFIRMED, tied=attempt)
    if verdict == REFUSAL:
        return settled(doc, REFUSED)
    if verdict == NOT_SENT:
        return reopened(doc, absent=True)
    return doubted(doc, rules)


def late_receipt(doc: Doc, attempt: AttemptId) -> Doc:
    """Attribute a receipt that came after the doubt; one beside another receipt is found twice."""
    if attempt in doc.tied:
        return doc
    if doc.phase == CONFIRMED or (doc.phase == INTENT and doc.opened != attempt):
        return settled(doc, FOUND_TWICE, tied=attempt)
    return settled(doc, CONFIRMED, tied=attempt)


def went_back(doc: Doc) -> Doc:
    """Void what look-ups said before the store went back in time."""
    return doc._replace(empties=0, gap=0, absent=False)


def ordered_again(doc: Doc) -> Doc:
    """A person orders a rejected invoice once more; the ids known so far stay tied to earlier attempts."""
    return reopened(doc, absent=False) if doc.phase == REJECTED else doc


def intent(state: State, which: tuple[int, ...]) -> tuple[tuple[Doc, ...], AttemptId]:
    """Open one attempt for all members of a batch in one transaction."""
    members = tuple((at, state.docs[at].attempt + 1) for at in which)
    attempt: AttemptId = (state.incarnation, members)
    docs = replace_docs(
        state.docs,
        which,
        lambda doc: Doc(phase=INTENT, attempt=doc.attempt + 1, opened=attempt, doubts=doc.doubts, tied=doc.tied),
    )
    return docs, attempt


def rest(state: State, by: int) -> State:
    """Let one worker forget everything."""
    return state._replace(workers=swap(state.workers, by, AT_REST))
