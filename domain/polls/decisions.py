"""What a poll says once and not again: a record it cannot read, a failure that stands."""

from collections.abc import Sequence

from domain.event import Event, Recorded
from domain.polls.events import PollFailed, PollRecordMalformed, PollRecordRead


def decide_malformed(history: Sequence[Recorded], *, flow: str, record: str, text: str) -> tuple[Event, ...]:
    """Record the malformed record unless its stream's last word is the same."""
    said = PollRecordMalformed(flow=flow, record=record, text=text)
    return () if history and history[-1].event == said else (said,)


def decide_read(history: Sequence[Recorded], *, flow: str, record: str) -> tuple[Event, ...]:
    """Record that the record was read well when its stream's last word is that it could not be."""
    unread = bool(history) and isinstance(history[-1].event, PollRecordMalformed)
    return (PollRecordRead(flow=flow, record=record),) if unread else ()


def decide_failed(history: Sequence[Recorded], *, flow: str, verdict: str, text: str) -> tuple[Event, ...]:
    """Record the failure unless the same one was recorded since the flow's last success."""
    said = PollFailed(flow=flow, verdict=verdict, text=text)
    for recorded in reversed(history):
        if not isinstance(recorded.event, PollFailed):
            break
        if recorded.event == said:
            return ()
    return (said,)


def failure_stands(history: Sequence[Recorded]) -> bool:
    """Whether the last word of a flow's stream of failures is a failure: the next success is worth an event."""
    return bool(history) and isinstance(history[-1].event, PollFailed)
