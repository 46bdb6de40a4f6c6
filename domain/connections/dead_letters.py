"""Dead letters of the broker as facts: recorded once a day per queue and cause, however many there are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.connections.events import DeadLetterFound
from domain.event import Recorded
from domain.identifiers import stream_id

SAID_FOR = timedelta(days=1)


def dead_letter_stream(connection: UUID, fact: DeadLetterFound) -> UUID:
    """Give the stream of a queue's dead letters of one cause."""
    return stream_id(connection, "dead-letter", f"{fact.queue}:{fact.cause}")


def decide_dead_letter(
    history: Sequence[Recorded], fact: DeadLetterFound, *, now: datetime
) -> tuple[DeadLetterFound, ...]:
    """Give the fact, or nothing when the same was recorded within a day."""
    if history and now - history[-1].meta.recorded_at < SAID_FOR:
        return ()
    return (fact,)
