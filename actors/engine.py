"""The engine of one process: relay and schedule in one loop, workers on the other side of the doorbell."""

import threading
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import datetime
from uuid import UUID

import dramatiq

from actors.errands.catalogue import ERRANDS
from actors.hands import THREADS, stop_worker
from actors.left_alone import LeftAlone
from actors.relay import Relay
from actors.ringing import BATCH, FULL_AFTER, at_once
from actors.shell import Doorbell, FindTools
from domain.ports.store import PollBoard, WorkBoard

TICK_SECONDS = 0.02
IDLE_SECONDS = 0.25
GRACE_SECONDS = 600.0


class Engine:
    """Folds new events, rings what is due, and tells when all is quiet. Start it, pump it, stop it."""

    def __init__(
        self,
        *,
        broker: dramatiq.Broker,
        relay: Relay,
        work: WorkBoard,
        polls: PollBoard,
        now: Callable[[], datetime],
        find_tools: FindTools,
        threads: int = THREADS,
        held_back: Callable[[UUID, str], str] = lambda _connection, _name: "",
    ) -> None:
        self._relay, self._work, self._polls, self._now = relay, work, polls, now
        self._held_back = held_back
        self.faults: list[tuple[str, UUID, BaseException]] = []
        self._left_alone = LeftAlone(now)
        self._served = 1
        self.bell = Doorbell(
            broker,
            find_tools,
            self._report,
            threads=threads,
            serves=lambda: self._served,
            left_alone=self._left_alone,
        )
        self._worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=100)
        self._pause = threading.Event()

    def start(self) -> None:
        """Start the worker threads."""
        self._worker.start()

    def stop(self, *, grace_seconds: float = GRACE_SECONDS) -> bool:
        """Let the errands in hand finish, then stop the threads; whether they finished within the grace."""
        self.bell.hush()
        self._pause.set()
        return stop_worker(self._worker, grace_seconds=grace_seconds)

    def pump(self, connections: Iterable[UUID], *, polls: Container[tuple[UUID, str]] | None = None) -> None:
        """Do one round for these connections: fold, then ring for due work and due polls.

        polls: the polls that may be rung, each of a connection; None for all.
        """
        wanted = set(connections)
        self._served = len(wanted)
        self._relay.drain()
        now = self._now()
        counts = self._work.due_counts(now)
        due = {
            key: rows for key, rows in counts.items() if key[0] in wanted and key[1] not in self._left_alone.of(key[0])
        }
        for (connection, errand), rows in due.items():
            if self._held_back(connection, errand):
                continue
            if rows >= BATCH or not self._more_will_join(errand, connection, due):
                self.bell.ring(errand, connection, times=at_once(errand, rows))
        for connection, flow in self._polls.due(now):
            chosen = connection in wanted and (polls is None or (connection, flow) in polls)
            if chosen and not self._held_back(connection, f"poll_{flow}"):
                self.bell.ring(f"poll_{flow}", connection)

    def wait(self, *, patient: bool = False) -> None:
        """Give the workers a moment; a longer one when nothing is going on and nobody waits for the end."""
        self._pause.wait(IDLE_SECONDS if patient and self.bell.is_silent else TICK_SECONDS)

    def is_quiet(self, connection: UUID, *, until: datetime | None = None) -> bool:
        """Whether nobody is at work in this process and no row of due work falls due up to a time (default: now).

        An errand that is held back, or stopped for wrong settings, does not count: this process leaves the latter alone
        for a while, and the next one, which may have better settings, takes it up at once.
        """
        held_back = {errand for errand in ERRANDS if self._held_back(connection, errand)}
        return self.bell.is_silent and self._work.is_quiet(
            connection, until=until, but_for=self._left_alone.of(connection) | held_back
        )

    def _more_will_join(self, errand: str, connection: UUID, due: Mapping[tuple[UUID, str], int]) -> bool:
        """Whether work under way is about to make more rows of this errand due: a fuller batch is worth the wait."""
        before = FULL_AFTER.get(errand)
        return before is not None and ((connection, before) in due or self.bell.is_ringing(before, connection))

    def _report(self, name: str, connection: UUID, error: BaseException) -> None:
        self.faults.append((name, connection, error))
