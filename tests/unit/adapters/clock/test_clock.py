"""The process's clocks go forward."""

import time
from datetime import UTC

import pytest

from adapters import clock
from adapters.clock import SystemClock


def test_the_wall_clock_is_in_utc_and_near_the_machines() -> None:
    assert SystemClock().now().tzinfo is UTC
    assert abs(SystemClock().now().timestamp() - time.time()) < 60


@pytest.mark.parametrize("boot_clock", [clock._BOOT_CLOCK, None])
def test_the_monotonic_clock_never_goes_back(monkeypatch: pytest.MonkeyPatch, boot_clock: int | None) -> None:
    monkeypatch.setattr(clock, "_BOOT_CLOCK", boot_clock)
    first = SystemClock().monotonic()
    assert SystemClock().monotonic() >= first
