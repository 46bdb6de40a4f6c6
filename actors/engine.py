"""The engine of one process: relay and schedule in one loop, workers on the other side of the doorbell."""

import threading
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import dramatiq

from actors.errands.catalogue import ERRANDS
from actors.relay import Relay
from actors.shell import Doorbell, FindTools
from domain.errors import MisconfiguredError
from domain.ports.store import PollBoard, WorkBoard

TICK_SECONDS = 0.02
IDLE_SECONDS = 0.25
MENDING = timedelta(minutes=5)  # a process leaves an errand alone that a person must mend the settings for
MOST_AT_ONCE = {"fetch_images": 2, "submit_invoices": 2}  # errands whose batches may run side by side
BATCH = 50  # rows of an errand that one of them takes
FULL_AFTER = {"submit_invoices": "fetch_images"}  # a batch is rung when it is full, or nothing more is about to join


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
        threads: int = 6,
        held_back: Callable[[UUID, str], str] = lambda _connection, _name: "",
    ) -> None:
        self._relay, self._work, self._polls, self._now = relay, work, polls, now
        self._held_back = held_back
        self.faults: list[tuple[str, UUID, BaseException]] = []
        self._left_alone: dict[tuple[UUID, str], datetime] = {}
        self.bell = Doorbell(broker, find_tools, self._report)
        self._worker = dramatiq.Worker(broker, worker_threads=threads, worker_timeout=100)
        self._pause = threading.Event()

    def start(self) -> None:
        """Start the worker threads."""
        self._worker.start()

    def stop(self) -> None:
        """Let the errands in hand finish, then stop the threads."""
        self.bell.hush()
        self._pause.set()
        self._worker.stop()

    def pump(self, connections: Iterable[UUID], *, polls: Container[tuple[UUID, str]] | None = None) -> None:
        """Do one round for these connections: fold, then ring for due work and due polls.

        polls: the polls that may be rung, each of a connection; None for all.
        """
        wanted = set(connections)
        self._relay.drain()
        now = self._now()
        counts = self._work.due_counts(now)
        due = {key: rows for key, rows in counts.items() if key[0] in wanted and key[1] not in self._alone(key[0])}
        for (connection, errand), rows in due.items():
            if self._held_back(connection, errand):
                continue
            if rows >= BATCH or not self._more_will_join(errand, connection, due):
                times = min(MOST_AT_ONCE.get(errand, 1), max(1, rows // BATCH))
                self.bell.ring(errand, connection, times=times)
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
            connection, until=until, but_for=self._alone(connection) | held_back
        )

    def _more_will_join(self, errand: str, connection: UUID, due: Mapping[tuple[UUID, str], int]) -> bool:
        """Whether work under way is about to make more rows of this errand due: a fuller batch is worth the wait."""
        before = FULL_AFTER.get(errand)
        return before is not None and ((connection, before) in due or self.bell.is_ringing(before, connection))

    def _report(self, name: str, connection: UUID, error: BaseException) -> None:
        self.faults.append((name, connection, error))
        if isinstance(error, MisconfiguredError):
            self._left_alone[connection, name] = self._now() + MENDING

    def _alone(self, connection: UUID) -> frozenset[str]:
        now = self._now()
        stopped = list(self._left_alone.items())  # worker threads add to it
        return frozenset(errand for (owner, errand), until in stopped if owner == connection and now < until)
