"""The hands of a worker process: threads that answer the rings of a broker shared with other processes."""

import time
from collections.abc import Callable, Collection
from datetime import datetime

import dramatiq

from actors.left_alone import LeftAlone
from actors.queues import QUEUES
from actors.ringer import Ringer
from actors.shell import FindTools, Report, Shell

TIMEOUT_MILLISECONDS = 250  # how soon an idle thread or consumer notices that it shall stop
THREADS = 6


class Hands:
    """Answers the rings of some queues; start it, stop it once.

    queues: names of queues, all when empty; threads: errands at work at once, and messages fetched ahead per queue;
    serves: how many connections there are to work for.
    """

    def __init__(
        self,
        broker: dramatiq.Broker,
        *,
        find_tools: FindTools,
        report: Report,
        now: Callable[[], datetime],
        threads: int = THREADS,
        serves: Callable[[], int] = lambda: 1,
        queues: Collection[str] = (),
    ) -> None:
        self._ringer = Ringer(broker)
        self.shell = Shell(
            broker,
            find_tools,
            report,
            ring=self._ringer.ask,
            threads=threads,
            serves=serves,
            left_alone=LeftAlone(now),
        )
        self._worker = dramatiq.Worker(
            broker, queues=set(queues or QUEUES), worker_threads=threads, worker_timeout=TIMEOUT_MILLISECONDS
        )
        # One message per thread: fewer would let an errand that hangs stop its whole queue here, more would lie
        # here while other processes are idle.
        self._worker.queue_prefetch = threads

    @property
    def are_whole(self) -> bool:
        """Whether every thread lives, those that work and those that fetch: nobody else misses one that died."""
        threads = [*self._worker.workers, *list(self._worker.consumers.values())]  # a copy: queues join at the start
        return all(thread.is_alive() for thread in threads)

    def start(self) -> None:
        """Start listening; a broker that does not answer is tried again and again."""
        self._ringer.start()
        self._worker.start()

    def stop(self, *, grace_seconds: float) -> bool:
        """Take no new ring, let the errands in hand end; whether they did within the grace.

        What was fetched and not begun goes back to the broker when its connection closes.
        """
        self.shell.hush()
        ended = stop_worker(self._worker, grace_seconds=grace_seconds)
        self._ringer.stop()
        return ended


def stop_worker(worker: dramatiq.Worker, *, grace_seconds: float) -> bool:
    """Stop a worker's threads after the errands in hand; whether they ended within the grace.

    When they did not, the consumers stay: the process is about to end, and their connections with it.
    """
    give_up_at = time.monotonic() + grace_seconds
    for thread in worker.workers:
        thread.stop()
    for thread in worker.workers:
        thread.join(max(0.0, give_up_at - time.monotonic()))
    if any(thread.is_alive() for thread in worker.workers):
        return False
    worker.stop()
    return True
