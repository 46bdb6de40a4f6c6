"""The book of polls: one row per connection and flow, claimed by one statement."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from adapters.eventlog.database import Database
from adapters.eventlog.sql import Cursor
from adapters.eventlog.state import known_state
from adapters.eventlog.times import moment, moment_or_none, stamp
from domain.errors import HeldError
from domain.ports.store import PollDue, PollGuard, PollMark, PollRow

POLLS = "polls"  # asked for by who changes several rows, so that no two wait for each other's
_FREE = "(claimed_until IS NULL OR claimed_until <= :now)"
_GIVE_BACK = "claimed_by = NULL, claim = '', claimed_until = NULL"


class PollTable:
    """PollBoard over `polls`. Thread-safe, and safe with other processes."""

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def ensure(
        self, connection: UUID, flows: Mapping[str, timedelta], *, moved: Mapping[str, datetime] | None = None
    ) -> None:
        """Make missing rows, due at once, set how often each flow is polled, and move what may be moved."""
        now = stamp(self._now())
        rows = [(connection.hex, flow, now, every.total_seconds()) for flow, every in flows.items()]
        with self._database.writing() as cursor:
            self._database.lock(cursor, POLLS)
            cursor.executemany(
                "INSERT INTO polls (connection, flow, next_poll_at, every_seconds) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (connection, flow) DO UPDATE SET every_seconds = excluded.every_seconds",
                rows,
            )
            for flow, at in (moved or {}).items():
                cursor.execute(
                    "UPDATE polls SET next_poll_at = ? WHERE connection = ? AND flow = ?"
                    " AND claim = '' AND attempts = 0 AND last_polled_at IS NOT NULL",
                    (stamp(at), connection.hex, flow),
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
            self._database.lock(cursor, POLLS)
            cursor.executemany(
                "UPDATE polls SET next_poll_at = ? WHERE connection = ? AND flow = ?",
                [(stamp(now), connection.hex, flow) for flow in flows],
            )

    def rows(self, connection: UUID) -> list[PollRow]:
        """Give a connection's rows, by flow."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT * FROM polls WHERE connection = ? ORDER BY flow", (connection.hex,))
            return [_row(row) for row in cursor.fetchall()]

    def drop(self, connection: UUID) -> None:
        """Forget a connection's rows."""
        with self._database.writing() as cursor:
            self._database.lock(cursor, POLLS)
            cursor.execute("DELETE FROM polls WHERE connection = ?", (connection.hex,))

    def claim(self, flow: str, *, connection: UUID, worker: str, lease: timedelta) -> PollDue | None:
        """Claim the poll if it is due and free."""
        now = self._now()
        values = {
            "connection": connection.hex,
            "flow": flow,
            "now": stamp(now),
            "worker": worker,
            "claim": uuid4().hex,
            "until": stamp(now + lease),
        }
        with self._database.writing(durable=False) as cursor:
            cursor.execute(
                "UPDATE polls SET claimed_by = :worker, claim = :claim, claimed_until = :until"  # noqa: S608 (fixed text)
                f" WHERE connection = :connection AND flow = :flow AND next_poll_at <= :now AND {_FREE}"
                " RETURNING watermark, attempts, claim",
                values,
            )
            row = cursor.fetchone()
        if row is None:
            return None
        return PollDue(
            connection=connection,
            flow=flow,
            watermark=row["watermark"],
            attempts=row["attempts"],
            claim=row["claim"],
        )

    def renew(self, due: PollDue, *, lease: timedelta) -> None:
        """Keep the claim."""
        with self._database.writing(durable=False) as cursor:
            cursor.execute(
                "UPDATE polls SET claimed_until = ? WHERE connection = ? AND flow = ? AND claim = ? RETURNING 1",
                (stamp(self._now() + lease), due.connection.hex, due.flow, due.claim),
            )
            if cursor.fetchone() is None:
                raise _lost(due.flow)

    def give_up(self, worker: str) -> None:
        """Give back every poll that a process holds which is about to end: what it reads meanwhile counts no more."""
        with self._database.writing(durable=False) as cursor:
            self._database.lock(cursor, POLLS)
            cursor.execute(f"UPDATE polls SET {_GIVE_BACK} WHERE claimed_by = ?", (worker,))  # noqa: S608 (fixed text)

    def finish(self, mark: PollMark) -> None:
        """End a poll that found nothing."""
        with self._database.writing() as cursor:
            write_mark(cursor, self._database, mark, now=self._now())

    def fail(self, due: PollDue, *, until: datetime, text: str) -> None:
        """Give the poll back with the sentence that says why."""
        with self._database.writing() as cursor:
            cursor.execute(
                "UPDATE polls SET attempts = attempts + 1, next_poll_at = ?, last_error = ?,"  # noqa: S608 (fixed texts)
                f" {_GIVE_BACK} WHERE connection = ? AND flow = ? AND claim = ?",
                (stamp(until), text, due.connection.hex, due.flow, due.claim),
            )


def write_mark(cursor: Cursor, database: Database, mark: PollMark, *, now: datetime) -> None:
    """Write a poll's end within the caller's transaction: watermark, next time, no claim.

    Raises HeldError when the claim is lost: what was read meanwhile is read again by whoever holds the poll now.
    """
    every = check_claim(cursor, database, mark)
    next_poll_at = mark.next_poll_at or now + every
    cursor.execute(
        "UPDATE polls SET watermark = ?, seen = ?, last_polled_at = ?, next_poll_at = ?, attempts = 0,"  # noqa: S608 (fixed texts)
        f" last_error = '', {_GIVE_BACK} WHERE connection = ? AND flow = ? AND claim = ?",
        (mark.watermark, mark.seen, stamp(mark.completed_at), stamp(next_poll_at), *_key(mark)),
    )


def check_claim(cursor: Cursor, database: Database, held: PollMark | PollGuard) -> timedelta:
    """Give a poll's interval within the caller's transaction. Raises HeldError when the claim is lost.

    So it is in a store that went back and that nobody has recognised yet: it still shows the claim, but may have
    forgotten the pages before, and a watermark moved behind them would lose them for good.
    """
    known_state(cursor, database)
    cursor.execute("SELECT every_seconds FROM polls WHERE connection = ? AND flow = ? AND claim = ?", _key(held))
    row = cursor.fetchone()
    if row is None:
        raise _lost(held.flow)
    return timedelta(seconds=row["every_seconds"])


def _key(held: PollMark | PollGuard) -> tuple[str, str, str]:
    return held.connection.hex, held.flow, held.claim


def _lost(flow: str) -> HeldError:
    return HeldError(f"the claim of the poll of {flow} is lost: it took too long, or the store was restored")


def void_claims(cursor: Cursor, database: Database) -> None:
    """Take every claim back within the caller's transaction: what a poll saw in another store proves nothing here."""
    database.lock(cursor, POLLS)
    cursor.execute(f"UPDATE polls SET {_GIVE_BACK}")  # noqa: S608 (fixed texts)


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
