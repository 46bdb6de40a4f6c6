"""The SQLite file: connections, transactions that several processes can share, and faults put into sentences."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType

from eventsourcing.domain import EventSourcingError
from eventsourcing.persistence import IntegrityError
from eventsourcing.sqlite import (
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

from domain.errors import ConflictError, MisconfiguredError, StoreError, TieoutError

BUSY_TIMEOUT_SECONDS = 5.0
POOL_SIZE = 20  # connections kept open; threads beyond this many wait for each other
WAL_PAUSE_SECONDS = 0.01
_SCHEME = "sqlite:///"


class Database:
    """One SQLite file, opened lazily by every thread that needs it; open it after a fork, never before.

    busy_timeout_seconds: how long a write waits for other processes; create: make the file when it is missing.
    """

    def __init__(self, path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS, create: bool = False) -> None:
        self.path = path.absolute()
        self.busy_timeout_seconds = busy_timeout_seconds
        mode = "rwc" if create else "rw"
        self.datastore = StoreDatastore(f"{self.path.as_uri()}?mode={mode}", busy_timeout_seconds)

    def reading(self) -> AbstractContextManager[SQLiteCursor]:
        """Open a transaction that sees one snapshot and writes nothing."""
        return self._transaction(write=False, durable=True)

    def writing(self, *, durable: bool = True) -> AbstractContextManager[SQLiteCursor]:
        """Open a transaction that is the only writer from its beginning.

        durable: on the disk when it ends; without it a power cut may undo the last such transactions, never the
        order: for claims, budgets and what is folded from the log again.
        """
        return self._transaction(write=True, durable=durable)

    def close(self) -> None:
        """Close every connection."""
        self.datastore.close()

    @contextmanager
    def _transaction(self, *, write: bool, durable: bool) -> Iterator[SQLiteCursor]:
        try:
            with self.datastore.transaction(commit=write, durable=durable) as cursor:
                yield cursor
        except (sqlite3.Error, EventSourcingError) as error:
            raise self._verdict(error) from error

    def _verdict(self, error: Exception) -> TieoutError:
        text, code = _root(error)
        if isinstance(error, IntegrityError | sqlite3.IntegrityError):
            return ConflictError(f"{self.path}: somebody else wrote first")
        if "no such table" in text or "no such column" in text:
            return MisconfiguredError(f"{self.path}: the store has no tables of this version; run `tieout init`")
        if "unable to open" in text and not self.path.exists():
            return MisconfiguredError(f"{self.path}: there is no store; run `tieout init`")
        sentence = _SENTENCES.get(code)
        if sentence is None:
            return StoreError(f"{self.path}: the store gave no usable answer ({text})")
        return StoreError(f"{self.path}: {sentence.format(seconds=self.busy_timeout_seconds)}")


def sqlite_path(url: str) -> Path:
    """Read `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    name = url.removeprefix(_SCHEME)
    if not url.startswith(_SCHEME) or not name:
        raise MisconfiguredError(f"store url {_without_password(url)!r}: only sqlite:///FILE is built so far")
    return Path(name)


class StoreDatastore(SQLiteDatastore):
    """The library's datastore with one writer at a time per process.

    The library's own pool takes its writer lock before it looks for a connection and keeps it when there is none;
    so the lock lives here.
    """

    def __init__(self, db_name: str, busy_timeout_seconds: float) -> None:
        super().__init__(db_name)
        self._patience = busy_timeout_seconds * 4  # threads queue behind each other, each of them behind processes
        self._writer = threading.Lock()
        self.pool: SQLiteConnectionPool = StorePool(db_name, busy_timeout_seconds, pool_timeout=self._patience)

    @contextmanager
    def transaction(self, *, commit: bool, durable: bool = True) -> Iterator[SQLiteCursor]:
        """Run a transaction; `commit` makes it the writer from its beginning."""
        if commit and not self._writer.acquire(timeout=self._patience):
            raise sqlite3.OperationalError("database is locked by another thread")
        try:
            connection = self.pool.get_connection()
            try:
                if commit and isinstance(connection, StoreConnection):
                    connection.set_durable(durable)
                with connection.transaction(commit=commit) as cursor:
                    yield cursor
            finally:
                self.pool.put_connection(connection)
        finally:
            if commit:
                self._writer.release()


class StorePool(SQLiteConnectionPool):
    """Connections in WAL mode that sync to the disk at every commit."""

    def __init__(self, db_name: str, busy_timeout_seconds: float, *, pool_timeout: float) -> None:
        super().__init__(db_name=db_name, pool_size=POOL_SIZE, max_overflow=0, pool_timeout=pool_timeout)
        self._busy_timeout_seconds = busy_timeout_seconds

    def _create_connection(self) -> SQLiteConnection:
        raw = sqlite3.connect(
            self.db_name,
            uri=True,
            check_same_thread=False,
            isolation_level=None,
            timeout=self._busy_timeout_seconds,
            cached_statements=256,
        )
        try:
            _choose_wal(raw, patience_seconds=self._busy_timeout_seconds)
            raw.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            raw.close()
            raise
        raw.row_factory = sqlite3.Row
        return StoreConnection(raw, None)


def _choose_wal(raw: sqlite3.Connection, *, patience_seconds: float) -> None:
    """Turn the file to WAL. SQLite's busy time-out does not cover this one statement, so it is tried again here."""
    give_up_at = time.monotonic() + patience_seconds
    while True:
        try:
            raw.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if _root(error)[1] != sqlite3.SQLITE_BUSY or time.monotonic() >= give_up_at:
                raise
            time.sleep(WAL_PAUSE_SECONDS)
        else:
            return


class StoreConnection(SQLiteConnection):
    """A connection whose writing transactions take the write lock when they begin.

    A transaction that reads first and takes the lock later fails under WAL as soon as another process wrote.
    """

    _durable = True

    def set_durable(self, durable: bool) -> None:  # noqa: FBT001 (a setter)
        """Choose whether commits wait for the disk."""
        if durable is not self._durable:
            self._sqlite_conn.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """Run one transaction."""
        with StoreTransaction(self, commit=commit) as cursor, cursor:
            yield cursor


class StoreTransaction(SQLiteTransaction):
    """BEGIN IMMEDIATE for writers; nothing stays open when a commit fails."""

    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if self.commit else "BEGIN")
        return cursor

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        try:
            super().__exit__(exc_type, exc_val, exc_tb)
        except BaseException:
            self.connection.rollback()
            raise


_SENTENCES = {
    sqlite3.SQLITE_BUSY: "the store is locked by another process and stayed so for {seconds:g} s",
    sqlite3.SQLITE_LOCKED: "the store is locked by another process and stayed so for {seconds:g} s",
    sqlite3.SQLITE_FULL: "the disk or the store is full",
    sqlite3.SQLITE_IOERR: "the disk failed under the store",
    sqlite3.SQLITE_READONLY: "the store cannot be written: the file or its folder is read-only",
    sqlite3.SQLITE_CANTOPEN: "the store cannot be opened: look at the rights of the file and its folder",
    sqlite3.SQLITE_NOTADB: "the file is no tieout store",
    sqlite3.SQLITE_CORRUPT: "the store is damaged: restore a backup",
}


def _root(error: BaseException) -> tuple[str, int]:
    """Give SQLite's own words and its primary result code; the library wraps them."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, sqlite3.Error):
        seen = seen.__cause__
    code = getattr(seen, "sqlite_errorcode", None)
    text = str(seen or error) or type(error).__name__
    if "locked" in text:
        return text, sqlite3.SQLITE_BUSY
    return text, 0 if code is None else code & 0xFF


def _without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    return f"{head.rpartition(':')[0]}:…@{tail}" if at and ":" in head.partition("//")[2] else url
