"""The Dramatiq shell: one actor per errand, rung by connection; the work itself is an errand's."""

import logging
import threading
from collections.abc import Callable
from uuid import UUID

import dramatiq

from actors.errands.catalogue import ERRANDS, POLLS
from actors.tools import Tools
from domain.errors import TieoutError

BATCHED = frozenset({"submit_invoices"})  # rung batch by batch: whoever rings knows when the next one is full
FindTools = Callable[[UUID], Tools | None]
Report = Callable[[str, UUID, BaseException], None]
logger = logging.getLogger(__name__)


class Doorbell:
    """Rings an errand for a connection, at most once until it was heard: messages never pile up in a process."""

    def __init__(self, broker: dramatiq.Broker, find_tools: FindTools, report: Report) -> None:
        self._actors = {name: self._actor(broker, name) for name in (*ERRANDS, *POLLS)}
        self._find_tools = find_tools
        self._report = report
        self._rung: dict[tuple[str, UUID], int] = {}
        self._busy = 0
        self._said = ""
        self._lock = threading.Lock()
        self._hushed = threading.Event()

    def ring(self, errand: str, connection: UUID, *, times: int = 1) -> None:
        """Ask for an errand to run; `times`: how many workers may run it at once."""
        key = (errand, connection)
        while True:
            with self._lock:
                if self._rung.get(key, 0) >= times:
                    return
                self._rung[key] = self._rung.get(key, 0) + 1
            self._actors[errand].send(str(connection))

    def is_ringing(self, errand: str, connection: UUID) -> bool:
        """Whether an errand is rung or at work for a connection in this process."""
        with self._lock:
            return self._rung.get((errand, connection), 0) > 0

    def hush(self) -> None:
        """Let errands end after the batch in hand; what stays due is in the store."""
        self._hushed.set()

    @property
    def is_silent(self) -> bool:
        """Whether nothing is rung and nobody is at work in this process."""
        with self._lock:
            return self._busy == 0 and not any(self._rung.values())

    def _actor(self, broker: dramatiq.Broker, name: str) -> "dramatiq.Actor[[str], None]":
        def answer(connection: str) -> None:
            self._answer(name, UUID(connection))

        return dramatiq.Actor(
            answer, broker=broker, actor_name=name, queue_name=name.replace("_", "-"), priority=0, options={}
        )

    def _answer(self, name: str, connection: UUID) -> None:
        with self._lock:
            self._busy += 1
        try:
            self._run(name, connection)
        finally:
            with self._lock:
                self._busy -= 1
                self._rung[(name, connection)] = max(0, self._rung.get((name, connection), 0) - 1)

    def _run(self, name: str, connection: UUID) -> None:
        """Run the errand until nothing is due. Verdict on failure: reported; the rows come back by themselves."""
        tools = self._find_tools(connection)
        if tools is None:
            return
        try:
            self._repeat(name, tools)
        except TieoutError as error:
            self._say(f"{name}: {error}")
            self._report(name, connection, error)
        except Exception as error:
            logger.exception("%s failed unexpectedly", name)
            self._report(name, connection, error)

    def _say(self, text: str) -> None:
        """Log a fault once; the same sentence again and again helps nobody."""
        with self._lock:
            new, self._said = text != self._said, text
        if new:
            logger.warning(text)

    def _repeat(self, name: str, tools: Tools) -> None:
        """Run a poll or a batch once, an errand until nothing is due or the bell is hushed."""
        if self._hushed.is_set():
            return
        if name in POLLS:
            tools.watch.run(name, lambda: POLLS[name](tools))
            return
        while tools.watch.run(name, lambda: ERRANDS[name](tools)) and not self._hushed.is_set() and name not in BATCHED:
            pass
