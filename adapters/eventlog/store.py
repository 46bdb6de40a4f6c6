"""One opened store: every port over one database, and the word whether it went back in time."""

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from adapters.blobs import TableBlobs
from adapters.eventlog.calls import CallBook
from adapters.eventlog.database import Database, open_database
from adapters.eventlog.identity import WentBack, hold, keep_checkpoint, recognise
from adapters.eventlog.log import StoredLog
from adapters.eventlog.mapper import EventMapper
from adapters.eventlog.polls import PollTable
from adapters.eventlog.relay_table import RelayTable
from adapters.eventlog.schema import check_tables
from adapters.eventlog.work import PendingWork
from adapters.eventlog.workers import WorkerBook
from adapters.ratelimit import TenantBudget
from adapters.vault.credentials import CredentialVault
from adapters.vault.data_keys import DataKeys
from adapters.vault.keyring import KeyRing


class Store:
    """The ports of one store; close it when done. Open one per process, after any fork.

    went_back: set when the store is another file or database than before, or shorter than its checkpoint. Until `hold`
    is called every guarded append raises HeldError, and every opening reports it again; whoever wires the connections
    records StoreWentBack for each of them and then calls `hold`.
    """

    def __init__(self, database: Database, *, ring: KeyRing, now: Callable[[], datetime]) -> None:
        self.database = database
        self._now = now
        with database.reading() as cursor:
            check_tables(cursor, database)
        self.went_back: WentBack | None = self.recognise()
        self.data_keys = DataKeys(database, ring, now=now)
        self.credentials = CredentialVault(database, ring, now=now)
        self.log = StoredLog(database, mapper=EventMapper(), data_keys=self.data_keys, now=now)
        self.work = PendingWork(database, now=now)
        self.polls = PollTable(database, now=now)
        self.blobs = TableBlobs(database)
        self.calls = CallBook(database)
        self.workers = WorkerBook(database, now=now)
        self.relay_table = RelayTable(database, self.log)

    def recognise(self) -> WentBack | None:
        """Compare the store with what it was, at its opening and whenever a long-lived process has a reason to."""
        with self.database.writing() as cursor:
            self.went_back = recognise(cursor, self.database)
        return self.went_back

    def declare_restored(self, detail: str) -> None:
        """Begin a new incarnation because a person says that the store was set back; detail: who and why."""
        with self.database.writing() as cursor:
            self.went_back = recognise(cursor, self.database, declared=detail)

    def check(self) -> None:
        """Raise MisconfiguredError or StoreError unless the store answers and has tables of this version."""
        with self.database.reading() as cursor:
            check_tables(cursor, self.database)

    def hold(self, until: datetime, *, answers: WentBack | None = None) -> None:
        """Hold money writes at least until then; a report of having gone back is answered by it.

        answers: that report, by default the newest this process knows; a later one stays for whoever looks next.
        """
        report = answers or self.went_back
        with self.database.writing() as cursor:
            hold(cursor, self.database, until=until, answers=report)
        if self.went_back == report:
            self.went_back = None

    def budget(self, tenant: str, *, requests_per_minute: int) -> TenantBudget:
        """Give the rate budget that all processes of a tenant share."""
        return TenantBudget(self.database, tenant, requests_per_minute=requests_per_minute, now=self._now)

    def close(self) -> None:
        """Write the checkpoint, where one is kept, and close every connection."""
        try:
            if self.database.checkpoint_beside is not None:
                with self.database.writing() as cursor:
                    last = self.database.events.last_position(cursor)
                    keep_checkpoint(cursor, self.database, position=last)
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
    now: Callable[[], datetime] | None = None,
    patience_seconds: float | None = None,
) -> Store:
    """Open a store whose tables exist. Raises MisconfiguredError without them, StoreError when it gives no answer.

    now: the store's clock, by default the database's own; patience_seconds: how long a write waits for others.
    """
    database = open_database(url, patience_seconds=patience_seconds)
    try:
        return Store(database, ring=ring, now=now or database.now)
    except BaseException:
        database.close()
        raise
