"""A log in memory with every projection folded from it, and events made up by their types."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

import domain.routing  # noqa: F401 (importing it registers every event)
from domain.event import Append, Event, topics
from domain.identifiers import InvoiceKey, PinnedIdentity, stream_id
from domain.money import Money
from domain.ports.store import Causes
from projections import issues
from projections.catalogue import ALL
from projections.issues import Issue
from projections.memory import MemoryProjections
from projections.runner import Runner
from tests.unit.domain.invoices import invoice_facts
from tieout.simulation.memory_store import MemoryStore

IDENTITY = PinnedIdentity("ACME_TST", 100, "https://avid.test")
CONNECTION = IDENTITY.id
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KEY = invoice_facts.KEY
EXTERNAL_ID = KEY.external_id


class Book:
    """What happened, a minute apart, and what the projections say of it."""

    def __init__(self) -> None:
        self._time = START
        self.log = MemoryStore(self._now).log
        self.store = MemoryProjections()
        self.runner = Runner(self.log, self.store, ALL)

    def _now(self) -> datetime:
        return self._time

    def happened(
        self, kind: str, key: str, *events: Event, actor: str = "tieout", connection: UUID = CONNECTION
    ) -> UUID:
        """Record events in a stream, then bring the projections up to date; give the stream."""
        stream = stream_id(connection, kind, key)
        for event in events:
            expected = len(self.log.load([stream])[stream])
            self.log.append(
                [Append(stream=stream, expected_version=expected, events=(event,))],
                causes=Causes(connection=connection, correlation_id="test", actor=actor),
            )
            self._time += timedelta(minutes=1)
        self.runner.catch_up()
        return stream

    def invoice(self, *events: Event, key: InvoiceKey = KEY) -> UUID:
        """Record events of an invoice."""
        return self.happened("invoice", key.external_id, *(moved(event, key) for event in events))


def open_issues(book: Book) -> list[Issue]:
    """Give the open issues, the most urgent first; they are as many as are counted."""
    found = issues.listed(book.store, CONNECTION)
    urgent = sum(issue.urgent for issue in found)
    assert issues.open_counts(book.store, CONNECTION) == {"urgent": urgent, "normal": len(found) - urgent}
    return found


def causes(book: Book) -> list[str]:
    """Give the causes of the open issues."""
    return [issue.cause for issue in open_issues(book)]


def moved(event: Event, key: InvoiceKey) -> Event:
    """Give an event of the usual invoice to another one."""
    content = getattr(event, "content", None)
    if content is not None:
        return msgspec.structs.replace(event, content=msgspec.structs.replace(content, key=key))
    return msgspec.structs.replace(event, key=key) if hasattr(event, "key") else event


@cache
def examples(event_type: type[Event]) -> tuple[Event, Event]:
    """Make up an event of a type twice: with everything that may be missing, and without."""
    return _made(event_type, full=True), _made(event_type, full=False)


def all_examples() -> list[Event]:
    """Every type of event, made up twice."""
    return [example for event_type in topics().values() for example in examples(event_type)]


def family(*prefixes: str) -> frozenset[type[Event]]:
    """Every type of event whose topic begins like this."""
    return frozenset(cls for name, cls in topics().items() if name.startswith(prefixes))


def _made(struct: type[Any], *, full: bool) -> Any:
    if struct is Money:
        return Money(1250)
    if struct is InvoiceKey:
        return KEY
    hints = get_type_hints(struct)
    return struct(**{name: _value(hints[name], full=full) for name in struct.__struct_fields__})


def _value(hint: Any, *, full: bool) -> Any:
    if get_origin(hint) is UnionType:
        present = [part for part in get_args(hint) if part is not NoneType]
        return _value(present[0], full=full) if full else None
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        if parts[-1] is Ellipsis:
            return (_value(parts[0], full=full),) if full else ()
        return tuple(_value(part, full=full) for part in parts)
    simple: dict[Any, Any] = {
        str: "word" if full else "",
        int: 2,
        bool: full,
        date: date(2026, 3, 1),
        datetime: START,
        UUID: UUID(int=7),
    }
    return simple[hint] if hint in simple else _made(hint, full=full)


def states_of(rows: Sequence[Any]) -> list[str]:
    """Give the states of rows."""
    return [row.state for row in rows]
