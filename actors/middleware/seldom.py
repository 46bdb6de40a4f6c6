"""What Dramatiq says of a broker that is away is left to us, who say it once; its other complaints come seldom."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import dramatiq

EVERY_SECONDS = 300.0
SAID_BY_US = "Consumer encountered a connection error"  # of every queue, every three seconds: see actors/outages.py


class SayOutagesSeldom(dramatiq.Middleware):
    """Puts one filter before the loggers of all consumer threads."""

    def __init__(self) -> None:
        self._filter = Seldom()

    def after_consumer_thread_boot(self, _broker: dramatiq.Broker, thread: Any) -> None:
        """Take a consumer thread's logger under the filter."""
        thread.logger.addFilter(self._filter)


class Seldom(logging.Filter):
    """Lets a sentence through once in a while, whatever is put into it."""

    def __init__(self, *, every_seconds: float = EVERY_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._every_seconds, self._clock = every_seconds, clock
        self._said: dict[str, float] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is for Dramatiq to say, and nothing of the kind was said lately."""
        if str(record.msg).startswith(SAID_BY_US):
            return False
        now = self._clock()
        with self._lock:
            before = self._said.get(str(record.msg))
            if before is not None and now - before < self._every_seconds:
                return False
            self._said[str(record.msg)] = now
            return True
