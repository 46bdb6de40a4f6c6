"""The Dramatiq shell: one actor per errand, rung by connection; the work itself is an errand's."""

import logging
import threading
from collections.abc import Callable
from uuid import UUID

import dramatiq
from dramatiq.middleware import CurrentMessage

from actors.errands.catalogue import ERRANDS, POLLS
from actors.left_alone import LeftAlone
from actors.queues import NAMES, message, queue_of
from actors.ringing import BATCH
from actors.tools import Tools
from actors.turns import Turns
from domain.errors import MisconfiguredError, TieoutError

BATCHED = frozenset({"submit_invoices"})  # rung batch by batch: whoever rings knows when the next one is full
FindTools = Callable[[UUID], Tools | None]
Report = Callable[[str, UUID, BaseException], None]
Ring = Callable[[str, UUID], None]
logger = logging.getLogger(__name__)


class Shell:
    """Answers the rings of this process, a batch each; an errand that did something rings itself again at the tail.

    ring: how it does that, without waiting for anybody; serves: how many connections it works for; left_alone: errands
    a person must mend the settings for.
    """

    def __init__(
        self,
        broker: dramatiq.Broker,
        find_tools: FindTools,
        report: Report,
        *,
        ring: Ring,
        threads: int,
        serves: Callable[[], int] = lambda: 1,
        left_alone: LeftAlone | None = None,
    ) -> None:
        self.turns = Turns(threads, serves=serves)
        self._find_tools, self._report, self._ring, self._left_alone = find_tools, report, ring, left_alone
        self._said = ""
        self._lock = threading.Lock()
        self._hushed = threading.Event()
        for name in NAMES:
            self._actor(broker, name)

    def hush(self) -> None:
        """Start no other batch; what stays due is in the store."""
        self._hushed.set()

    def _actor(self, broker: dramatiq.Broker, name: str) -> None:
        def answer(connection: str) -> None:
            ring = CurrentMessage.get_current_message()
            self.answer(name, UUID(connection), rung_at=None if ring is None else ring.message_timestamp)

        dramatiq.Actor(answer, broker=broker, actor_name=name, queue_name=queue_of(name), priority=0, options={})

    def answer(self, name: str, connection: UUID, *, rung_at: int | None = None) -> None:
        """Take up one ring: a batch of the errand when it is the connection's turn. rung_at: as for `Turns.enter`."""
        if self._hushed.is_set():
            return
        if not self.turns.enter(name, connection, waiting=self.waiting(), rung_at=rung_at):
            return
        again = False
        try:
            again = self._run(name, connection)
        finally:
            freed = self.turns.leave(name, connection)
            self.end(name, connection, again=again)
            for errand in freed:
                self._ring(errand, connection)

    def waiting(self) -> frozenset[UUID]:
        """Give the connections that were rung and not heard yet, as far as this process knows."""
        return frozenset()

    def end(self, name: str, connection: UUID, *, again: bool) -> None:
        """End one batch; `again`: there may be more to do."""
        if again:
            self._ring(name, connection)

    def goes_on(self, name: str, done: int) -> bool:
        """Whether an errand that has done so many rows goes on by itself; what may grow waits for the relay."""
        return done >= BATCH if name in BATCHED else done > 0

    def _run(self, name: str, connection: UUID) -> bool:
        """Run one batch; whether to go on. Verdict on failure: reported; the rows come back by themselves."""
        if self._left_alone is not None and name in ERRANDS and name in self._left_alone.of(connection):
            return False
        try:
            tools = self._find_tools(connection)
            if tools is None:
                return False
            if name in POLLS:
                tools.watch.run(name, lambda: POLLS[name](tools))
                return False
            return self.goes_on(name, tools.watch.run(name, lambda: ERRANDS[name](tools))) and not self._hushed.is_set()
        except TieoutError as error:
            self._say(f"{name}: {error}")
            self._blame(name, connection, error)
        except Exception as error:
            logger.exception("%s failed unexpectedly", name)
            self._blame(name, connection, error)
        return False

    def _blame(self, name: str, connection: UUID, error: BaseException) -> None:
        if self._left_alone is not None and isinstance(error, MisconfiguredError):
            self._left_alone.add(connection, name)
        self._report(name, connection, error)

    def _say(self, text: str) -> None:
        """Log a fault once; the same sentence again and again helps nobody."""
        with self._lock:
            new, self._said = text != self._said, text
        if new:
            logger.warning(text)


class Doorbell(Shell):
    """Rings and answers within one process, at most once until it was heard: messages never pile up."""

    def __init__(
        self,
        broker: dramatiq.Broker,
        find_tools: FindTools,
        report: Report,
        *,
        threads: int,
        serves: Callable[[], int] = lambda: 1,
        left_alone: LeftAlone | None = None,
    ) -> None:
        super().__init__(
            broker, find_tools, report, ring=self._send, threads=threads, serves=serves, left_alone=left_alone
        )
        self._broker = broker
        self._rung: dict[tuple[str, UUID], int] = {}  # rings that nobody has answered for good, at work or put aside

    def ring(self, errand: str, connection: UUID, *, times: int = 1) -> None:
        """Ask for an errand to run; `times`: how many workers may run it at once."""
        key = (errand, connection)
        while True:
            with self._lock:
                if self._rung.get(key, 0) >= times:
                    return
                self._rung[key] = self._rung.get(key, 0) + 1
            self._send(errand, connection)

    def is_ringing(self, errand: str, connection: UUID) -> bool:
        """Whether an errand is rung or at work for a connection."""
        with self._lock:
            return (errand, connection) in self._rung

    @property
    def is_silent(self) -> bool:
        """Whether nothing is rung and nobody is at work."""
        with self._lock:
            return not self._rung

    def waiting(self) -> frozenset[UUID]:
        """Give every connection that is rung, at work or put aside."""
        with self._lock:
            return frozenset(connection for _, connection in self._rung)

    def end(self, name: str, connection: UUID, *, again: bool) -> None:
        """Ring again, or forget the ring."""
        if again:
            self._send(name, connection)
            return
        with self._lock:
            left = self._rung.get((name, connection), 0) - 1
            if left > 0:
                self._rung[name, connection] = left
            else:
                self._rung.pop((name, connection), None)

    def goes_on(self, name: str, done: int) -> bool:
        """Whether an errand that has done so many rows goes on by itself; what may grow waits for the engine."""
        return done > 0 and name not in BATCHED

    def _send(self, errand: str, connection: UUID) -> None:
        self._broker.enqueue(message(errand, connection))
