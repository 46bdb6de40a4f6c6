"""Turns: how many threads of a process one connection may hold, so that a slow one never starves another."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable
from typing import TypeVar
from uuid import UUID

from actors.ringing import MOST_AT_ONCE

LEAST_SHARE = 2  # threads: one may be at a long poll
LONGEST_AGE_MILLISECONDS = 120_000  # a ring that seems older may come from a clock that is wrong

Key = TypeVar("Key", bound=Hashable)


class Turns:
    """Who is at work in this process. Thread-safe.

    A ring over its connection's share is put aside, and rung again when an errand of that connection ends; a ring for
    an errand that is at work already joins it, and the errand rings itself again at its end. A ring from before the
    errand's last batch began is old: that batch saw what the ring was for, and rings itself while there is more. Else
    every ring that was repeated while nobody listened would give its connection a turn more, round after round.

    serves: how many connections this process works for, whether or not it has heard of them yet.
    """

    def __init__(
        self, threads: int, *, serves: Callable[[], int] = lambda: 1, now: Callable[[], float] = time.time
    ) -> None:
        self._threads, self._serves, self._now = threads, serves, now
        self._begun: dict[tuple[str, UUID], list[int]] = {}  # when its last batches began, as many as may be at once
        self._running: Counter[tuple[str, UUID]] = Counter()
        self._held: Counter[UUID] = Counter()
        self._aside: dict[UUID, list[str]] = {}
        self._joined: set[tuple[str, UUID]] = set()
        self._lock = threading.Lock()

    def enter(
        self, errand: str, connection: UUID, *, waiting: frozenset[UUID] = frozenset(), rung_at: int | None = None
    ) -> bool:
        """Whether the errand may run now; a True is answered by `leave`.

        waiting: other connections with rings that nobody has taken up yet, as far as this process knows; rung_at: by
        the ringing process's clock, in milliseconds (Unix time), None when nobody knows. Where clocks differ, a ring
        may be taken for an old one: the relay rings again for what stays due.
        """
        with self._lock:
            most = MOST_AT_ONCE.get(errand, 1)
            if rung_at is not None and self._is_old(errand, connection, rung_at, most):
                return False
            if self._running[errand, connection] >= most:
                self._joined.add((errand, connection))
                return False
            if self._held[connection] >= self._share(connection, waiting):
                aside = self._aside.setdefault(connection, [])
                if aside.count(errand) < most:
                    aside.append(errand)
                return False
            self._running[errand, connection] += 1
            self._held[connection] += 1
            begun = self._begun.setdefault((errand, connection), [])
            begun.append(int(self._now() * 1000))
            del begun[:-most]
            return True

    def leave(self, errand: str, connection: UUID) -> list[str]:
        """End an errand; give the errands of its connection that may be rung now: put aside, or joined to this one."""
        with self._lock:
            _take_one(self._running, (errand, connection))
            _take_one(self._held, connection)
            freed = self._taken_up(connection)
            if (errand, connection) in self._joined:
                self._joined.discard((errand, connection))
                freed.append(errand)
            return freed

    def held(self, connection: UUID) -> int:
        """Give how many threads a connection holds."""
        with self._lock:
            return self._held[connection]

    def _is_old(self, errand: str, connection: UUID, rung_at: int, most: int) -> bool:
        """Whether batches that began later have answered a ring: one, or all that may be at once for one connection."""
        now = int(self._now() * 1000)
        if now - rung_at > LONGEST_AGE_MILLISECONDS:
            return False
        later = sum(rung_at < began <= now for began in self._begun.get((errand, connection), ()))
        return later >= most or (later > 0 and self._serves() != 1)

    def _taken_up(self, connection: UUID) -> list[str]:
        """Give as many of the errands put aside as the connection has threads for, oldest first."""
        aside = self._aside.pop(connection, [])
        room = max(1, self._share(connection, frozenset()) - self._held[connection])
        if aside[room:]:
            self._aside[connection] = aside[room:]
        return aside[:room]

    def _share(self, connection: UUID, waiting: frozenset[UUID]) -> int:
        """All threads of a process with one connection; else an equal part for each that it serves, rounded up.

        Never fewer than two, so that a payment does not wait behind a long poll of its own connection's suppliers, but
        never more than half. Counted by those served, not by those at work: whoever rings first knows no others yet,
        and could not give back what a remote that hangs holds.
        """
        busy = {connection, *self._held, *self._aside, *waiting}
        among = max(self._serves(), len(busy))
        half = -(-self._threads // 2)
        return self._threads if among == 1 else min(half, max(LEAST_SHARE, -(-self._threads // among)))


def _take_one(counter: Counter[Key], key: Key) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
