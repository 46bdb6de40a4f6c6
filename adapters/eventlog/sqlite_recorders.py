"""The library's recorders on SQLite, with notification ids that are never used twice."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent, Tracking
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore, SQLiteTrackingRecorder

from adapters.eventlog.recorders import EventReads, notification
from adapters.eventlog.sql import Cursor, marks


class SqliteEvents(EventReads, SQLiteApplicationRecorder):
    """`stored_events` with an AUTOINCREMENT position.

    The library's implicit rowid may be renumbered by VACUUM, and a log whose tail was cut would use it again.
    """

    POSITION = "position"

    def __init__(self, datastore: SQLiteDatastore) -> None:
        super().__init__(datastore)
        self.insert_events_statement = (
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) VALUES (?, ?, ?, ?)"
        )

    def construct_create_table_statements(self) -> list[str]:
        """Give the one table; nothing else is ever added to it."""
        columns = (
            "position INTEGER PRIMARY KEY AUTOINCREMENT",
            "originator_id TEXT NOT NULL",
            "originator_version INTEGER NOT NULL",
            "topic TEXT NOT NULL",
            "state BLOB NOT NULL",
            "UNIQUE (originator_id, originator_version)",
        )
        return [f"CREATE TABLE IF NOT EXISTS stored_events ({', '.join(columns)})"]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Give a page of the log (the library's own query names a column that a named primary key hides)."""
        conditions, params = ["1 = 1"], list[Any]()
        if start is not None:
            conditions.append("position >= ?" if inclusive_of_start else "position > ?")
            params.append(start)
        if stop is not None:
            conditions.append("position <= ?")
            params.append(stop)
        if topics:
            conditions.append(f"topic IN ({marks(topics)})")
            params.extend(topics)
        statement = f"{self._select} WHERE {' AND '.join(conditions)} ORDER BY position LIMIT ?"
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(statement, [*params, limit])
            return [notification(row) for row in cursor.fetchall()]

    def stream_value(self, stream: UUID) -> str:
        """Give a stream's id as the library writes it."""
        return stream.hex

    def lock(self, cursor: Cursor) -> None:
        """A writing transaction is the only one from its beginning: there is nothing left to lock."""

    def insert(self, cursor: Cursor, events: Sequence[StoredEvent]) -> None:
        """Insert events within the caller's transaction."""
        self._insert_events(cast("SQLiteCursor", cursor), events)


class SqlitePositions(SQLiteTrackingRecorder):
    """The readers' positions."""

    def at(self, cursor: Cursor, reader: str) -> int:
        """Give a reader's position, 0 before its first page."""
        return self._max_tracking_id(reader, cast("SQLiteCursor", cursor)) or 0

    def advance(self, cursor: Cursor, reader: str, position: int) -> None:
        """Move a reader forward within the caller's transaction; a move that is none raises IntegrityError."""
        self._insert_tracking(cast("SQLiteCursor", cursor), Tracking(reader, position))
