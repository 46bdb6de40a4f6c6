"""Histories for the tests of upserted records: events in order, and the keys the relay would hold open."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.effects import Open, Shut
from domain.event import Event, Meta, Recorded
from domain.routing import route

STREAM = UUID(int=7)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def recorded(events: Iterable[Event], *, stream: UUID = STREAM) -> list[Recorded]:
    """Give the events as the log would: versions from 1, one a minute."""
    return [
        Recorded(
            stream=stream,
            version=version,
            position=version,
            meta=Meta(
                connection=UUID(int=1),
                recorded_at=START + timedelta(minutes=version),
                occurred_at=START,
                correlation_id="poll-1",
            ),
            event=event,
        )
        for version, event in enumerate(events, start=1)
    ]


def open_keys(history: Sequence[Recorded]) -> set[str]:
    """Give the keys that routing leaves open after a history."""
    keys: set[str] = set()
    for entry in history:
        for effect in route(entry):
            if isinstance(effect, Open):
                keys.add(effect.key)
            elif isinstance(effect, Shut):
                keys.discard(effect.key)
    return keys
