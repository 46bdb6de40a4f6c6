"""Ports of the store: the event log, the table of due work, the book of polls, the images."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import msgspec

from domain.event import Append, Recorded


class Causes(msgspec.Struct, frozen=True, kw_only=True):
    """Who and what an append belongs to; the log adds both times (recorded by the store's clock)."""

    connection: UUID
    correlation_id: str
    causation_id: str = ""
    actor: str = "tieout"


class PollMark(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a poll: written in the same transaction as its last events, or alone when it found nothing.

    claim: the `PollDue.claim` it was read under; a mark whose claim was lost is never written; next_poll_at: when the
    flow is due again, None = after its row's interval.
    """

    connection: UUID
    flow: str
    claim: str
    watermark: str
    completed_at: datetime
    seen: int
    next_poll_at: datetime | None = None


class StoreGuard(msgspec.Struct, frozen=True, kw_only=True):
    """Checked inside a transaction: the store is still this incarnation, so what was read of it still stands."""

    incarnation: UUID


class MoneyGuard(StoreGuard, frozen=True, kw_only=True):
    """Checked inside an intent's transaction: besides, the store holds no money writes, and the connection stands.

    The connection is the append's own (`Causes`); one that a person removed sends nothing any more, however long ago
    a worker asked whether it may.
    """


class PollGuard(msgspec.Struct, frozen=True, kw_only=True):
    """Checked inside the transaction of a poll's page: nobody else reads, and has read, the same things meanwhile."""

    connection: UUID
    flow: str
    claim: str


class StillGuard(msgspec.Struct, frozen=True, kw_only=True):
    """Checked inside a transaction that ends a connection: nothing was recorded of it behind the position judged."""

    connection: UUID
    position: int


Guard = StoreGuard | PollGuard | StillGuard


class EventLog(Protocol):
    """The record of everything. Thread-safe."""

    def now(self) -> datetime:
        """Give the store's clock, UTC."""

    def load(self, streams: Sequence[UUID]) -> dict[UUID, list[Recorded]]:
        """Give the events of many streams, each in version order; a stream without events maps to []."""

    def append(
        self,
        batch: Sequence[Append],
        *,
        causes: Causes,
        mark: PollMark | None = None,
        guard: Guard | None = None,
    ) -> None:
        """Append all or nothing in one transaction.

        Raises ConflictError when a stream is not at its expected version, HeldError when the guard fails (another
        incarnation, money writes on hold, a removed connection, work that went on, a claim that is lost; a mark's claim
        likewise), StoreError when the store gives no usable answer (then nobody knows whether it committed: load and
        look for what you appended).
        """

    def read(self, *, after: int, limit: int) -> list[Recorded]:
        """Give events behind a position, in position order; positions may have holes."""

    def last_position(self) -> int:
        """Give the position of the newest event, 0 when there is none."""

    def incarnation(self) -> UUID:
        """Give the store's incarnation: it changes when the store was restored or went back."""

    def hold_until(self) -> datetime | None:
        """Give the end of the hold on money writes, None when there is none."""


class DueRow(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed row of due work. aggregate: the stream the errand works on; version: of the event that made it due.

    claim: marks this one claim, so that a worker whose lease ran out gives back nobody else's; the store fills it.
    """

    connection: UUID
    errand: str
    aggregate: UUID
    version: int
    attempts: int
    due_at: datetime
    claim: str = ""


class WorkQueue(Protocol):
    """The table of due work (`pending`): the relay inserts and deletes rows, errands claim and postpone them."""

    def claim(self, errand: str, *, connection: UUID, limit: int, worker: str, lease: timedelta) -> list[DueRow]:
        """Claim due, unclaimed rows (or rows whose lease ran out) of one connection, oldest due first."""

    def postpone(self, rows: Sequence[DueRow], *, worker: str, until: datetime, attempt: bool = True) -> None:
        """Give rows back, due again at `until`; `attempt` counts a failed try. Rows deleted meanwhile are skipped."""

    def release(self, rows: Sequence[DueRow], *, worker: str) -> None:
        """Give rows back as they were; the relay deletes or moves them when it folds what the errand appended."""


class PollDue(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed poll: where it begins ("" = from the start) and how often it failed in a row.

    claim: marks this one claim. It is lost when its lease ran out and somebody else claimed the poll, and when the
    store went back.
    """

    connection: UUID
    flow: str
    watermark: str
    attempts: int
    claim: str


class PollBook(Protocol):
    """The rows of polls: one per connection and flow."""

    def claim(self, flow: str, *, connection: UUID, worker: str, lease: timedelta) -> PollDue | None:
        """Claim the poll if it is due and nobody else holds it."""

    def renew(self, due: PollDue, *, lease: timedelta) -> None:
        """Keep the claim of a poll that goes on for long. Raises HeldError when it is lost."""

    def finish(self, mark: PollMark) -> None:
        """End a poll that found nothing (one that found something ends with `EventLog.append(mark=...)`).

        Raises HeldError when its claim is lost.
        """

    def fail(self, due: PollDue, *, until: datetime, text: str) -> None:
        """Give the poll back, due again at `until`, with the sentence that says why; nothing when its claim is lost."""


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """Work that is due: how many rows, claimed ones included, and since when the oldest is."""

    rows: int
    oldest_due_at: datetime


class WorkBoard(WorkQueue, Protocol):
    """The table of due work as the shell around the errands sees it: what to ring for, and when all is done."""

    def give_up(self, worker: str, *, but_for: Collection[str] = ()) -> None:
        """Give back what a process holds that is about to end in the midst of it, as `release` does.

        but_for: errands whose rows stay claimed until their lease ends.
        """

    def due_counts(self, now: datetime) -> dict[tuple[UUID, str], int]:
        """Count the claimable rows by connection and errand."""

    def backlog(self, now: datetime) -> dict[tuple[UUID, str], Backlog]:
        """Give what is due by connection and errand: rows that wait for a key or a later time are left out."""

    def next_due_at(self, connection: UUID) -> datetime | None:
        """Give the earliest time a row can be claimed, rows that wait for a key left out; None without any."""

    def is_quiet(self, connection: UUID, *, until: datetime | None = None, but_for: Collection[str] = ()) -> bool:
        """Whether everything is folded, nothing is claimed, and nothing falls due up to `until` (default: now).

        but_for: errands whose rows do not count.
        """

    def in_hand(self, connection: UUID) -> dict[str, int]:
        """Count the rows that are claimed, by errand; those whose lease ran out are left out."""

    def waiting(self, connection: UUID) -> dict[str, int]:
        """Count the rows that wait, by the key they wait for."""

    def sweep(self) -> int:
        """Make rows due that wait for a key which is open; give how many there were (0 unless something is wrong)."""


class PollRow(msgspec.Struct, frozen=True, kw_only=True):
    """One poll's row, as `sync-status` reads it.

    every: its rhythm, how long after its end the next one is due when the mark does not say.
    """

    connection: UUID
    flow: str
    next_poll_at: datetime
    every: timedelta
    watermark: str = ""
    attempts: int = 0
    seen: int = 0
    last_polled_at: datetime | None = None
    last_error: str = ""
    claimed_by: str | None = None
    claimed_until: datetime | None = None


class PollBoard(PollBook, Protocol):
    """The rows of polls as the shell sees them."""

    def ensure(
        self, connection: UUID, flows: Mapping[str, timedelta], *, moved: Mapping[str, datetime] | None = None
    ) -> None:
        """Make missing rows, due at once, and set how often each flow is polled.

        moved: new next times by flow, for changed schedules; polls under way, that fail or never ended keep theirs.
        """

    def due(self, now: datetime) -> list[tuple[UUID, str]]:
        """Name the polls (connection, flow) that are due and free, oldest due first."""

    def poke(self, connection: UUID, flows: Iterable[str], now: datetime) -> None:
        """Make polls due at once; flows without a row are left out."""

    def rows(self, connection: UUID) -> list[PollRow]:
        """Give a connection's rows, by flow."""

    def give_up(self, worker: str) -> None:
        """Give back every poll that a process holds which is about to end; what it still reads counts no more."""

    def drop(self, connection: UUID) -> None:
        """Forget a connection's rows; whoever polls has lost the claim, and what `ensure` makes begins anew."""


class BlobStore(Protocol):
    """Images, content-addressed by SHA-256."""

    def put(self, chunks: Iterable[bytes], *, max_bytes: int) -> tuple[str, int]:
        """Store a stream; give (digest, size). Raises RefusedError(code="IMAGE_TOO_LARGE") past `max_bytes`."""

    def get(self, digest: str) -> bytes:
        """Give the bytes; raises MalformedError when they are missing or do not match their digest."""

    def head(self, digest: str, *, size: int) -> bytes:
        """Give the first `size` bytes."""


class Clock(Protocol):
    """A sender's own clocks, for deadlines: wall and monotonic, both must agree that there is time left."""

    def now(self) -> datetime:
        """Give the wall clock, UTC."""

    def monotonic(self) -> float:
        """Give seconds that never jump."""
