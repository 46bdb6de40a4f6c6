"""When the relay rings: at once for what became ready, then again with a doubling pause for as long as it stays so.

Messages may be lost and nobody may be listening: ringing again mends the one, the doubling pause bounds the other.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

Key = tuple[UUID, str]  # a connection and an errand

BATCH = 50  # rows of an errand that one of them takes
MOST_AT_ONCE = {"fetch_images": 2, "submit_invoices": 2}  # errands whose batches may run side by side
FULL_AFTER = {"submit_invoices": "fetch_images"}  # a batch is rung when it is full, or nothing more is about to join
FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
SETTLE_SECONDS = 1.0  # a batch that may grow is rung when it has not grown for so long


@dataclass
class _Ready:
    """Rows that are ready: how many, when to ring next, and how long to wait after that."""

    rows: int
    next_at: float
    pause: float = FIRST_PAUSE_SECONDS


def at_once(errand: str, rows: int) -> int:
    """Give how many workers may take batches of an errand's rows side by side."""
    return min(MOST_AT_ONCE.get(errand, 1), max(1, rows // BATCH))


class Ringing:
    """Remembers what was rung; not thread-safe, one per relay. Several relays ring side by side, which costs messages.

    Times are seconds of a clock that never jumps.
    """

    def __init__(self) -> None:
        self._ready: dict[Key, _Ready] = {}

    def to_ring(self, ready: Mapping[Key, int], *, now: float) -> list[tuple[Key, int]]:
        """Give what to ring now and how often: `ready` holds the claimable rows by connection and errand."""
        self._forget(ready)
        for key, rows in ready.items():
            known = self._ready.get(key)
            if known is None:
                self._ready[key] = _Ready(rows=rows, next_at=now + _growing(key[1], rows))
            elif known.rows != rows:
                self._ready[key] = _Ready(rows=rows, next_at=_changed(known, key[1], rows, now))
        return [(key, at_once(key[1], one.rows)) for key, one in self._ready.items() if self._is_time(one, now)]

    def _forget(self, ready: Iterable[Key]) -> None:
        for key in self._ready.keys() - set(ready):
            del self._ready[key]

    def _is_time(self, one: _Ready, now: float) -> bool:
        if now < one.next_at:
            return False
        one.next_at = now + one.pause
        one.pause = min(one.pause * 2, LONGEST_PAUSE_SECONDS)
        return True


def _changed(known: _Ready, errand: str, rows: int, now: float) -> float:
    """Say when to ring for rows whose number has changed.

    Fewer of them: somebody is at work. More of them: that says nothing about who is, so that the next ring is put off
    only while their batch is not full.
    """
    growing = _growing(errand, rows)
    later = now + (growing or FIRST_PAUSE_SECONDS)
    return min(later, known.next_at) if rows > known.rows and not growing else later


def _growing(errand: str, rows: int) -> float:
    """How long rows wait for others to join their batch."""
    return SETTLE_SECONDS if errand in FULL_AFTER and rows < BATCH else 0.0
