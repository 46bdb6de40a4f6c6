"""What an errand is handed: the rules of its connection, the ports, and the sources of ids, time and chance."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from actors.watch import UNWATCHED, Watch
from domain.invoices.index import TURN_AFTER
from domain.ports import BlobStore, EventLog, LedgerSystem, PayablesSystem, PollBook, WorkQueue
from domain.ports.store import Causes, Clock
from domain.rules import Rules

T = TypeVar("T")
R = TypeVar("R")


class Spread(Protocol):
    """Runs one function over many items; a simulation does it one after the other."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T], *, at_once: int) -> list[R]:
        """Give the results in the order of the items."""


def in_threads(function: Callable[[T], R], items: Iterable[T], *, at_once: int) -> list[R]:
    """Run in threads, so many at once; each of them knows which run it works for (see `actors.watch`)."""
    with ThreadPoolExecutor(at_once, thread_name_prefix="errand") as pool:
        calls = [(copy_context(), item) for item in items]
        return list(pool.map(lambda call: call[0].run(function, call[1]), calls))


@dataclass(frozen=True, kw_only=True)
class Tools:
    """One connection's tools; shared by the threads of a process.

    new_id: a fresh unique text; chance: a number in [0, 1) for jitter; worker: this process's name in claims;
    retry_base / retry_cap: bounds of the back-off between minutes-long tries of an errand; spread: how several reads
    are done at once; held_back: why an errand or poll of that name may not start now, "" when it may;
    next_poll_at: when a flow is due again after a poll that ends at that moment, None = after its row's interval;
    index_turns_after: how many changes a page of an invoice index holds; watch: who counts and traces what the errands
    do.
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
    spread: Spread = in_threads
    held_back: Callable[[str], str] = lambda _name: ""
    next_poll_at: Callable[[str, datetime], datetime | None] = lambda _flow, _ended: None
    index_turns_after: int = TURN_AFTER
    watch: Watch = UNWATCHED

    @property
    def connection(self) -> UUID:
        """The connection's id."""
        return self.rules.identity.id

    def correlation_id(self, *, unwatched: str = "") -> str:
        """Name the run under way: its events, its log lines and its trace carry this id.

        unwatched: the id where nobody watches, by default a fresh one.
        """
        return self.watch.correlation_id() or unwatched or self.new_id()

    def causes(self, correlation_id: str, *, causation_id: str = "", actor: str = "tieout") -> Causes:
        """Name what an append belongs to."""
        return Causes(connection=self.connection, correlation_id=correlation_id, causation_id=causation_id, actor=actor)

    def backoff(self, attempts: int, *, retry_after: float | None = None) -> timedelta:
        """Wait this long before the next try: full jitter under a doubling cap, never below Retry-After."""
        ceiling = min(self.retry_cap, self.retry_base * (1 << min(attempts, 16)))
        wait = ceiling * self.chance()
        return wait if retry_after is None else timedelta(seconds=retry_after) + wait
