"""I10: an attempt has one intent and one answer, its owner's; nobody else speaks of it before its deadline."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from domain.event import Recorded
from domain.invoices import submission_events as s
from domain.postings import events as p
from tieout.simulation.world import World

ANSWERS = (
    s.InvoiceNotSent,
    s.InvoiceSubmitted,
    s.InvoiceSubmissionRefused,
    p.PostingNotSent,
    p.PostingRefused,
    p.PostingHandedOver,
)


def one_owner_per_attempt(world: World) -> Iterator[str]:
    """I10: an attempt has one intent, and at most one outcome appended as its owner's answer."""
    intents: dict[str, set[str]] = defaultdict(set)
    answers: Counter[tuple[UUID, str]] = Counter()
    for recorded in world.all_ever():
        match recorded.event:
            case s.InvoiceSubmissionStarted() as started:
                intents[started.attempt_id].add(started.batch)
            case p.PostingStarted() | p.PostingHandoverStarted() as chain:
                intents[chain.attempt_id].add(type(chain).__name__)
            case s.InvoiceSubmissionRefused(attempt_id=""):
                pass  # our own check of a limit: nothing was attempted
            case answer if isinstance(answer, ANSWERS):
                answers[recorded.stream, answer.attempt_id] += 1
    for attempt_id, ways in intents.items():
        if len(ways) > 1:
            yield f"attempt {attempt_id} stands for {', '.join(sorted(ways))}"
    for (_, attempt_id), number in answers.items():
        if attempt_id not in intents:
            yield f"attempt {attempt_id} was answered and never begun"
        elif number > 1:
            yield f"attempt {attempt_id} was answered {number} times"


def only_owners_speak_early(world: World) -> Iterator[str]:
    """I10: that nobody answered is said after the deadline, never while the owner may still send.

    Of an invoice the doubt says so itself. What a process records of postings carries its name, as its attempts do:
    a posting's answer is its owner's, and so is a doubt before the deadline.
    """
    deadlines: dict[tuple[UUID, str], datetime] = {}
    for recorded in world.all_ever():
        event, by_owner = recorded.event, False
        match event:
            case s.InvoiceSubmissionStarted() | p.PostingStarted() | p.PostingHandoverStarted():
                deadlines[recorded.stream, event.attempt_id] = event.deadline
                continue
            case p.PostingNotSent() | p.PostingRefused() | p.PostingHandedOver():
                if not _is_by_owner(recorded, event.attempt_id):
                    yield f"attempt {event.attempt_id} was answered by another ({recorded.meta.correlation_id})"
                continue
            case s.InvoiceSubmissionDoubted():
                by_owner = event.why != "nobody answered"
            case p.PostingDoubted():
                by_owner = _is_by_owner(recorded, event.attempt_id)
            case _:
                continue
        deadline = deadlines.get((recorded.stream, event.attempt_id))
        if not by_owner and deadline is not None and recorded.meta.recorded_at < deadline:
            yield f"attempt {event.attempt_id} was doubted by another before its deadline"


def _is_by_owner(recorded: Recorded, attempt_id: str) -> bool:
    return recorded.meta.correlation_id.rpartition("-")[0] == attempt_id.rpartition("-")[0]
