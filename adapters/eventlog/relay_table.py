"""The table of due work as the relay sees it: the only place that inserts and deletes its rows."""

from collections.abc import Callable, Sequence
from typing import Any

from adapters.eventlog.database import Database
from adapters.eventlog.identity import keep_checkpoint
from adapters.eventlog.log import StoredLog
from adapters.eventlog.sql import Cursor
from adapters.eventlog.times import stamp
from adapters.eventlog.work import PENDING, READER
from domain.effects import Change, Done, Due, Open, Shut, Wait, Wake
from domain.event import Recorded

_PUT = (
    " ON CONFLICT (connection, errand, aggregate) DO UPDATE SET"
    " version = excluded.version, due_at = excluded.due_at, waits_for = excluded.waits_for, attempts = 0"
)
_DUE = f"INSERT INTO pending (connection, errand, aggregate, version, due_at) VALUES (?, ?, ?, ?, ?){_PUT}"  # noqa: S608 (fixed texts)
_WAIT = (
    "INSERT INTO pending (connection, errand, aggregate, version, due_at, waits_for) VALUES (?, ?, ?, ?, ?,"  # noqa: S608 (fixed texts)
    f" CASE WHEN EXISTS (SELECT 1 FROM open_keys WHERE connection = ? AND name = ?) THEN NULL ELSE ? END){_PUT}"
)
_DONE = "DELETE FROM pending WHERE connection = ? AND errand = ? AND aggregate = ?"
_OPEN = "INSERT INTO open_keys (connection, name) VALUES (?, ?) ON CONFLICT (connection, name) DO NOTHING"
_WAKE = "UPDATE pending SET waits_for = NULL, due_at = ? WHERE connection = ? AND waits_for = ?"
_SHUT = "DELETE FROM open_keys WHERE connection = ? AND name = ?"


class RelayTable:
    """RelayStore over `pending`, `open_keys` and the library's tracking table."""

    def __init__(self, database: Database, log: StoredLog) -> None:
        self._database = database
        self._log = log
        self._events = database.events
        self._positions = database.positions

    def position(self) -> int:
        """Give the position folded so far."""
        with self._database.reading() as cursor:
            return self._positions.at(cursor, READER)

    def read(self, *, after: int, limit: int) -> list[Recorded]:
        """Give the events behind a position."""
        return self._log.read(after=after, limit=limit)

    def apply(self, changes: Sequence[Change], *, after: int, position: int) -> bool:
        """Apply a page's changes and move on, unless another relay was faster; then let the checkpoint grow."""
        with self._database.writing(durable=False) as cursor:
            self._database.lock(cursor, PENDING)
            if self._positions.at(cursor, READER) != after:
                return False
            with self._database.pipelined(cursor):
                for change in changes:
                    _apply(cursor, change)
            self._positions.advance(cursor, READER, position)
            # The events themselves are on the disk already, so the checkpoint never says more than the log holds.
            keep_checkpoint(cursor, self._database, position=position)
            return True

    def refold(self, fold: Callable[[Sequence[Recorded]], Sequence[Change]], *, limit: int) -> int:
        """Fold the whole log again in one transaction; rows that come back keep claim, attempts and time."""
        with self._database.writing() as cursor:
            self._events.lock(cursor)
            self._database.lock(cursor, PENDING)
            cursor.execute("SELECT * FROM pending")
            before = cursor.fetchall()
            cursor.execute("DELETE FROM pending")
            cursor.execute("DELETE FROM open_keys")
            position = count = 0
            # Nobody can append while this transaction is open, so reading beside it sees the same log.
            while page := self._log.read(after=position, limit=limit):
                with self._database.pipelined(cursor):
                    for change in fold(page):
                        _apply(cursor, change)
                position, count = page[-1].position, count + len(page)
            _keep(cursor, before)
            if position > self._positions.at(cursor, READER):
                self._positions.advance(cursor, READER, position)
            return count


def _apply(cursor: Cursor, change: Change) -> None:
    connection, at = change.connection.hex, stamp(change.at)
    match change.effect:
        case Due(errand, aggregate, due_at):
            due = at if due_at is None else stamp(due_at)
            cursor.execute(_DUE, (connection, errand, aggregate.hex, change.version, due))
        case Wait(errand, aggregate, key):
            row = (connection, errand, aggregate.hex, change.version, at)
            cursor.execute(_WAIT, (*row, connection, key, key))
        case Done(errand, aggregate, None):
            cursor.execute(_DONE, (connection, errand, aggregate.hex))
        case Done(errand, aggregate, up_to_version):
            cursor.execute(f"{_DONE} AND version <= ?", (connection, errand, aggregate.hex, up_to_version))
        case Open(key):
            cursor.execute(_OPEN, (connection, key))
            cursor.execute(_WAKE, (at, connection, key))
        case Shut(key):
            cursor.execute(_SHUT, (connection, key))
        case Wake(key):
            cursor.execute(_WAKE, (at, connection, key))


def _keep(cursor: Cursor, before: Sequence[Any]) -> None:
    """Give rows that came back at the same version what only errands wrote: time, attempts, claim."""
    written = ("due_at", "attempts", "claimed_by", "claim", "claimed_until", "after_position")
    key = ("connection", "errand", "aggregate", "version")
    changes = ", ".join(f"{column} = ?" for column in written)
    same = " AND ".join(f"{column} = ?" for column in key)
    cursor.executemany(
        f"UPDATE pending SET {changes} WHERE {same}",  # noqa: S608 (fixed column names)
        [[row[column] for column in (*written, *key)] for row in before],
    )
