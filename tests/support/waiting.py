"""Waiting for a condition instead of a time."""

import threading
import time
from collections.abc import Callable


def wait_for(condition: Callable[[], object], what: str, *, seconds: float = 20.0) -> None:
    """Wait until a condition holds; fail, naming what was waited for, when it does not in time."""
    give_up_at = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < give_up_at, f"{what}: not within {seconds:g} s"
        pause.wait(0.01)
