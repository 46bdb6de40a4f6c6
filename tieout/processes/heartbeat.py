"""A process that stays lists itself among those that live: a row of its own, written by its loop now and then."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from domain.errors import TieoutError
from domain.ports.workers import BEAT
from tieout.processes.stopping import Beat
from tieout.wiring import Deployment

logger = logging.getLogger(__name__)


class Heartbeat:
    """The row of one process; `beat` is called every round of its loop, so that a loop which stands still shows.

    Never from a thread that has an errand in hand: nothing may wait between an intent and its call.
    """

    def __init__(
        self,
        deployment: Deployment,
        role: str,
        *,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._deployment, self._role, self._wall, self._seconds = deployment, role, wall, seconds
        self._started_at: datetime | None = None
        self._due_at = seconds()
        self._failed = False

    def beat(self) -> None:
        """Write the row when it is time to."""
        if self._seconds() < self._due_at:
            return
        try:
            self._write()
            self._failed = False
        except TieoutError as error:  # verdict: go on, the next beat writes it; said once, not with every beat
            if not self._failed:
                logger.warning("this process is not listed as alive meanwhile: %s", error)
            self._failed = True
        self._due_at = self._seconds() + BEAT.total_seconds()  # counted from here: a slow store is not asked at once

    def end(self) -> None:
        """Strike the process off."""
        if self._started_at is None:
            return
        try:
            self._deployment.store.workers.remove(self._deployment.worker, started_at=self._started_at)
        except TieoutError as error:  # verdict: go on; the row is swept when it has been dead for a day
            logger.info("this process stays listed: %s", error)

    def _write(self) -> None:
        if self._started_at is None:
            self._started_at = self._deployment.log.now()
        self._deployment.store.workers.note(
            self._deployment.worker, role=self._role, started_at=self._started_at, wall=self._wall
        )


@contextmanager
def listed(deployment: Deployment, role: str) -> Iterator[Beat]:
    """List this process while the block runs; give what its loop calls every round.

    A block that ends by a fault leaves the row behind: that the process is gone without a word is worth seeing.
    """
    heart = Heartbeat(deployment, role)
    yield heart.beat
    heart.end()
