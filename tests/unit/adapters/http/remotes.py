"""Remotes for tests: real clocks or clocks of the test's own, a budget that takes notes, sleeps that only count."""

import time
from datetime import UTC, datetime, timedelta

from adapters.http import Remote
from domain.errors import TransientError
from domain.ports.store import Clock


class RealClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(tz=UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class HandClock:
    """Clocks that move when the test moves them; `sleep` moves them too."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.seconds = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        self.wall += timedelta(seconds=seconds)


class HurriedClock(RealClock):
    """The machine's clocks, except that sleeping takes no time: both clocks jump instead."""

    def __init__(self) -> None:
        self._skipped = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._skipped)

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    def sleep(self, seconds: float) -> None:
        self._skipped += seconds


class NotedBudget:
    """Grants everything unless it was told to refuse; remembers what it was asked."""

    def __init__(self) -> None:
        self.taken = 0
        self.blocked: list[float] = []
        self.refuse: TransientError | None = None
        self.wait = 0.0

    def acquire(self, *, wait_at_most: float) -> float:
        if self.refuse is not None:
            raise self.refuse
        self.taken += 1
        return min(self.wait, wait_at_most)

    def block(self, seconds: float) -> None:
        self.blocked.append(seconds)


def remote(
    *,
    clock: Clock | None = None,
    budget: NotedBudget | None = None,
    hand: HandClock | HurriedClock | None = None,
    timeout_seconds: float = 2.0,
) -> Remote:
    """A remote without jitter whose sleeps take no time; `close_remotes` lets it go."""
    made = Remote(
        "pretend",
        clock=clock or RealClock(),
        budget=budget or NotedBudget(),
        timeout_seconds=timeout_seconds,
        sleep=(hand or HandClock()).sleep,
        chance=lambda: 0.0,
    )
    _made.append(made)
    return made


def close_remotes() -> None:
    """Let the connections of every remote made so far go."""
    while _made:
        _made.pop().close()


_made: list[Remote] = []
