"""Facts about a poll."""

from typing import ClassVar

from domain.event import Event, topic


@topic
class PollCompleted(Event, frozen=True, kw_only=True):
    """A poll that found something ended; watermark: where the next one begins (the remote's clock)."""

    TOPIC: ClassVar[str] = "poll.completed/1"
    flow: str
    watermark: str
    pages: int
    seen: int
    recorded: int
    calls: int


@topic
class PollRecordMalformed(Event, frozen=True, kw_only=True):
    """A record the poll could not read; its neighbours went on."""

    TOPIC: ClassVar[str] = "poll.record-malformed/1"
    flow: str
    record: str
    text: str


@topic
class PollRecordRead(Event, frozen=True, kw_only=True):
    """A record that could not be read before was read well."""

    TOPIC: ClassVar[str] = "poll.record-read/1"
    flow: str
    record: str


@topic
class PollFailed(Event, frozen=True, kw_only=True):
    """A poll gave up; verdict: what happens next (retry bounded, stop). Passing faults are not recorded."""

    TOPIC: ClassVar[str] = "poll.failed/1"
    flow: str
    verdict: str
    text: str
