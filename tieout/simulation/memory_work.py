"""The table of due work and the book of polls in memory; the twins of those in `adapters/eventlog`."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from threading import RLock
from typing import Any
from uuid import UUID

import msgspec

from domain.effects import Change, Done, Due, Open, Shut, Wait, Wake
from domain.errors import HeldError
from domain.event import Recorded
from domain.ports.store import Backlog, DueRow, PollDue, PollGuard, PollMark, PollRow

Now = Callable[[], datetime]
RowKey = tuple[UUID, str, UUID]
DEFAULT_INTERVAL = timedelta(minutes=5)


@dataclass
class WorkRow:
    """One row of due work; `claim` marks one taking of it, so that a late worker frees nobody else's."""

    version: int
    due_at: datetime
    waits_for: str | None = None
    attempts: int = 0
    claimed_by: str | None = None
    claim: str = ""
    claimed_until: datetime | None = None
    after_position: int = 0

    def free(self, now: datetime) -> bool:
        """Whether nobody holds the row."""
        return self.claimed_until is None or self.claimed_until <= now

    def give_back(self) -> None:
        """Forget the claim."""
        self.claimed_by, self.claim, self.claimed_until = None, "", None


class MemoryWork:
    """WorkQueue and the relay's table in memory. Thread-safe."""

    def __init__(
        self,
        *,
        now: Now,
        read: Callable[[int, int], list[Recorded]],
        last_position: Callable[[], int],
        lock: RLock,
    ) -> None:
        self._now = now
        self._read = read
        self._last_position = last_position
        self._lock = lock
        self._rows: dict[RowKey, WorkRow] = {}
        self._open: set[tuple[UUID, str]] = set()
        self._claims = count(1)
        self._position = 0

    def claim(self, errand: str, *, connection: UUID, limit: int, worker: str, lease: timedelta) -> list[DueRow]:
        """Claim due rows, oldest due first."""
        with self._lock:
            now, token = self._now(), str(next(self._claims))
            ready = [
                (row.due_at, key[2].hex, key, row)
                for key, row in self._rows.items()
                if key[:2] == (connection, errand) and self._ready(row, now)
            ]
            claimed = []
            for _, _, key, row in sorted(ready)[:limit]:
                row.claimed_by, row.claim, row.claimed_until = worker, token, now + lease
                claimed.append(_due_row(key, row))
            return claimed

    def postpone(self, rows: Sequence[DueRow], *, worker: str, until: datetime, attempt: bool = True) -> None:
        """Give rows back, due again at `until`."""
        with self._lock:
            for row in self._held(rows, worker):
                row.due_at = until
                row.attempts += attempt
                row.give_back()

    def release(self, rows: Sequence[DueRow], *, worker: str) -> None:
        """Give rows back; claimable again once the relay folded everything appended so far."""
        with self._lock:
            for row in self._held(rows, worker):
                row.after_position = self._last_position()
                row.give_back()

    def give_up(self, worker: str, *, but_for: Collection[str] = ()) -> None:
        """Give back what a process holds, but for some errands' rows."""
        with self._lock:
            for (_, errand, _), row in self._rows.items():
                if row.claimed_by == worker and errand not in but_for:
                    row.after_position = self._last_position()
                    row.give_back()

    def due_counts(self, now: datetime) -> dict[tuple[UUID, str], int]:
        """Count the claimable rows by connection and errand."""
        with self._lock:
            return dict(Counter(key[:2] for key, row in self._rows.items() if self._ready(row, now)))

    def backlog(self, now: datetime) -> dict[tuple[UUID, str], Backlog]:
        """Give what is due by connection and errand, claimed rows included."""
        with self._lock:
            due: dict[tuple[UUID, str], list[datetime]] = defaultdict(list)
            for (connection, errand, _), row in self._rows.items():
                if row.waits_for is None and row.due_at <= now:
                    due[connection, errand].append(row.due_at)
            return {key: Backlog(rows=len(times), oldest_due_at=min(times)) for key, times in due.items()}

    def next_due_at(self, connection: UUID) -> datetime | None:
        """Give the earliest time a row can be claimed, rows that wait for a key left out."""
        with self._lock:
            times = [
                max(row.due_at, row.claimed_until or row.due_at)
                for key, row in self._rows.items()
                if key[0] == connection and row.waits_for is None
            ]
            return min(times, default=None)

    def is_quiet(self, connection: UUID, *, until: datetime | None = None, but_for: Collection[str] = ()) -> bool:
        """Whether everything is folded, nothing is claimed, and nothing falls due up to `until` (default: now)."""
        with self._lock:
            now = self._now()
            busy = any(
                not row.free(now) or (row.waits_for is None and row.due_at <= (until or now))
                for key, row in self._rows.items()
                if key[0] == connection and key[1] not in but_for
            )
            return not busy and self._position >= self._last_position()

    def in_hand(self, connection: UUID) -> dict[str, int]:
        """Count the rows that are claimed, by errand."""
        with self._lock:
            now = self._now()
            held = (key[1] for key, row in self._rows.items() if key[0] == connection and not row.free(now))
            return dict(Counter(held))

    def waiting(self, connection: UUID) -> dict[str, int]:
        """Count the rows that wait, by key."""
        with self._lock:
            rows = ((key, row) for key, row in self._rows.items() if key[0] == connection)
            return dict(Counter(row.waits_for for _, row in rows if row.waits_for is not None))

    def sweep(self) -> int:
        """Make rows due that wait for a key which is open; give how many there were (0 unless something is wrong)."""
        with self._lock:
            now = self._now()
            stuck = [
                row
                for key, row in self._rows.items()
                if row.waits_for is not None and (key[0], row.waits_for) in self._open
            ]
            for row in stuck:
                row.waits_for, row.due_at = None, now
            return len(stuck)

    def rows(self) -> dict[RowKey, WorkRow]:
        """Give a copy of the table, for tests and checkers."""
        with self._lock:
            return {key: replace(row) for key, row in self._rows.items()}

    def forget(self) -> None:
        """Empty the table, as a restored store would be folded from its beginning."""
        with self._lock:
            self._rows.clear()
            self._open.clear()
            self._position = 0

    def position(self) -> int:
        """Give the position the relay folded."""
        return self._position

    def read(self, *, after: int, limit: int) -> list[Recorded]:
        """Give the events behind a position."""
        return self._read(after, limit)

    def apply(self, changes: Sequence[Change], *, after: int, position: int) -> bool:
        """Apply a page's changes, unless another relay was faster."""
        with self._lock:
            if self._position != after:
                return False
            for change in changes:
                self._apply(change)
            self._position = position
            return True

    def refold(self, fold: Callable[[Sequence[Recorded]], Sequence[Change]], *, limit: int) -> int:
        """Fold the whole log again; rows that come back at the same version keep claim, attempts and time."""
        with self._lock:
            before, self._rows, self._open = self._rows, {}, set()
            position = count = 0
            while page := self._read(position, limit):
                for change in fold(page):
                    self._apply(change)
                position, count = page[-1].position, count + len(page)
            for key, row in before.items():
                if key in self._rows and self._rows[key].version == row.version:
                    self._rows[key] = replace(row, waits_for=self._rows[key].waits_for)
            self._position = max(self._position, position)
            return count

    def _ready(self, row: WorkRow, now: datetime) -> bool:
        due = row.waits_for is None and row.due_at <= now
        return due and row.free(now) and row.after_position <= self._position

    def _held(self, rows: Sequence[DueRow], worker: str) -> Iterable[WorkRow]:
        for due in rows:
            row = self._rows.get((due.connection, due.errand, due.aggregate))
            if row is not None and row.claimed_by == worker and row.claim == due.claim:
                yield row

    def _apply(self, change: Change) -> None:
        match change.effect:
            case Due(errand, aggregate, at):
                self._put((change.connection, errand, aggregate), change, due_at=at or change.at, waits_for=None)
            case Wait(errand, aggregate, key):
                waits_for = None if (change.connection, key) in self._open else key
                self._put((change.connection, errand, aggregate), change, due_at=change.at, waits_for=waits_for)
            case Done(errand, aggregate, up_to_version):
                row = self._rows.get((change.connection, errand, aggregate))
                if row is not None and (up_to_version is None or row.version <= up_to_version):
                    del self._rows[change.connection, errand, aggregate]
            case Open(key):
                self._open.add((change.connection, key))
                self._wake(change, key)
            case Shut(key):
                self._open.discard((change.connection, key))
            case Wake(key):
                self._wake(change, key)

    def _wake(self, change: Change, key: str) -> None:
        for (connection, _, _), row in self._rows.items():
            if connection == change.connection and row.waits_for == key:
                row.waits_for, row.due_at = None, change.at

    def _put(self, key: RowKey, change: Change, *, due_at: datetime, waits_for: str | None) -> None:
        row = self._rows.get(key)
        if row is None:
            self._rows[key] = WorkRow(change.version, due_at, waits_for)
        else:
            row.version, row.due_at, row.waits_for, row.attempts = change.version, due_at, waits_for, 0


class MemoryPolls:
    """The book of polls in memory. Thread-safe."""

    def __init__(self, *, now: Now, lock: RLock) -> None:
        self._now = now
        self._lock = lock
        self._rows: dict[tuple[UUID, str], PollRow] = {}
        self._claims: dict[tuple[UUID, str], str] = {}
        self._tokens = count(1)

    def ensure(
        self, connection: UUID, flows: Mapping[str, timedelta], *, moved: Mapping[str, datetime] | None = None
    ) -> None:
        """Make missing rows, due at once, set how often each flow is polled, and move what may be moved."""
        with self._lock:
            for flow, every in flows.items():
                self._put(self._row(connection, flow), every=every)
            for flow, at in (moved or {}).items():
                row = self._rows.get((connection, flow))
                if row and row.claimed_by is None and row.attempts == 0 and row.last_polled_at is not None:
                    self._put(row, next_poll_at=at)

    def due(self, now: datetime) -> list[tuple[UUID, str]]:
        """Name the polls that are due and free, oldest due first."""
        with self._lock:
            rows = [row for row in self._rows.values() if row.next_poll_at <= now and _free(row, now)]
            rows.sort(key=lambda row: (row.next_poll_at, row.connection.hex, row.flow))
            return [(row.connection, row.flow) for row in rows]

    def poke(self, connection: UUID, flows: Iterable[str], now: datetime) -> None:
        """Make polls due at once."""
        with self._lock:
            for flow in flows:
                if (connection, flow) in self._rows:
                    self._put(self._rows[connection, flow], next_poll_at=now)

    def rows(self, connection: UUID) -> list[PollRow]:
        """Give a connection's rows, by flow."""
        with self._lock:
            return [self._rows[key] for key in sorted(self._rows, key=str) if key[0] == connection]

    def drop(self, connection: UUID) -> None:
        """Forget a connection's rows."""
        with self._lock:
            for key in [key for key in self._rows if key[0] == connection]:
                del self._rows[key]
                self._claims.pop(key, None)

    def forget(self) -> None:
        """Play a restored store: every poll begins anew, at once."""
        with self._lock:
            rows, self._rows = self._rows, {}
            self._claims.clear()
            for row in rows.values():
                self._put(self._row(row.connection, row.flow), every=row.every)

    def claim(self, flow: str, *, connection: UUID, worker: str, lease: timedelta) -> PollDue | None:
        """Claim the poll if it is due and free."""
        with self._lock:
            now, row = self._now(), self._rows.get((connection, flow))
            if row is None or row.next_poll_at > now or not _free(row, now):
                return None
            token = self._claims[connection, flow] = str(next(self._tokens))
            self._put(row, claimed_by=worker, claimed_until=now + lease)
            return PollDue(
                connection=connection, flow=flow, watermark=row.watermark, attempts=row.attempts, claim=token
            )

    def finish(self, mark: PollMark) -> None:
        """End a poll that found nothing."""
        with self._lock:
            self.check(mark)
            self.mark(mark)

    def renew(self, due: PollDue, *, lease: timedelta) -> None:
        """Keep the claim."""
        with self._lock:
            self.check(due)
            self._put(self._rows[due.connection, due.flow], claimed_until=self._now() + lease)

    def check(self, held: PollDue | PollMark | PollGuard) -> None:
        """Raise HeldError when a claim is lost."""
        if self._claims.get((held.connection, held.flow)) != held.claim:
            raise HeldError(f"the claim of the poll of {held.flow} is lost")

    def mark(self, mark: PollMark) -> None:
        """Write a poll's end: watermark, next time, no claim."""
        with self._lock:
            row = self._row(mark.connection, mark.flow)
            del self._claims[mark.connection, mark.flow]
            self._put(
                row,
                watermark=mark.watermark,
                seen=mark.seen,
                last_polled_at=mark.completed_at,
                next_poll_at=mark.next_poll_at or self._now() + row.every,
                attempts=0,
                last_error="",
                claimed_by=None,
                claimed_until=None,
            )

    def fail(self, due: PollDue, *, until: datetime, text: str) -> None:
        """Give the poll back with the sentence that says why."""
        with self._lock:
            row = self._row(due.connection, due.flow)
            if self._claims.get((due.connection, due.flow)) == due.claim:
                del self._claims[due.connection, due.flow]
                attempts = row.attempts + 1
                freed: dict[str, Any] = {"claimed_by": None, "claimed_until": None}
                self._put(row, attempts=attempts, next_poll_at=until, last_error=text, **freed)

    def give_up(self, worker: str) -> None:
        """Give back every poll a process holds."""
        with self._lock:
            for key, row in list(self._rows.items()):
                if row.claimed_by == worker:
                    self._claims.pop(key, None)
                    self._put(row, claimed_by=None, claimed_until=None)

    def _row(self, connection: UUID, flow: str) -> PollRow:
        missing = PollRow(connection=connection, flow=flow, next_poll_at=self._now(), every=DEFAULT_INTERVAL)
        return self._rows.get((connection, flow), missing)

    def _put(self, row: PollRow, **changes: Any) -> None:
        self._rows[row.connection, row.flow] = msgspec.structs.replace(row, **changes)


def _free(row: PollRow, now: datetime) -> bool:
    return row.claimed_until is None or row.claimed_until <= now


def _due_row(key: RowKey, row: WorkRow) -> DueRow:
    connection, errand, aggregate = key
    return DueRow(
        connection=connection,
        errand=errand,
        aggregate=aggregate,
        version=row.version,
        attempts=row.attempts,
        due_at=row.due_at,
        claim=row.claim,
    )
