"""What the store asks of a database; `sqlite.py` and `postgres.py` answer it."""

from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from adapters.eventlog.recorders import EventRecorder, PositionRecorder
from adapters.eventlog.sql import Cursor, Dialect
from domain.errors import MisconfiguredError

SQLITE_SCHEME = "sqlite:///"
POSTGRES_SCHEMES = ("postgresql://", "postgres://")


class Database(Protocol):
    """One database, opened lazily by the process that uses it: make it after a fork, never before.

    Every fault leaves as one of the domain's: ConflictError, StoreError (nobody knows whether it committed) or
    MisconfiguredError.
    """

    @property
    def name(self) -> str:
        """The file or the URL without its password, for sentences."""

    @property
    def dialect(self) -> Dialect:
        """How its SQL differs."""

    @property
    def checkpoint_beside(self) -> Path | None:
        """The file the checkpoint stands beside; None for a database whose identity says enough."""

    @property
    def events(self) -> EventRecorder:
        """The log's table."""

    @property
    def positions(self) -> PositionRecorder:
        """The positions of the log's readers."""

    def now(self) -> datetime:
        """Give the clock every process on this database shares, UTC."""

    def is_steady(self, cursor: Cursor) -> bool:
        """Whether the clock, asked anew, agrees with what `now` said lately, and deadlines were reckoned by."""

    def reading(self) -> AbstractContextManager[Cursor]:
        """Open a transaction that sees one snapshot and writes nothing."""

    def writing(self, *, durable: bool = True) -> AbstractContextManager[Cursor]:
        """Open a transaction that writes.

        durable: on the disk when it ends; without it a power cut may undo the last such transactions, never the
        order: for claims, budgets and what is folded from the log again.
        """

    def pipelined(self, cursor: Cursor) -> AbstractContextManager[object]:
        """Send the statements of the block without waiting for each answer; none of them may be fetched from."""

    def lock(self, cursor: Cursor, name: str) -> None:
        """Let nobody else who asks for the same name go on until this transaction ends."""

    def identity(self, cursor: Cursor) -> str:
        """Name what holds the store itself, so that a copy or a restored backup has another name."""

    def tables(self, cursor: Cursor) -> set[str]:
        """Name the tables there are."""

    def columns(self, cursor: Cursor, table: str) -> set[str]:
        """Name the columns of a table."""

    def create_library_tables(self, cursor: Cursor) -> None:
        """Make the tables of the library's recorders that are missing."""

    def close(self) -> None:
        """Close every connection."""


def open_database(url: str, *, patience_seconds: float | None = None, create: bool = False) -> Database:
    """Open what a URL names, connecting when it is first used.

    patience_seconds: how long a write waits for others (default: the database's own); create: make a missing file.
    """
    if url.startswith(POSTGRES_SCHEMES):
        from adapters.eventlog import postgres  # psycopg is loaded only where it is used

        wait = postgres.LOCK_TIMEOUT_SECONDS if patience_seconds is None else patience_seconds
        return postgres.PostgresDatabase(url, lock_timeout_seconds=wait)
    if url.startswith(SQLITE_SCHEME):
        from adapters.eventlog import sqlite

        wait = sqlite.BUSY_TIMEOUT_SECONDS if patience_seconds is None else patience_seconds
        return sqlite.SqliteDatabase(sqlite.sqlite_path(url), busy_timeout_seconds=wait, create=create)
    raise MisconfiguredError(f"store url {without_password(url)!r}: it must be sqlite:///FILE or postgresql://…")


def without_password(url: str) -> str:
    """Give a URL without its password; what stands behind a question mark is left out altogether."""
    head, at, tail = url.partition("?")[0].rpartition("@")
    return f"{head.rpartition(':')[0]}:…@{tail}" if at and ":" in head.partition("//")[2] else head + at + tail
