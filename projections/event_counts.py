"""Event counts: how many events of each type does a connection have? One row per type, which only grows."""

from uuid import UUID

import msgspec

from domain.event import Event, Recorded
from domain.ports.projections import ProjectionStore
from projections.projection import Index, Projection
from projections.sentences import SAYINGS

HANDLES: frozenset[type[Event]] = frozenset(SAYINGS)


class EventCount(msgspec.Struct, frozen=True, kw_only=True):
    """So many events of a type, named as `timeline --json` names it."""

    type: str
    count: int


def type_of(recorded: Recorded) -> str:
    """Name the type of an event, which is also its row's key."""
    return type(recorded.event).__name__


def evolve_row(row: EventCount | None, recorded: Recorded) -> EventCount:
    """Count one more."""
    return EventCount(type=type_of(recorded), count=1 if row is None else row.count + 1)


def index(row: EventCount) -> Index:
    """Let the count be read as the amount of its type, without loading rows."""
    return Index(state=row.type, sort_key=row.type, amount=row.count)


PROJECTION = Projection("event_counts", data=EventCount, evolve=evolve_row, index=index, handles=HANDLES, key=type_of)


def counted(store: ProjectionStore, connection: UUID) -> dict[str, int]:
    """Give a connection's counts by type."""
    return {kind: tally.amount for kind, tally in store.tally(PROJECTION.name, connection=connection).items()}
