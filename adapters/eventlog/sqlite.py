"""The SQLite file: connections, transactions that several processes can share, and faults put into sentences."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
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

from adapters.eventlog.database import SQLITE_SCHEME, without_password
from adapters.eventlog.sql import SQLITE, Cursor
from adapters.eventlog.sqlite_recorders import SqliteEvents, SqlitePositions
from domain.errors import ConflictError, MisconfiguredError, StoreError, TieoutError

BUSY_TIMEOUT_SECONDS = 5.0
POOL_SIZE = 20  # connections kept open; threads beyond this many wait for each other
WAL_PAUSE_SECONDS = 0.01


class SqliteDatabase:
    """One SQLite file, opened lazily by every thread that needs it; open it after a fork, never before.

    busy_timeout_seconds: how long a write waits for other processes; create: make the file when it is missing.
    """

    dialect = SQLITE

    def __init__(self, path: Path, *, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS, create: bool = False) -> None:
        self.path = path.absolute()
        self.name = str(self.path)
        self.checkpoint_beside = self.path
        self.busy_timeout_seconds = busy_timeout_seconds
        mode = "rwc" if create else "rw"
        self.datastore = StoreDatastore(f"{self.path.as_uri()}?mode={mode}", busy_timeout_seconds)
        self.events = SqliteEvents(self.datastore)
        self.positions = SqlitePositions(self.datastore)

    def now(self) -> datetime:
        """Give this machine's clock, which every process on the file shares."""
        return datetime.now(UTC)

    def is_steady(self, cursor: Cursor) -> bool:  # noqa: ARG002 (the port's signature)
        """There is one clock, this machine's: nothing tells it second-hand."""
        return True

    def reading(self) -> AbstractContextManager[SQLiteCursor]:
        """Open a transaction that sees one snapshot and writes nothing."""
        return self._transaction(write=False, durable=True)

    def writing(self, *, durable: bool = True) -> AbstractContextManager[SQLiteCursor]:
        """Open a transaction that is the only writer from its beginning."""
        return self._transaction(write=True, durable=durable)

    def pipelined(self, cursor: Cursor) -> AbstractContextManager[object]:  # noqa: ARG002 (the port's signature)
        """Nobody waits for a statement within a file."""
        return nullcontext()

    def lock(self, cursor: Cursor, name: str) -> None:
        """A writing transaction is the only one from its beginning: there is nothing left to lock."""

    def identity(self, cursor: Cursor) -> str:  # noqa: ARG002 (the port's signature)
        """Name the file itself, whatever it is called: device and inode."""
        return file_identity(self.path)

    def tables(self, cursor: Cursor) -> set[str]:
        """Name the tables there are."""
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {row["name"] for row in cursor.fetchall()}

    def columns(self, cursor: Cursor, table: str) -> set[str]:
        """Name the columns of a table."""
        cursor.execute("SELECT name FROM pragma_table_info(?)", (table,))
        return {row["name"] for row in cursor.fetchall()}

    def create_library_tables(self, cursor: Cursor) -> None:
        """Make the tables of the library's recorders that are missing."""
        for statement in (*self.events.create_table_statements, *self.positions.create_table_statements):
            cursor.execute(statement)

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
    name = url.removeprefix(SQLITE_SCHEME)
    if not url.startswith(SQLITE_SCHEME) or not name:
        raise MisconfiguredError(f"store url {without_password(url)!r}: it must be sqlite:///FILE")
    return Path(name)


def copy_file(store: Path, copy: Path) -> Path:
    """Copy a store as it is at this moment, whoever works with it. Raises MisconfiguredError, StoreError."""
    if copy.exists():
        raise MisconfiguredError(f"{copy} exists already: move it away first")
    try:
        copy.touch(mode=0o600)
        connection = sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            connection.execute("VACUUM INTO ?", (str(copy),))
        finally:
            connection.close()
    except (OSError, sqlite3.Error) as error:
        copy.unlink(missing_ok=True)
        raise StoreError(f"{store}: no copy could be made at {copy} ({error})") from error
    return copy


def file_identity(path: Path) -> str:
    """Name the file itself, whatever it is called: device and inode."""
    try:
        status = path.stat()
    except OSError as error:
        raise StoreError(f"{path}: the store's file cannot be seen ({error.strerror})") from error
    return f"{status.st_dev}:{status.st_ino}"


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
