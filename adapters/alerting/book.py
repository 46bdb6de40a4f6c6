"""The book of alerts in the store: claimed row by row, so that several relays tell each alert once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from adapters.eventlog.database import Database
from adapters.eventlog.times import moment, moment_or_none, stamp
from domain.ports.alerts import END, RAISE, STANDING, Entry, Move

_FREE = "(claimed_until IS NULL OR claimed_until <= ?)"
_GIVE_BACK = "claim = '', claimed_until = NULL"
_WHERE = f"channel = ? AND name = ? AND phase = ? AND id = ? AND {_FREE}"
_HELD = "channel = ? AND name = ? AND claim = ?"


class AlertTable:
    """AlertBook over the table `alerts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self) -> list[Entry]:
        """Give every entry."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT * FROM alerts ORDER BY channel, name")
            return [_entry(row) for row in cursor.fetchall()]

    def move(self, moves: Sequence[Move], *, now: datetime) -> None:
        """Make moves."""
        if not moves:
            return
        with self._database.writing() as cursor:
            for move in moves:
                self._move(cursor, move, now)

    def _move(self, cursor: Any, move: Move, now: datetime) -> None:
        old, new = move.entry, move.fresh
        if old is None:
            if new is not None:
                columns = "channel, name, phase, id, body, raised_at, due_at"
                values = (new.channel, new.name, move.to, new.id, new.body, stamp(new.raised_at), stamp(new.due_at))
                sql = f"INSERT INTO alerts ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608 (fixed texts)
                cursor.execute(sql, values)
            return
        where = (old.channel, old.name, old.phase, old.id, stamp(now))
        if not move.to:
            cursor.execute(f"DELETE FROM alerts WHERE {_WHERE}", where)  # noqa: S608 (fixed texts)
            return
        kept = new or old
        cursor.execute(
            "UPDATE alerts SET phase = ?, id = ?, body = ?, raised_at = ?, due_at = ?, attempts = 0, last_error = '',"  # noqa: S608 (fixed texts)
            f" {_GIVE_BACK} WHERE {_WHERE}",
            (move.to, kept.id, kept.body, stamp(kept.raised_at), stamp(now), *where),
        )

    def claim(self, channel: str, *, now: datetime, lease: timedelta, limit: int) -> list[Entry]:
        """Claim due entries of a channel that are to be told."""
        due = f"channel = ? AND phase IN ('{RAISE}', '{END}') AND due_at <= ? AND {_FREE}"
        wanted = (channel, stamp(now), stamp(now))
        token = uuid4().hex
        with self._database.reading() as cursor:
            cursor.execute(f"SELECT name FROM alerts WHERE {due} LIMIT 1", wanted)  # noqa: S608 (fixed texts)
            if cursor.fetchone() is None:
                return []
        with self._database.writing() as cursor:
            cursor.execute(
                "UPDATE alerts SET claim = ?, claimed_until = ?, attempts = attempts + 1 WHERE name IN"  # noqa: S608 (fixed texts)
                f" (SELECT name FROM alerts WHERE {due} ORDER BY raised_at, name LIMIT ?) AND {due} RETURNING *",
                (token, stamp(now + lease), *wanted, limit, *wanted),
            )
            claimed = [_entry(row) for row in cursor.fetchall()]
        return sorted(claimed, key=lambda entry: (entry.raised_at, entry.name))

    def delivered(self, entries: Sequence[Entry]) -> None:
        """Note that claimed entries were told."""
        with self._database.writing() as cursor:
            for entry in entries:
                held = (entry.channel, entry.name, entry.claim)
                if entry.phase == END:
                    cursor.execute(f"DELETE FROM alerts WHERE {_HELD}", held)  # noqa: S608 (fixed texts)
                else:
                    told = f"UPDATE alerts SET phase = ?, attempts = 0, last_error = '', {_GIVE_BACK} WHERE {_HELD}"  # noqa: S608 (fixed texts)
                    cursor.execute(told, (STANDING, *held))

    def failed(self, entries: Sequence[Entry], *, until: datetime, text: str) -> None:
        """Give claimed entries back."""
        with self._database.writing() as cursor:
            cursor.executemany(
                f"UPDATE alerts SET due_at = ?, last_error = ?, {_GIVE_BACK} WHERE {_HELD}",  # noqa: S608 (fixed texts)
                [(stamp(until), text, entry.channel, entry.name, entry.claim) for entry in entries],
            )


def _entry(row: Any) -> Entry:
    return Entry(
        channel=row["channel"],
        name=row["name"],
        phase=row["phase"],
        id=row["id"],
        body=bytes(row["body"]),
        raised_at=moment(row["raised_at"]),
        due_at=moment(row["due_at"]),
        attempts=row["attempts"],
        claim=row["claim"],
        claimed_until=moment_or_none(row["claimed_until"]),
        last_error=row["last_error"],
    )
