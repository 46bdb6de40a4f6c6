"""Stored examples: how an example event becomes a golden file and is read back."""

import re
from pathlib import Path
from uuid import UUID

import msgspec
from eventsourcing.persistence import Notification

from adapters.eventlog.mapper import EventMapper
from domain.event import Event, Recorded
from domain.identifiers import stream_id
from tests.golden.examples import connections, invoices, payments, postings, records, submissions
from tests.golden.examples.common import IDENTITY, META

FOLDER = Path(__file__).parent / "events"
DATA_KEY = bytes(range(32))  # the pretend suppliers' data key
STREAM = stream_id(IDENTITY.id, "golden", "")
MODULES = (connections, records, invoices, submissions, payments, postings)

# What each topic ever shipped reads as today. A topic that gave way to a newer version stays in its file and gets
# an entry here by hand: what its upcast makes of it.
EXAMPLES: dict[str, Event] = {event.TOPIC: event for module in MODULES for event in module.EXAMPLES}

CIPHERTEXT = re.compile(rb'\["([A-Za-z0-9+/]{36,}=*)"\]')


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """A stored event as its file holds it; state: the bytes of the store, laid out for people."""

    topic: str
    stream: UUID
    version: int
    state: msgspec.Raw

    @property
    def stored_state(self) -> bytes:
        """The bytes as the store holds them."""
        return msgspec.json.format(bytes(self.state), indent=-1)

    def read(self, mapper: EventMapper) -> Recorded:
        """Read it as the store does."""
        notification = Notification(
            id=1,
            originator_id=self.stream,
            originator_version=self.version,
            topic=self.topic,
            state=self.stored_state,
        )
        return mapper.to_recorded(notification, {self.stream: DATA_KEY})


def recorded(event: Event) -> Recorded:
    """Record an example as the first event of its stream."""
    return Recorded(stream=STREAM, version=1, position=1, meta=META, event=event)


def path_of(topic: str) -> Path:
    """Name a topic's file: `invoice.submitted/1` stands in `invoice.submitted.1.json`."""
    return FOLDER / f"{topic.replace('/', '.')}.json"


def load(path: Path) -> Golden:
    """Read a golden file."""
    return msgspec.json.decode(path.read_bytes(), type=Golden)


def make(topic: str) -> bytes:
    """Make the golden file of an example."""
    stored = EventMapper().to_stored(recorded(EXAMPLES[topic]), {STREAM: DATA_KEY})
    golden = Golden(topic=topic, stream=STREAM, version=1, state=msgspec.Raw(stored.state))
    return msgspec.json.format(msgspec.json.encode(golden), indent=2) + b"\n"
