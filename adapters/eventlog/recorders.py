"""What the store asks of the log's table and of the positions in it, and the statements both databases share."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Protocol
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent

from adapters.eventlog.sql import Cursor, marks

_CHUNK = 500  # streams in one query; SQLite limits the number of parameters


class EventReads:
    """Reads of `stored_events` that join our transactions; a class mixes it into the library's recorder.

    POSITION: the column of the notification id; its values come in commit order.
    """

    POSITION: ClassVar[str]

    @abstractmethod
    def stream_value(self, stream: UUID) -> Any:
        """Give what stands in `originator_id` for a stream."""

    def page(self, cursor: Cursor, *, after: int, limit: int) -> list[Notification]:
        """Give the events behind a position."""
        cursor.execute(f"{self._select} WHERE {self.POSITION} > ? ORDER BY {self.POSITION} LIMIT ?", (after, limit))
        return [notification(row) for row in cursor.fetchall()]

    def of_streams(self, cursor: Cursor, streams: Sequence[UUID]) -> list[Notification]:
        """Give the events of many streams, each stream's in version order."""
        found: list[Notification] = []
        for chunk in self._chunks(streams):
            cursor.execute(
                f"{self._select} WHERE originator_id IN ({marks(chunk)}) ORDER BY originator_id, originator_version",
                chunk,
            )
            found.extend(notification(row) for row in cursor.fetchall())
        return found

    def versions(self, cursor: Cursor, streams: Sequence[UUID]) -> dict[UUID, int]:
        """Give the newest version of each stream that has events."""
        found: dict[UUID, int] = {}
        for chunk in self._chunks(streams):
            cursor.execute(
                "SELECT originator_id, MAX(originator_version) AS version FROM stored_events"  # noqa: S608 (fixed texts, marks)
                f" WHERE originator_id IN ({marks(chunk)}) GROUP BY originator_id",
                chunk,
            )
            found.update((_uuid(row["originator_id"]), row["version"]) for row in cursor.fetchall())
        return found

    def newest_name(self, cursor: Cursor, stream: UUID, names: Sequence[str]) -> str:
        """Give the name of a stream's newest event among these, "" without any; a topic is NAME/VERSION."""
        either = " OR ".join("topic LIKE ?" for _ in names)
        cursor.execute(
            f"SELECT topic FROM stored_events WHERE originator_id = ? AND ({either})"  # noqa: S608 (fixed texts)
            " ORDER BY originator_version DESC LIMIT 1",
            (self.stream_value(stream), *(f"{name}/%" for name in names)),
        )
        row = cursor.fetchone()
        return "" if row is None else str(row["topic"]).partition("/")[0]

    def last(self, cursor: Cursor) -> Notification | None:
        """Give the newest event."""
        cursor.execute(f"{self._select} ORDER BY {self.POSITION} DESC LIMIT 1")
        row = cursor.fetchone()
        return None if row is None else notification(row)

    def last_position(self, cursor: Cursor) -> int:
        """Give the newest event's position, 0 when there is none."""
        cursor.execute(f"SELECT MAX({self.POSITION}) AS position FROM stored_events")  # noqa: S608 (fixed texts)
        return cursor.fetchone()["position"] or 0

    @property
    def _select(self) -> str:
        columns = f"{self.POSITION} AS position, originator_id, originator_version, topic, state"
        return f"SELECT {columns} FROM stored_events"  # noqa: S608 (fixed texts)

    def _chunks(self, streams: Sequence[UUID]) -> list[list[Any]]:
        values = [self.stream_value(stream) for stream in streams]
        return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]


class EventRecorder(Protocol):
    """The log's table within the caller's transaction; `EventReads` says what the reads give."""

    def lock(self, cursor: Cursor) -> None:
        """Let nobody else append until this transaction ends, so that positions come in commit order."""

    def insert(self, cursor: Cursor, events: Sequence[StoredEvent]) -> None:
        """Insert events. A version that is there already is a ConflictError when the transaction leaves."""

    def page(self, cursor: Cursor, *, after: int, limit: int) -> list[Notification]:
        """Give the events behind a position."""

    def of_streams(self, cursor: Cursor, streams: Sequence[UUID]) -> list[Notification]:
        """Give the events of many streams, each stream's in version order."""

    def versions(self, cursor: Cursor, streams: Sequence[UUID]) -> dict[UUID, int]:
        """Give the newest version of each stream that has events."""

    def newest_name(self, cursor: Cursor, stream: UUID, names: Sequence[str]) -> str:
        """Give the name of a stream's newest event among these, "" without any; a topic is NAME/VERSION."""

    def last(self, cursor: Cursor) -> Notification | None:
        """Give the newest event."""

    def last_position(self, cursor: Cursor) -> int:
        """Give the newest event's position, 0 when there is none."""


class PositionRecorder(Protocol):
    """Positions of the log's readers (the relay, the projections), one row each, in the library's tracking table."""

    def at(self, cursor: Cursor, reader: str) -> int:
        """Give a reader's position, 0 before its first page."""

    def advance(self, cursor: Cursor, reader: str, position: int) -> None:
        """Move a reader forward within the caller's transaction; a move that is none is a ConflictError."""


def notification(row: Any) -> Notification:
    """Read a row of the log."""
    return Notification(
        id=row["position"],
        originator_id=_uuid(row["originator_id"]),
        originator_version=row["originator_version"],
        topic=row["topic"],
        state=row["state"],
    )


def _uuid(value: Any) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)
