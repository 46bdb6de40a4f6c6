"""A whole store in memory: log, due work, polls and images, for tests and the simulation."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count
from threading import RLock
from uuid import UUID

from actors.relay import Relay
from domain.connections.connection import fold
from domain.errors import ConflictError, HeldError, MalformedError, RefusedError
from domain.event import Append, Meta, Recorded
from domain.identifiers import stream_id
from domain.ports.store import Causes, Guard, MoneyGuard, PollGuard, PollMark, StillGuard
from tieout.simulation.memory_work import MemoryPolls, MemoryWork, Now

FUTURE_MARGIN = timedelta(seconds=5)
Fault = Callable[[str], None]


class MemoryLog:
    """The event log in memory. Thread-safe.

    fault: called inside an append with "before commit" and with "after commit"; it may raise StoreError to play a
    store that gave no usable answer.
    """

    def __init__(self, *, now: Now, polls: MemoryPolls, lock: RLock, fault: Fault | None = None) -> None:
        self._now = now
        self._polls = polls
        self._lock = lock
        self._events: list[Recorded] = []
        self._streams: dict[UUID, list[Recorded]] = defaultdict(list)
        self._incarnations = count(1)
        self._incarnation = UUID(int=next(self._incarnations))
        self._hold_until: datetime | None = None
        self.commits: list[int] = []  # the last position of every transaction, oldest first
        self.fault: Fault = fault or (lambda _: None)

    def now(self) -> datetime:
        """Give the store's clock."""
        return self._now()

    def load(self, streams: Sequence[UUID]) -> dict[UUID, list[Recorded]]:
        """Give the events of many streams."""
        with self._lock:
            return {stream: list(self._streams.get(stream, ())) for stream in streams}

    def append(
        self,
        batch: Sequence[Append],
        *,
        causes: Causes,
        mark: PollMark | None = None,
        guard: Guard | None = None,
    ) -> None:
        """Append all or nothing."""
        with self._lock:
            now = self._now()
            if guard is not None:
                self._check(guard, causes.connection, now)
            if mark is not None:
                self._polls.check(mark)
            new = self._recorded(batch, causes, now)
            self.fault("before commit")
            for recorded in new:
                self._events.append(recorded)
                self._streams[recorded.stream].append(recorded)
            self.commits.append(len(self._events))
            if mark is not None:
                self._polls.mark(mark)
        self.fault("after commit")

    def read(self, *, after: int, limit: int) -> list[Recorded]:
        """Give the events behind a position."""
        with self._lock:
            return self._events[after : after + limit]

    def last_position(self) -> int:
        """Give the position of the newest event."""
        return len(self._events)

    def incarnation(self) -> UUID:
        """Give the store's incarnation."""
        return self._incarnation

    def hold_until(self) -> datetime | None:
        """Give the end of the hold on money writes, None when none is in force."""
        until = self._hold_until
        return until if until is not None and until > self._now() else None

    def hold(self, until: datetime) -> None:
        """Hold money writes at least until then."""
        with self._lock:
            self._hold_until = until if self._hold_until is None else max(until, self._hold_until)

    def go_back(self, *, to_position: int, hold_until: datetime) -> UUID:
        """Play a restored backup: forget the events behind a position, become another incarnation, hold money."""
        with self._lock:
            for recorded in self._events[to_position:]:
                self._streams[recorded.stream].remove(recorded)
            del self._events[to_position:]
            self.commits = [position for position in self.commits if position <= to_position]
            self._incarnation = UUID(int=next(self._incarnations))
            self.hold(hold_until)
            return self._incarnation

    def _check(self, guard: Guard, connection: UUID, now: datetime) -> None:
        if isinstance(guard, PollGuard):
            self._polls.check(guard)
        elif isinstance(guard, StillGuard):
            if any(one.meta.connection == guard.connection for one in self._events[guard.position :]):
                raise HeldError("the connection's work went on meanwhile: what was judged of it no longer stands")
        elif guard.incarnation != self._incarnation:
            raise HeldError("the store is another incarnation than the one this work began with")
        elif isinstance(guard, MoneyGuard):
            self._check_hold(now)
            if fold(self._streams.get(stream_id(connection, "connection", ""), ())).removed:
                raise HeldError("the connection was removed: nothing is sent for it any more")

    def _check_hold(self, now: datetime) -> None:
        if self._hold_until is not None and self._hold_until > now:
            raise HeldError(f"money writes are held until {self._hold_until.isoformat()}")
        if self._events and self._events[-1].meta.recorded_at > now + FUTURE_MARGIN:
            raise HeldError("the newest event was recorded in the future: a clock is wrong, money writes are held")

    def _recorded(self, batch: Sequence[Append], causes: Causes, now: datetime) -> list[Recorded]:
        new: list[Recorded] = []
        versions: dict[UUID, int] = {}
        for append in batch:
            version = versions.get(append.stream, len(self._streams.get(append.stream, ())))
            if version != append.expected_version:
                text = f"stream {append.stream} is at version {version}, expected {append.expected_version}"
                raise ConflictError(text)
            meta = Meta(
                connection=causes.connection,
                recorded_at=now,
                occurred_at=append.occurred_at or now,
                correlation_id=causes.correlation_id,
                causation_id=causes.causation_id,
                actor=causes.actor,
            )
            for number, event in enumerate(append.events, start=version + 1):
                position = len(self._events) + len(new) + 1
                new.append(Recorded(stream=append.stream, version=number, position=position, meta=meta, event=event))
            versions[append.stream] = version + len(append.events)
        return new


class MemoryBlobs:
    """Images in memory."""

    def __init__(self) -> None:
        self._blobs: dict[str, bytes] = {}

    def put(self, chunks: Iterable[bytes], *, max_bytes: int) -> tuple[str, int]:
        """Store a stream; give (digest, size)."""
        data = bytearray()
        for chunk in chunks:
            if len(data) + len(chunk) > max_bytes:
                raise RefusedError(f"the image is larger than {max_bytes} bytes", code="IMAGE_TOO_LARGE")
            data += chunk
        digest = hashlib.sha256(data).hexdigest()
        self._blobs[digest] = bytes(data)
        return digest, len(data)

    def get(self, digest: str) -> bytes:
        """Give the bytes of an image."""
        if digest not in self._blobs:
            raise MalformedError(f"image {digest} is not in the store", record=digest)
        return self._blobs[digest]

    def head(self, digest: str, *, size: int) -> bytes:
        """Give the first bytes of an image."""
        return self.get(digest)[:size]

    def lose(self, digest: str) -> None:
        """Play a lost image."""
        del self._blobs[digest]


class MemoryStore:
    """The four ports over one lock and one clock, and the relay between them."""

    def __init__(self, now: Now, *, fault: Fault | None = None) -> None:
        lock = RLock()
        self.polls = MemoryPolls(now=now, lock=lock)
        self.log = MemoryLog(now=now, polls=self.polls, lock=lock, fault=fault)
        self.work = MemoryWork(
            now=now,
            read=lambda after, limit: self.log.read(after=after, limit=limit),
            last_position=self.log.last_position,
            lock=lock,
        )
        self.blobs = MemoryBlobs()
        self.relay = Relay(self.work)

    def relay_step(self) -> int:
        """Fold one page of new events into due work; give how many there were."""
        return self.relay.step()

    def drain(self) -> int:
        """Fold everything new into due work."""
        return self.relay.drain()

    def go_back(self, *, to_position: int, hold_until: datetime) -> UUID:
        """Play a restored backup of that position; give the new incarnation (images stay: they are kept apart)."""
        incarnation = self.log.go_back(to_position=to_position, hold_until=hold_until)
        self.work.forget()
        self.polls.forget()
        self.drain()
        return incarnation
