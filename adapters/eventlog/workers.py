"""The processes that stay, one row each: written by themselves now and then, read by who asks which of them live."""

from collections.abc import Callable
from datetime import datetime, timedelta

from adapters.eventlog.database import Database
from adapters.eventlog.times import moment, stamp
from domain.ports.workers import FORGOTTEN_AFTER, WorkerRow

_MILLISECOND = timedelta(milliseconds=1)


class WorkerBook:
    """Who is there. Nothing rests on it but what people are shown: no claim is judged by it."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def note(self, name: str, *, role: str, started_at: datetime, wall: Callable[[], datetime]) -> None:
        """Note that a process lives, and sweep who has been dead for long. wall: its own wall clock, UTC.

        A row of the same name belonged to a process that is gone: in a pod that was started again every name recurs.
        """
        with self._database.writing(durable=False) as cursor:
            # Both clocks are read here: the beginning of a transaction is when the server's is compared, if it is due.
            now = self._now()
            offset = wall() - now
            cursor.execute("DELETE FROM workers WHERE seen_at < ?", (stamp(now - FORGOTTEN_AFTER),))
            cursor.execute(
                "INSERT INTO workers (name, role, started_at, seen_at, clock_offset_ms) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET role = excluded.role, started_at = excluded.started_at,"
                " seen_at = excluded.seen_at, clock_offset_ms = excluded.clock_offset_ms",
                (name, role, stamp(started_at), stamp(now), round(offset / _MILLISECOND)),
            )

    def remove(self, name: str, *, started_at: datetime) -> None:
        """Strike a process off; one of the same name that started at another time stays."""
        with self._database.writing(durable=False) as cursor:
            cursor.execute("DELETE FROM workers WHERE name = ? AND started_at = ?", (name, stamp(started_at)))

    def rows(self) -> list[WorkerRow]:
        """Give every process, by role and name; also those that died without a word."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT name, role, started_at, seen_at, clock_offset_ms FROM workers ORDER BY role, name")
            return [
                WorkerRow(
                    name=row["name"],
                    role=row["role"],
                    started_at=moment(row["started_at"]),
                    seen_at=moment(row["seen_at"]),
                    clock_offset_ms=row["clock_offset_ms"],
                )
                for row in cursor.fetchall()
            ]
