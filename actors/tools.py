"""What an errand is handed: the rules of its connection, the ports, and the sources of ids, time and chance."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from domain.ports import BlobStore, EventLog, LedgerSystem, PayablesSystem, PollBook, WorkQueue
from domain.ports.store import Causes, Clock
from domain.rules import Rules


@dataclass(frozen=True, kw_only=True)
class Tools:
    """One connection's tools; shared by the threads of a process.

    new_id: a fresh unique text; chance: a number in [0, 1) for jitter; worker: this process's name in claims;
    retry_base / retry_cap: bounds of the back-off between minutes-long tries of an errand.
    """

    rules: Rules
    log: EventLog
    work: WorkQueue
    polls: PollBook
    blobs: BlobStore
    ledger: LedgerSystem
    payables: PayablesSystem
    clock: Clock
    new_id: Callable[[], str]
    chance: Callable[[], float]
    worker: str
    retry_base: timedelta = timedelta(seconds=2)
    retry_cap: timedelta = timedelta(minutes=5)

    @property
    def connection(self) -> UUID:
        """The connection's id."""
        return self.rules.identity.id

    def causes(self, correlation_id: str, *, causation_id: str = "", actor: str = "tieout") -> Causes:
        """Name what an append belongs to."""
        return Causes(connection=self.connection, correlation_id=correlation_id, causation_id=causation_id, actor=actor)

    def backoff(self, attempts: int, *, retry_after: float | None = None) -> timedelta:
        """Wait this long before the next try: full jitter under a doubling cap, never below Retry-After."""
        ceiling = min(self.retry_cap, self.retry_base * (1 << min(attempts, 16)))
        wait = ceiling * self.chance()
        return wait if retry_after is None else timedelta(seconds=retry_after) + wait
