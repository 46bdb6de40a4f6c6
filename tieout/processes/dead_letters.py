"""Records the broker's dead letters on the connections they concern, so that they become issues."""

from collections.abc import Collection
from uuid import UUID

from actors.settle import History, appended, settle
from domain.connections.dead_letters import dead_letter_stream, decide_dead_letter
from domain.connections.events import DeadLetterFound
from domain.event import Append
from domain.ports import EventLog
from domain.ports.store import Causes


def record_dead_letter(
    log: EventLog, fact: DeadLetterFound, *, named: UUID | None, connections: Collection[UUID]
) -> None:
    """Record a dead letter on the connection it named, on all when it named none of them. Raises StoreError."""
    for connection in [named] if named is not None and named in connections else connections:
        _record(log, fact, connection)


def _record(log: EventLog, fact: DeadLetterFound, connection: UUID) -> None:
    stream = dead_letter_stream(connection, fact)

    def decide(history: History) -> list[Append]:
        return [appended(history[stream], stream, *decide_dead_letter(history[stream], fact, now=log.now()))]

    settle(log, [stream], decide, causes=Causes(connection=connection, correlation_id="dead-letter"))
