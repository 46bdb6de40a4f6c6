"""The book of polls: one row per connection and flow, claimed by one statement."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from eventsourcing.sqlite import SQLiteCursor

from adapters.eventlog.database import Database
from adapters.eventlog.times import moment, moment_or_none, stamp
from domain.ports.store import PollDue, PollMark, PollRow

DEFAULT_INTERVAL = timedelta(minutes=5)
_FREE = "(claimed_until IS NULL OR claimed_until <= :now)"


class SqlitePolls:
    """PollBoard over `polls`. Thread-safe, and safe with other processes."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def ensure(self, connection: UUID, flows: Mapping[str, timedelta]) -> None:
        """Make missing rows, due at once, and set how often each flow is polled."""
        now = stamp(self._now())
        rows = [(connection.hex, flow, now, every.total_seconds()) for flow, every in flows.items()]
        with self._database.writing() as cursor:
            cursor.executemany(
                "INSERT INTO polls (connection, flow, next_poll_at, every_seconds) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (connection, flow) DO UPDATE SET every_seconds = excluded.every_seconds",
                rows,
            )

    def due(self, now: datetime) -> list[tuple[UUID, str]]:
        """Name the polls that are due and free, oldest due first."""
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT connection, flow FROM polls WHERE next_poll_at <= :now AND {_FREE}"  # noqa: S608 (fixed text)
                " ORDER BY next_poll_at, connection, flow",
                {"now": stamp(now)},
            )
            return [(UUID(row["connection"]), row["flow"]) for row in cursor.fetchall()]

    def poke(self, connection: UUID, flows: Iterable[str], now: datetime) -> None:
        """Make polls due at once."""
        with self._database.writing() as cursor:
            cursor.executemany(
                "UPDATE polls SET next_poll_at = ? WHERE connection = ? AND flow = ?",
                [(stamp(now), connection.hex, flow) for flow in flows],
            )

    def rows(self, connection: UUID) -> list[PollRow]:
        """Give a connection's rows, by flow."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT * FROM polls WHERE connection = ? ORDER BY flow", (connection.hex,))
            return [_row(row) for row in cursor.fetchall()]

    def claim(self, flow: str, *, connection: UUID, worker: str, lease: timedelta) -> PollDue | None:
        """Claim the poll if it is due and free."""
        now = self._now()
        values = {
            "connection": connection.hex,
            "flow": flow,
            "now": stamp(now),
            "worker": worker,
            "until": stamp(now + lease),
        }
        with self._database.writing(durable=False) as cursor:
            cursor.execute(
                "UPDATE polls SET claimed_by = :worker, claimed_until = :until"  # noqa: S608 (fixed text)
                f" WHERE connection = :connection AND flow = :flow AND next_poll_at <= :now AND {_FREE}"
                " RETURNING watermark, attempts",
                values,
            )
            row = cursor.fetchone()
        if row is None:
            return None
        return PollDue(connection=connection, flow=flow, watermark=row["watermark"], attempts=row["attempts"])

    def finish(self, mark: PollMark, *, worker: str) -> None:
        """End a poll that found nothing; a poll that somebody else holds by now is left alone."""
        with self._database.writing() as cursor:
            cursor.execute(
                "SELECT claimed_by FROM polls WHERE connection = ? AND flow = ?", (mark.connection.hex, mark.flow)
            )
            row = cursor.fetchone()
            if row is None or row["claimed_by"] in (None, worker):
                write_mark(cursor, mark, now=self._now())

    def fail(self, due: PollDue, *, worker: str, until: datetime, text: str) -> None:
        """Give the poll back with the sentence that says why."""
        with self._database.writing() as cursor:
            cursor.execute(
                "UPDATE polls SET attempts = attempts + 1, next_poll_at = ?, last_error = ?, claimed_by = NULL,"
                " claimed_until = NULL WHERE connection = ? AND flow = ? AND claimed_by = ?",
                (stamp(until), text, due.connection.hex, due.flow, worker),
            )


def write_mark(cursor: SQLiteCursor, mark: PollMark, *, now: datetime) -> None:
    """Write a poll's end within the caller's transaction: watermark, next time, no claim."""
    key = (mark.connection.hex, mark.flow)
    cursor.execute(
        "INSERT INTO polls (connection, flow, next_poll_at, every_seconds) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (connection, flow) DO NOTHING",
        (*key, stamp(now), DEFAULT_INTERVAL.total_seconds()),
    )
    cursor.execute("SELECT every_seconds FROM polls WHERE connection = ? AND flow = ?", key)
    every = timedelta(seconds=cursor.fetchone()["every_seconds"])
    cursor.execute(
        "UPDATE polls SET watermark = ?, seen = ?, last_polled_at = ?, next_poll_at = ?, attempts = 0,"
        " last_error = '', claimed_by = NULL, claimed_until = NULL WHERE connection = ? AND flow = ?",
        (mark.watermark, mark.seen, stamp(mark.completed_at), stamp(now + every), *key),
    )


def _row(row: Any) -> PollRow:
    return PollRow(
        connection=UUID(row["connection"]),
        flow=row["flow"],
        next_poll_at=moment(row["next_poll_at"]),
        every=timedelta(seconds=row["every_seconds"]),
        watermark=row["watermark"],
        attempts=row["attempts"],
        seen=row["seen"],
        last_polled_at=moment_or_none(row["last_polled_at"]),
        last_error=row["last_error"],
        claimed_by=row["claimed_by"],
        claimed_until=moment_or_none(row["claimed_until"]),
    )
