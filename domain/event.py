"""What every event is: an immutable fact with a topic, both times, and who or what caused it."""

from datetime import datetime
from typing import ClassVar, TypeVar
from uuid import UUID

import msgspec

MAPPING_VERSION = 1  # rises when the same facts would be written abroad differently


class Personal(msgspec.Struct, frozen=True, array_like=True):
    """Personal data (tax id, e-mail, phone, address line): stored as ciphertext, erasable by its key.

    `value` is the plain text while in memory; "" stands for an erased value.
    """

    value: str

    def __repr__(self) -> str:
        """Keep personal data out of logs and tracebacks."""
        return "Personal(…)"

    __str__ = __repr__


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact in the past tense; `TOPIC` is its persisted name with a version, for example `invoice.submitted/1`."""

    TOPIC: ClassVar[str] = ""


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside every fact.

    connection: the pinned identity's id (never the connection's name); occurred_at: when it happened out
    there; recorded_at: when we learned it, by the store's clock; both UTC.  correlation_id: the poll, run or
    command it belongs to; causation_id: the event or command that led to it; actor: `tieout` or a person.
    """

    connection: UUID
    recorded_at: datetime
    occurred_at: datetime
    correlation_id: str
    causation_id: str = ""
    actor: str = "tieout"
    mapping_version: int = MAPPING_VERSION


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One stored event: its stream, its version in it (from 1), its position in the log, its fact."""

    stream: UUID
    version: int
    position: int = 0
    meta: Meta
    event: Event


class Append(msgspec.Struct, frozen=True, kw_only=True):
    """Facts to append to one stream, provided it still is at `expected_version` (0 = the stream is new)."""

    stream: UUID
    expected_version: int
    events: tuple[Event, ...]
    occurred_at: datetime | None = None


_E = TypeVar("_E", bound="Event")
_TOPICS: dict[str, type[Event]] = {}


def topic(cls: type[_E]) -> type[_E]:
    """Register an event class under its TOPIC; two classes with one topic are a programming error."""
    name = cls.TOPIC
    if not name or "/" not in name or name in _TOPICS:
        raise ValueError(f"{cls.__name__}: the topic {name!r} is missing, has no version or is taken")
    _TOPICS[name] = cls
    return cls


def topics() -> dict[str, type[Event]]:
    """Give every registered topic with its class."""
    return dict(_TOPICS)
