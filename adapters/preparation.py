"""The clocks as they stood when a money write was prepared: whatever the wall clock does later, its bound stays."""

import threading
from datetime import datetime
from typing import NamedTuple

from adapters.http_messages import Deadline
from domain.ports.store import Clock


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
