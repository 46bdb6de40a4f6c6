"""A worker's ear: said once when the first queue is no longer heard, and once when all are heard again."""

import logging
import threading

logger = logging.getLogger(__name__)


class Outages:
    """Which queues are not heard. Thread-safe: every queue has a thread that listens."""

    def __init__(self) -> None:
        self._deaf: set[str] = set()
        self._lock = threading.Lock()

    def lost(self, queue_name: str, why: BaseException) -> None:
        """Note that a queue is no longer heard."""
        with self._lock:
            is_first = not self._deaf
            self._deaf.add(queue_name)
        if is_first:
            reason = " ".join(str(why).split()) or type(why).__name__
            logger.warning("the broker is not heard (%s): nothing is lost, listening begins again by itself", reason)

    def heard(self, queue_name: str) -> None:
        """Note that a queue is listened to."""
        with self._lock:
            was_last = self._deaf == {queue_name}
            self._deaf.discard(queue_name)
        if was_last:
            logger.warning("the broker is heard again")
