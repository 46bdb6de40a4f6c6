"""The library's recorders, with notification ids that are never used twice and steps that join our transactions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent, Tracking
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteCursor, SQLiteDatastore, SQLiteTrackingRecorder

_CHUNK = 500  # streams in one query; SQLite limits the number of parameters
_COLUMNS = "position, originator_id, originator_version, topic, state"


class EventRecorder(SQLiteApplicationRecorder):
    """`stored_events` with an AUTOINCREMENT position.

    The library's implicit rowid may be renumbered by VACUUM, and a log whose tail was cut would use it again.
    """

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
            conditions.append(f"topic IN ({_marks(topics)})")
            params.extend(topics)
        where = " AND ".join(conditions)
        statement = f"SELECT {_COLUMNS} FROM stored_events WHERE {where} ORDER BY position LIMIT ?"  # noqa: S608 (only marks and fixed texts are put in)
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute(statement, [*params, limit])
            return [_notification(row) for row in cursor.fetchall()]

    def insert(self, cursor: SQLiteCursor, events: Sequence[StoredEvent]) -> None:
        """Insert events within the caller's transaction."""
        self._insert_events(cursor, events)

    def page(self, cursor: SQLiteCursor, *, after: int, limit: int) -> list[Notification]:
        """Give the events behind a position, within the caller's transaction."""
        cursor.execute(
            f"SELECT {_COLUMNS} FROM stored_events WHERE position > ? ORDER BY position LIMIT ?",  # noqa: S608 (fixed texts)
            (after, limit),
        )
        return [_notification(row) for row in cursor.fetchall()]

    def of_streams(self, cursor: SQLiteCursor, streams: Sequence[UUID]) -> list[Notification]:
        """Give the events of many streams, each stream's in version order."""
        found: list[Notification] = []
        for chunk in _chunks(streams):
            cursor.execute(
                f"SELECT {_COLUMNS} FROM stored_events WHERE originator_id IN ({_marks(chunk)})"  # noqa: S608 (fixed texts, marks)
                " ORDER BY originator_id, originator_version",
                [stream.hex for stream in chunk],
            )
            found.extend(_notification(row) for row in cursor.fetchall())
        return found

    def versions(self, cursor: SQLiteCursor, streams: Sequence[UUID]) -> dict[UUID, int]:
        """Give the newest version of each stream that has events."""
        found: dict[UUID, int] = {}
        for chunk in _chunks(streams):
            cursor.execute(
                "SELECT originator_id, MAX(originator_version) AS version FROM stored_events"  # noqa: S608 (fixed texts, marks)
                f" WHERE originator_id IN ({_marks(chunk)}) GROUP BY originator_id",
                [stream.hex for stream in chunk],
            )
            found.update((UUID(row["originator_id"]), row["version"]) for row in cursor.fetchall())
        return found

    def last(self, cursor: SQLiteCursor) -> Notification | None:
        """Give the newest event."""
        cursor.execute(f"SELECT {_COLUMNS} FROM stored_events ORDER BY position DESC LIMIT 1")  # noqa: S608 (fixed texts)
        row = cursor.fetchone()
        return None if row is None else _notification(row)

    def last_position(self, cursor: SQLiteCursor) -> int:
        """Give the newest event's position, 0 when there is none."""
        return self._max_notification_id(cursor) or 0


class PositionRecorder(SQLiteTrackingRecorder):
    """Positions of the log's readers (the relay, the projections), one row each, in the library's tracking table."""

    def at(self, cursor: SQLiteCursor, reader: str) -> int:
        """Give a reader's position, 0 before its first page."""
        return self._max_tracking_id(reader, cursor) or 0

    def advance(self, cursor: SQLiteCursor, reader: str, position: int) -> None:
        """Move a reader forward within the caller's transaction; a move that is none raises IntegrityError."""
        self._insert_tracking(cursor, Tracking(reader, position))


def _notification(row: Any) -> Notification:
    return Notification(
        id=row["position"],
        originator_id=UUID(row["originator_id"]),
        originator_version=row["originator_version"],
        topic=row["topic"],
        state=row["state"],
    )


def _chunks(streams: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [streams[start : start + _CHUNK] for start in range(0, len(streams), _CHUNK)]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
