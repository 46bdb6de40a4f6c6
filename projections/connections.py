"""Connections: which names stand for which pinned identity, who is paused or removed, whose credentials are in use."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.connections import events as e
from domain.connections.connection import Connection, evolve
from domain.event import Event, Recorded
from domain.identifiers import stream_id
from domain.ports.projections import ProjectionStore
from projections.projection import Index, Projection

HANDLES: frozenset[type[Event]] = frozenset(
    {
        e.ConnectionAdded,
        e.NothingBookedByHand,
        e.CredentialsImported,
        e.CredentialsRotated,
        e.ConnectionPaused,
        e.ConnectionResumed,
        e.ConnectionRemoved,
        e.RemotesTested,
        e.SettingsChanged,
        e.StoreWentBack,
        e.RestorePointDeclared,
        e.ForgottenInvoicesSought,
        e.FirstPostingChosen,
        e.FirstPostingApproved,
    }
)


class ConnectionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A connection now.

    id: of its pinned identity; state: the domain's; tested_at: both sides last answered a test; resumed_at: last.
    """

    id: UUID
    state: Connection = Connection()
    added_at: datetime | None = None
    tested_at: datetime | None = None
    resumed_at: datetime | None = None
    missing_transactions: tuple[str, ...] = ()
    updated_at: datetime

    @property
    def name(self) -> str:
        """The name in the settings."""
        return self.state.name


def evolve_row(row: ConnectionRow | None, recorded: Recorded) -> ConnectionRow:
    """Fold one fact in."""
    at, event = recorded.meta.recorded_at, recorded.event
    if row is None:
        row = ConnectionRow(id=recorded.meta.connection, updated_at=at)
    row = msgspec.structs.replace(row, state=evolve(row.state, recorded), updated_at=at)
    if isinstance(event, e.ConnectionAdded):
        return msgspec.structs.replace(row, added_at=at)
    if isinstance(event, e.ConnectionResumed):
        return msgspec.structs.replace(row, resumed_at=at)
    if isinstance(event, e.RemotesTested):
        return msgspec.structs.replace(row, tested_at=at, missing_transactions=event.missing_transactions)
    return row


def index(row: ConnectionRow) -> Index:
    """List connections by name."""
    state = "removed" if row.state.removed else "paused" if row.state.paused else "running"
    return Index(state=state, sort_key=row.name)


PROJECTION = Projection("connections", data=ConnectionRow, evolve=evolve_row, index=index, handles=HANDLES)


def listed(store: ProjectionStore) -> list[ConnectionRow]:
    """Give every connection that was added, removed ones among them."""
    return [row for row in PROJECTION.all(store) if row.state.identity is not None]


def is_removed(store: ProjectionStore, connection: UUID) -> bool:
    """Whether a person removed the connection."""
    key = stream_id(connection, "connection", "").hex
    row = PROJECTION.some(store, connection, [key]).get(key)
    return row is not None and row.state.removed


def named(store: ProjectionStore, name: str) -> ConnectionRow | None:
    """Give the connection of that name; of several (an identity pinned anew) the one added last."""
    found = [row for row in listed(store) if row.name == name]
    return max(found, key=lambda row: row.updated_at, default=None)
