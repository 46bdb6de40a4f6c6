"""Told to stop: SIGTERM and SIGINT set an event, and what is in hand is finished."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

Beat = Callable[[], None]


def no_beat() -> None:
    """Tell nobody."""


@contextlib.contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """Give the event that SIGTERM and SIGINT set while the block runs; only the main thread may use this."""
    stop = threading.Event()
    before = {sig: signal.signal(sig, lambda _number, _frame: stop.set()) for sig in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)
