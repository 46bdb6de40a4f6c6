"""The sandbox's time and its chance: one clock that can be advanced, and randomness that a seed repeats."""

import time
from datetime import UTC, datetime, timedelta
from random import Random


class SandboxClock:
    """Real time plus an offset that only grows; shared by both pretend systems."""

    def __init__(self, *, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """Return the sandbox's present, aware, in UTC."""
        return datetime.now(tz=UTC) + self._offset

    def advance(self, delta: timedelta) -> None:
        """Move the clock forward; a negative delta is a ValueError, since remotes' clocks do not run back."""
        if delta < timedelta():
            raise ValueError(f"the sandbox's clock only moves forward, not by {delta.total_seconds()} seconds")
        self._offset += delta


def chance(*parts: object) -> Random:
    """Return the random source that belongs to these parts: the same parts, the same numbers."""
    return Random("|".join(str(part) for part in parts))  # noqa: S311 - repeatable pretence, not secrecy


def real_seconds() -> float:
    """Return the machine's own time in epoch seconds, which clients compare HTTP dates with."""
    return time.time()
