"""The hand at the bell: publishes in a thread of its own; a broker that is away stops nothing but the ringing."""

import logging
import threading
from collections.abc import Callable
from uuid import UUID

import dramatiq

from actors.broker import FAULTS
from actors.queues import message

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
END_SECONDS = 15.0  # for a call to the broker under way when the ringer is stopped
logger = logging.getLogger(__name__)


class Ringer:
    """Rings what it is asked for, in order; what is asked for twice before it was rung is rung as one."""

    def __init__(self, broker: dramatiq.Broker, *, say: Callable[[str], None] = logger.warning) -> None:
        self._broker, self._say = broker, say
        self._asked: dict[tuple[str, UUID], int] = {}
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._pause = 0.0
        self._thread = threading.Thread(target=self._work, name="ringer", daemon=True)

    @property
    def is_heard(self) -> bool:
        """Whether the broker took the last message, or none was sent yet."""
        return self._pause == 0.0

    def ask(self, errand: str, connection: UUID, *, times: int = 1) -> None:
        """Ask for a message; returns at once, whatever the broker does."""
        with self._changed:
            key = (errand, connection)
            self._asked[key] = max(times, self._asked.get(key, 0))
            self._changed.notify()

    def start(self) -> None:
        """Start ringing."""
        self._thread.start()

    def stop(self) -> None:
        """Stop ringing; what was asked for and not rung is rung again by the next relay."""
        with self._changed:
            self._stopped.set()
            self._changed.notify()
        self._thread.join(END_SECONDS)

    def _work(self) -> None:
        """Ring until stopped. Verdict on failure: the message is tried again, ever later; said once per outage."""
        while (key := self._next()) is not None:
            try:
                self._broker.enqueue(message(*key))
            except FAULTS as error:
                self._put_back(key)
                self._rest(error)
            except Exception as error:
                # Verdict: retry likewise; when this thread ends, its process seems to live and never rings again.
                logger.exception("ringing failed unexpectedly")
                self._put_back(key)
                self._rest(error)
            else:
                if not self.is_heard:
                    self._say("the broker answers again")
                self._pause = 0.0
        self._broker.close()

    def _next(self) -> tuple[str, UUID] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped.is_set() or bool(self._asked))
            if self._stopped.is_set():
                return None
            key = next(iter(self._asked))
            self._asked[key] -= 1
            if not self._asked[key]:
                del self._asked[key]
            return key

    def _put_back(self, key: tuple[str, UUID]) -> None:
        with self._changed:
            self._asked[key] = self._asked.get(key, 0) + 1

    def _rest(self, error: BaseException) -> None:
        if self.is_heard:
            reason = " ".join(str(error).split()) or type(error).__name__
            self._say(f"the broker does not answer ({reason}): nothing is lost, what is due is rung when it does")
        self._pause = min(self._pause * 2 or FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        self._stopped.wait(self._pause)
