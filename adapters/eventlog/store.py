"""One opened store: every port over one SQLite file, and the word whether it went back in time."""

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from adapters.blobs import TableBlobs
from adapters.eventlog.calls import CallBook
from adapters.eventlog.database import BUSY_TIMEOUT_SECONDS, Database, sqlite_path
from adapters.eventlog.identity import Checkpoint, WentBack, grow_checkpoint, hold, read_state, recognise
from adapters.eventlog.log import SqliteLog
from adapters.eventlog.mapper import EventMapper
from adapters.eventlog.polls import SqlitePolls
from adapters.eventlog.recorders import EventRecorder, PositionRecorder
from adapters.eventlog.relay_table import SqliteRelayTable
from adapters.eventlog.schema import check_tables
from adapters.eventlog.work import SqliteWork
from adapters.ratelimit import TenantBudget
from adapters.vault.credentials import CredentialVault
from adapters.vault.data_keys import DataKeys
from adapters.vault.keyring import KeyRing


class SqliteStore:
    """The ports of one store; close it when done. Open one per process, after any fork.

    went_back: set when the store is another file than before, or shorter than its checkpoint. Until `hold` is called
    every guarded append raises HeldError, and every opening reports it again; whoever wires the connections records
    StoreWentBack for each of them and then calls `hold`.
    """

    def __init__(self, database: Database, *, ring: KeyRing, now: Callable[[], datetime]) -> None:
        self.database = database
        self._now = now
        self._events = EventRecorder(database.datastore)
        self.positions = PositionRecorder(database.datastore)
        with database.reading() as cursor:
            check_tables(cursor, database)
        with database.writing() as cursor:
            last = self._events.last_position(cursor)
            self.went_back: WentBack | None = recognise(cursor, database.path, last_position=last)
        self.data_keys = DataKeys(database, ring, now=now)
        self.credentials = CredentialVault(database, ring, now=now)
        self.log = SqliteLog(database, mapper=EventMapper(), data_keys=self.data_keys, now=now)
        self.work = SqliteWork(database, now=now)
        self.polls = SqlitePolls(database, now=now)
        self.blobs = TableBlobs(database)
        self.calls = CallBook(database)
        self.relay_table = SqliteRelayTable(database, self.log)

    def check(self) -> None:
        """Raise MisconfiguredError or StoreError unless the store answers and has tables of this version."""
        with self.database.reading() as cursor:
            check_tables(cursor, self.database)

    def hold(self, until: datetime) -> None:
        """Hold money writes at least until then; a report of having gone back is answered by it."""
        with self.database.writing() as cursor:
            hold(cursor, until=until)
        self.went_back = None

    def budget(self, tenant: str, *, requests_per_minute: int) -> TenantBudget:
        """Give the rate budget that all processes of a tenant share."""
        return TenantBudget(self.database, tenant, requests_per_minute=requests_per_minute, now=self._now)

    def close(self) -> None:
        """Write the checkpoint and close every connection."""
        try:
            with self.database.writing() as cursor:
                last = self._events.last_position(cursor)
                checkpoint = Checkpoint(incarnation=read_state(cursor).incarnation, position=last)
                grow_checkpoint(self.database.path, checkpoint)
        finally:
            self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        self.close()


def open_store(
    url: str,
    *,
    ring: KeyRing,
    now: Callable[[], datetime],
    busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
) -> SqliteStore:
    """Open a store whose tables exist. Raises MisconfiguredError without them, StoreError when it gives no answer."""
    database = Database(sqlite_path(url), busy_timeout_seconds=busy_timeout_seconds)
    try:
        return SqliteStore(database, ring=ring, now=now)
    except BaseException:
        database.close()
        raise
