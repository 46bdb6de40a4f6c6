"""Stored event <-> recorded event: msgspec JSON read back by type, old topics brought up to date on the way."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from eventsourcing.persistence import Notification, StoredEvent

import domain.routing  # noqa: F401 (importing it registers every event under its topic)
from adapters.eventlog.personal import holds_personal, seal, unseal
from domain.errors import MalformedError, MisconfiguredError
from domain.event import Event, Meta, Recorded, topics

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
Keys = Mapping[UUID, bytes | None]  # data key by stream, None where it was erased

# Old topic -> (next topic, how its JSON object becomes the next one's); chains are followed to the newest.
UPCASTS: Mapping[str, tuple[str, Upcast]] = {}


class _MetaOnly(msgspec.Struct, frozen=True):
    meta: Meta


class EventMapper:
    """Writes and reads the state of stored events: `{"meta": {...}, "event": {...}}`."""

    def __init__(
        self,
        *,
        upcasts: Mapping[str, tuple[str, Upcast]] = UPCASTS,
        registered: Callable[[], dict[str, type[Event]]] = topics,
    ) -> None:
        self._upcasts = upcasts
        self._registered = registered
        self._decoders: dict[str, tuple[type[Event], msgspec.json.Decoder[Any]]] = {}

    def to_stored(self, recorded: Recorded, keys: Keys) -> StoredEvent:
        """Write an event; personal fields under the stream's key."""
        event = recorded.event
        if holds_personal(type(event)):
            event = seal(event, stream=recorded.stream, key=keys[recorded.stream])
        return StoredEvent(
            originator_id=recorded.stream,
            originator_version=recorded.version,
            topic=event.TOPIC,
            state=msgspec.json.encode({"meta": recorded.meta, "event": event}),
        )

    def to_recorded(self, stored: Notification, keys: Keys) -> Recorded:
        """Read an event. Raises MisconfiguredError for a topic this program does not know, MalformedError else."""
        stream = UUID(str(stored.originator_id))
        event_type, envelope = self._envelope(stored)
        event = envelope.event
        if holds_personal(event_type):
            event = unseal(event, stream=stream, key=keys[stream])
        version = stored.originator_version
        return Recorded(stream=stream, version=version, position=stored.id, meta=envelope.meta, event=event)

    def check(self, stored: Notification) -> None:
        """Read an event, personal fields left sealed; raises as `to_recorded` does."""
        self._envelope(stored)

    def needs_key(self, topic: str) -> bool:
        """Whether events of a topic may hold personal fields."""
        return holds_personal(self._decoder(self._newest_topic(topic))[0])

    def read_meta(self, stored: StoredEvent) -> Meta:
        """Read only what stands beside the fact."""
        return msgspec.json.decode(stored.state, type=_MetaOnly).meta

    def _envelope(self, stored: Notification) -> tuple[type[Event], Any]:
        topic, state = self._newest(stored.topic, stored.state)
        event_type, decoder = self._decoder(topic)
        try:
            return event_type, decoder.decode(state)
        except msgspec.DecodeError as error:
            text = f"event {stored.id} ({stored.topic}) cannot be read: {error}"
            raise MalformedError(text, record=str(stored.id)) from error

    def _decoder(self, topic: str) -> tuple[type[Event], msgspec.json.Decoder[Any]]:
        if topic not in self._decoders:
            event_type = self._registered().get(topic)
            if event_type is None:
                raise MisconfiguredError(f"the store holds events of topic {topic!r}: written by a newer tieout")
            fields = [("meta", Meta), ("event", event_type)]
            envelope = msgspec.defstruct(f"{event_type.__name__}Envelope", fields, frozen=True)
            self._decoders[topic] = (event_type, msgspec.json.Decoder(envelope))
        return self._decoders[topic]

    def _newest_topic(self, topic: str) -> str:
        while topic in self._upcasts:
            topic = self._upcasts[topic][0]
        return topic

    def _newest(self, topic: str, state: bytes) -> tuple[str, bytes]:
        if topic not in self._upcasts:
            return topic, state
        # Numbers with a point stay decimals, so that money in an old event never becomes a float.
        envelope = msgspec.json.Decoder(float_hook=Decimal).decode(state)
        while topic in self._upcasts:
            topic, upcast = self._upcasts[topic]
            envelope["event"] = upcast(envelope["event"])
        return topic, msgspec.json.Encoder(decimal_format="number").encode(envelope)
