"""The moment after which a money write sends no further byte, whatever is done to the wall clock meanwhile."""

import threading
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from domain.ports.store import Clock


class Deadline(msgspec.Struct, frozen=True):
    """The moment after which no further byte is written, on both clocks: whichever passes first counts."""

    wall: datetime
    monotonic: float

    @classmethod
    def at(cls, wall: datetime, clock: Clock) -> "Deadline":
        """Pin a moment of the wall clock to the monotonic one as well."""
        return cls(wall, clock.monotonic() + (wall - clock.now()).total_seconds())

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "Deadline":
        """Give the moment that many seconds from now."""
        return cls(clock.now() + timedelta(seconds=seconds), clock.monotonic() + seconds)

    def left(self, clock: Clock) -> float:
        """Seconds left, by the clock that has advanced furthest; zero or less when it has passed."""
        return min((self.wall - clock.now()).total_seconds(), self.monotonic - clock.monotonic())


class _Clocks(NamedTuple):
    wall: datetime
    monotonic_seconds: float


class Preparation:
    """Both clocks of the thread that prepared a write, and the latest moment its bytes may leave.

    Token and budget are had before the intent, and the intent's deadline is one call timeout after it: so no byte may
    leave later than one call timeout after the preparation, by the clock that nobody sets.
    """

    def __init__(self, clock: Clock, *, timeout_seconds: float) -> None:
        self._clock, self._timeout_seconds = clock, timeout_seconds
        self._local = threading.local()

    def done(self) -> None:
        """Note the clocks: token and budget are ready now."""
        self._local.clocks = _Clocks(self._clock.now(), self._clock.monotonic())

    def deadline(self, wall: datetime) -> Deadline:
        """Bound a deadline of the wall clock: one that was set since, ahead or back, never lengthens it."""
        deadline = Deadline.at(wall, self._clock)
        clocks: _Clocks | None = getattr(self._local, "clocks", None)
        if clocks is None:
            return deadline
        by_wall = clocks.monotonic_seconds + (wall - clocks.wall).total_seconds()
        return Deadline(wall, min(deadline.monotonic, by_wall, clocks.monotonic_seconds + self._timeout_seconds))
