"""This process's own clocks."""

import time
from datetime import UTC, datetime

# The clock that goes on while the machine sleeps; only Linux has it, elsewhere the plain monotonic clock serves.
_BOOT_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class SystemClock:
    """Clock of the machine: wall time, and seconds that never jump."""

    def now(self) -> datetime:
        """Give the wall clock, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds since the machine started, sleep included where it can tell."""
        return time.monotonic() if _BOOT_CLOCK is None else time.clock_gettime(_BOOT_CLOCK)
