"""A PostgreSQL database as the store uses it: transactions, locks, its identity and its clock."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import cast

import psycopg
from eventsourcing.domain import EventSourcingError

from adapters.clock import SystemClock
from adapters.eventlog.database import without_password
from adapters.eventlog.postgres_faults import verdict
from adapters.eventlog.postgres_pool import SCHEMA, StoreCursor, StoreDatastore
from adapters.eventlog.postgres_recorders import PostgresEvents, PostgresPositions
from adapters.eventlog.sql import POSTGRES, Cursor

LOCK_TIMEOUT_SECONDS = 10.0
CLOCK_SECONDS = 10.0  # so long does a comparison with the server's clock serve
CLOCK_MARGIN_SECONDS = 1.0  # what the settle window allows for clocks that differ
STEADY_SECONDS = 60.0  # longer than from the reckoning of a deadline to its intent
_MONOTONIC = SystemClock().monotonic
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_RELAXED = f"{_WRITE}; SET LOCAL synchronous_commit = off"
# The cluster, the branch of its history (another one after a failover or a restore to a point in time), the database
# and the table itself (another one after a dump was restored into this database).
_IDENTITY = (
    "SELECT (SELECT system_identifier FROM pg_control_system()) AS cluster,"  # noqa: S608 (fixed texts)
    " substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline,"
    " (SELECT oid FROM pg_database WHERE datname = current_database()) AS database,"
    f" to_regclass('{SCHEMA}.stored_events')::oid AS log"
)


class PostgresDatabase:
    """One database on a server; its pool opens when it is first used: open it after a fork, never before.

    lock_timeout_seconds: how long a write waits for other processes.
    """

    dialect = POSTGRES
    checkpoint_beside = None

    def __init__(self, url: str, *, lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS) -> None:
        self.name = without_password(url)
        self._lock_seconds = max(round(lock_timeout_seconds), 1)
        self.datastore = StoreDatastore(url, lock_timeout_seconds=self._lock_seconds)
        self.events = PostgresEvents(self.datastore)
        self.positions = PostgresPositions(self.datastore)
        self._clock = ServerClock()

    def now(self) -> datetime:
        """Give the server's clock, which every process on this database shares."""
        if not self._clock.known:
            with self.reading():  # every transaction compares the clocks when it is time to
                pass
        return self._clock.now()

    def is_steady(self, cursor: Cursor) -> bool:
        """Compare the clocks again; whether what `now` said in the last minute was right."""
        self._clock.compare(cursor)
        return self._clock.is_steady

    def reading(self) -> AbstractContextManager[Cursor]:
        """Open a transaction that sees one snapshot and writes nothing."""
        return self._transaction(_READ)

    def writing(self, *, durable: bool = True) -> AbstractContextManager[Cursor]:
        """Open a transaction that writes; each of its statements sees what others committed before it."""
        return self._transaction(_WRITE if durable else _RELAXED)

    def pipelined(self, cursor: Cursor) -> AbstractContextManager[object]:
        """Send the statements of the block without waiting for each answer."""
        return cast("StoreCursor", cursor).connection.pipeline()

    def lock(self, cursor: Cursor, name: str) -> None:
        """Wait for a transaction that asked for the same name; one name is asked for before another in one order."""
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", (f"tieout {name}",))

    def identity(self, cursor: Cursor) -> str:
        """Name the cluster, its timeline, the database and the table."""
        cursor.execute(_IDENTITY)
        row = cursor.fetchone()
        return f"{row['cluster']}:{row['timeline']}:{row['database']}:{row['log']}"

    def tables(self, cursor: Cursor) -> set[str]:
        """Name the tables there are."""
        cursor.execute("SELECT tablename AS name FROM pg_tables WHERE schemaname = ?", (SCHEMA,))
        return {row["name"] for row in cursor.fetchall()}

    def columns(self, cursor: Cursor, table: str) -> set[str]:
        """Name the columns of a table."""
        cursor.execute(
            "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = ? AND table_name = ?",
            (SCHEMA, table),
        )
        return {row["name"] for row in cursor.fetchall()}

    def create_library_tables(self, cursor: Cursor) -> None:
        """Make the tables and the type of the library's recorders that are missing."""
        ours = cast("StoreCursor", cursor)
        for statement in (*self.events.table_statements(), *self.positions.sql_create_statements):
            ours.execute(statement, prepare=False)
        ours.execute("SELECT to_regtype(?) AS type", (f"{SCHEMA}.{self.events.stored_event_type_name}",))
        row = ours.fetchone()
        if row is None or row["type"] is None:
            for statement in self.events.type_statements():
                ours.execute(statement, prepare=False)

    def close(self) -> None:
        """Close every connection."""
        self.datastore.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Cursor]:
        try:
            with self.datastore.begun(begin) as cursor:
                if self._clock.due:
                    self._clock.compare(cursor)
                yield cursor
        except (psycopg.Error, EventSourcingError) as error:
            raise verdict(error, name=self.name, lock_seconds=self._lock_seconds) from error


class ServerClock:
    """The server's clock, told from this process's monotonic one between two comparisons.

    seconds: a clock that goes on while the machine sleeps, so that what is told after it woke is not hours behind.
    """

    def __init__(self, *, seconds: Callable[[], float] = _MONOTONIC) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._ahead: float | None = None  # seconds: the server's clock less our monotonic one
        self._compared_at = self._put_right_at = float("-inf")

    @property
    def known(self) -> bool:
        """Whether the clocks were compared once."""
        return self._ahead is not None

    @property
    def due(self) -> bool:
        """Whether it is time to compare them again."""
        return self._seconds() - self._compared_at > CLOCK_SECONDS

    @property
    def is_steady(self) -> bool:
        """Whether what was told lately was right: no comparison of the last minute had to put it right."""
        return self._seconds() - self._put_right_at > STEADY_SECONDS

    def compare(self, cursor: Cursor) -> None:
        """Ask the server; half of the time it took counts as the way back, and may be wrong by as much.

        An answer that took too long to be believed puts nothing right that it does not contradict.
        """
        before = self._seconds()
        cursor.execute("SELECT clock_timestamp() AS now")
        server: datetime = cursor.fetchone()["now"]
        after = self._seconds()
        ahead, doubt = server.timestamp() - (before + after) / 2, (after - before) / 2
        with self._lock:
            if self._ahead is not None:
                if abs(ahead - self._ahead) > doubt + CLOCK_MARGIN_SECONDS:
                    self._put_right_at = after
                elif doubt > CLOCK_MARGIN_SECONDS:
                    return
            self._ahead, self._compared_at = ahead, after

    def now(self) -> datetime:
        """Give the server's time, UTC."""
        with self._lock:
            return datetime.fromtimestamp(0, UTC) + timedelta(seconds=(self._ahead or 0.0) + self._seconds())
