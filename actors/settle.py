"""Append by compare-and-set: read, decide, append; when somebody was faster, read and decide again."""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from domain.errors import ConflictError, StoreError
from domain.event import Append, Event, Recorded
from domain.ports import EventLog
from domain.ports.store import Causes, Guard, PollMark

CONFLICT_TRIES = 20
STORE_TRIES = 3
History = dict[UUID, list[Recorded]]
Decide = Callable[[History], Sequence[Append]]


def settle(
    log: EventLog,
    streams: Sequence[UUID],
    decide: Decide,
    *,
    causes: Causes,
    mark: PollMark | None = None,
    guard: Guard | None = None,
    unmoved: Sequence[UUID] = (),
) -> Sequence[Append]:
    """Decide over fresh history until the append holds; give what was appended ([] when nothing is to say).

    unmoved: of `streams`, those nothing is appended to and that must still stand, at the append, as they were read.

    Verdict on failure: ConflictError and StoreError are tried again with a fresh read, a bounded number of times,
    then raised. `decide` must be idempotent: after an unknown commit it sees its own events and gives nothing.
    """
    unique = list(dict.fromkeys(streams))
    conflicts = store_faults = 0
    while True:
        try:
            history = log.load(unique)
            appends = merged(decide(history))
            if appends or mark is not None:
                log.append([*appends, *_still(appends, history, unmoved)], causes=causes, mark=mark, guard=guard)
        except ConflictError:
            conflicts += 1
            if conflicts == CONFLICT_TRIES:
                raise
        except StoreError:
            store_faults += 1
            if store_faults == STORE_TRIES:
                raise
        else:
            return appends


def merged(appends: Sequence[Append]) -> list[Append]:
    """Join appends to one stream, in order, and drop empty ones."""
    streams: dict[UUID, Append] = {}
    for append in appends:
        if append.events:
            before = streams.get(append.stream)
            events = append.events if before is None else before.events + append.events
            streams[append.stream] = msgspec.structs.replace(append, events=events)
    return list(streams.values())


def _still(appends: Sequence[Append], history: History, unmoved: Sequence[UUID]) -> list[Append]:
    """Append nothing to these streams, so that their versions are checked all the same."""
    moving = {append.stream for append in appends}
    return [appended(history[stream], stream) for stream in unmoved if stream not in moving]


def appended(history: Sequence[Recorded], stream: UUID, *events: Event | None) -> Append:
    """Make an append at the end of a stream's history; None among the events is left out."""
    kept = tuple(event for event in events if event is not None)
    return Append(stream=stream, expected_version=len(history), events=kept)
