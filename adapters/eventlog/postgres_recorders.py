"""The library's recorders on PostgreSQL: its table lock keeps notification ids in commit order."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from eventsourcing.persistence import StoredEvent, Tracking
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore, PostgresTrackingRecorder
from psycopg.sql import Composed

from adapters.eventlog.postgres_pool import StoreCursor, StoreDatastore
from adapters.eventlog.recorders import EventReads
from adapters.eventlog.sql import Cursor

TRACKING = "tracking"


class PostgresEvents(EventReads, PostgresApplicationRecorder):
    """`stored_events` as the library makes it; nothing is ever added to it.

    Its functions in the database stay off: they take no lock, so that a reader following the log would miss events.
    """

    POSITION = "notification_id"

    def __init__(self, datastore: StoreDatastore) -> None:
        super().__init__(datastore)
        self.store_datastore = datastore

    def table_statements(self) -> list[Composed]:
        """Give what makes the table and its index, and nothing that would be a function or a type."""
        return [one for one in self.sql_create_statements if _makes(one, "TABLE", "UNIQUE INDEX")]

    def type_statements(self) -> list[Composed]:
        """Give what makes the type events are inserted by; PostgreSQL has no IF NOT EXISTS for it."""
        return [one for one in self.sql_create_statements if _makes(one, "TYPE")]

    def stream_value(self, stream: UUID) -> UUID:
        """Give a stream's id, a value of its own type here."""
        return stream

    def lock(self, cursor: Cursor) -> None:
        """Take the library's lock early, before versions are read: who comes second reads what the first wrote."""
        ours = cast("StoreCursor", cursor)
        with ours.connection.pipeline():
            self._lock_table(ours)

    def insert(self, cursor: Cursor, events: Sequence[StoredEvent]) -> None:
        """Insert events within the caller's transaction, under the library's lock, and tell who listens."""
        if not events:
            return
        ours = cast("StoreCursor", cursor)
        self.store_datastore.know_types(ours.connection)
        with ours.connection.pipeline():
            self._insert_stored_events(ours, events)


class PostgresPositions(PostgresTrackingRecorder):
    """The readers' positions, in the table SQLite's recorder calls `tracking`."""

    def __init__(self, datastore: PostgresDatastore) -> None:
        super().__init__(datastore, tracking_table_name=TRACKING)

    def at(self, cursor: Cursor, reader: str) -> int:
        """Give a reader's position, 0 before its first page."""
        return self._max_tracking_id(reader, cast("StoreCursor", cursor)) or 0

    def advance(self, cursor: Cursor, reader: str, position: int) -> None:
        """Move a reader forward within the caller's transaction; a move that is none raises IntegrityError."""
        self._insert_tracking(cast("StoreCursor", cursor), Tracking(reader, position))


def _makes(statement: Composed, *kinds: str) -> bool:
    return statement.as_string().startswith(tuple(f"CREATE {kind} " for kind in kinds))
