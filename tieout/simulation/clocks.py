"""Virtual time: one true time that only the simulation moves, and the clocks of processes, which may be wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count


@dataclass
class Time:
    """The true time, also the store's and the remotes'; what is under way arrives when its time has come."""

    now: datetime
    passed: list[Callable[[], None]] = field(default_factory=list)  # told whenever time has moved
    _under_way: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self.start = self.now

    def read(self) -> datetime:
        """Give the time."""
        return self.now

    def pass_by(self, span: timedelta) -> None:
        """Let time pass; what falls due meanwhile happens at its own time, in order."""
        end = self.now + span
        while self._under_way and self._under_way[0][0] <= end:
            due, _, arrive = heappop(self._under_way)
            self._move(max(due, self.now))
            arrive()
        self._move(end)

    def later(self, due: datetime, arrive: Callable[[], None]) -> None:
        """Let something arrive at a time."""
        heappush(self._under_way, (due, next(self._numbers), arrive))

    def next_arrival(self) -> datetime | None:
        """Say when the next thing arrives."""
        return self._under_way[0][0] if self._under_way else None

    def _move(self, to: datetime) -> None:
        self.now = to
        for told in self.passed:
            told()


@dataclass
class ProcessClock:
    """A process's clocks: the wall clock is off by `skew`, the monotonic one counts on through sleep."""

    time: Time
    skew: timedelta = timedelta()

    def now(self) -> datetime:
        """Give the wall clock."""
        return self.time.now + self.skew

    def monotonic(self) -> float:
        """Give seconds since the start."""
        return (self.time.now - self.time.start).total_seconds()
