"""I10: an attempt has one intent and one answer of its owner; of an invoice nobody else speaks before its deadline."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

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
    """I10: that nobody answered for an invoice is said after the deadline, never while the owner may still send.

    What a doubt of a posting says does not tell its owner from another; the wire is watched for those.
    """
    deadlines: dict[tuple[UUID, str], datetime] = {}
    for recorded in world.all_ever():
        match recorded.event:
            case s.InvoiceSubmissionStarted() as intent:
                deadlines[recorded.stream, intent.attempt_id] = intent.deadline
            case s.InvoiceSubmissionDoubted(why="nobody answered") as doubt:
                if recorded.meta.recorded_at < deadlines[recorded.stream, doubt.attempt_id]:
                    yield f"attempt {doubt.attempt_id} was doubted by another before its deadline"
