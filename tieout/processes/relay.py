"""`tieout relay`: folds the log into due work, rings for it and for due polls, and keeps the projections."""

import logging
import threading
import time
from collections.abc import Mapping
from uuid import UUID

from actors.broker import QuorumBroker, make_broker
from actors.dead_letters import DeadLetterDesk
from actors.ringer import Ringer
from actors.ringing import Key, Ringing
from domain.connections.events import DeadLetterFound
from domain.errors import ConflictError, StoreError
from tieout.processes.dead_letters import record_dead_letter
from tieout.processes.opened import Opened
from tieout.processes.stopping import Beat, no_beat
from tieout.processes.upkeep import StorePatience, Upkeep
from tieout.wiring import Deployment

BUSY_SECONDS = 0.05
IDLE_SECONDS = 0.5
MOST_PAGES = 50  # of the log in one round
logger = logging.getLogger(__name__)


def run_relay(deployment: Deployment, *, stop: threading.Event, beat: Beat = no_beat) -> None:
    """Relay until told to stop; several relays at once are safe, each folded page counts once.

    beat: called every round, also when the broker does not answer. Raises StoreError when the store gives no usable
    answer for a hundred rounds in a row (ConflictError when others were faster each time).
    """
    ringer = Ringer(make_broker(deployment.settings.broker_url))
    relay = RelayLoop(deployment, ringer)
    desk = open_desk(deployment, relay.opened)
    patience = StorePatience()
    ringer.start()
    try:
        while not stop.is_set():
            busy = False
            try:
                busy = relay.round()
                patience.answered()
            except (ConflictError, StoreError) as error:  # verdict: wait and try again, a bounded number of times
                if patience.unanswered(error):
                    logger.warning("%s; the relay tries again", error)
            beat()
            stop.wait(BUSY_SECONDS if busy else IDLE_SECONDS)
    finally:
        ringer.stop()
        desk.close()
    relay.end()


def open_desk(deployment: Deployment, opened: Opened) -> DeadLetterDesk:
    """Look for dead letters from now on; each is recorded on the connections it concerns."""

    def take(fact: DeadLetterFound, named: UUID | None) -> None:
        logger.warning("the broker gave a message in %s up: %s", fact.queue, fact.cause)
        record_dead_letter(deployment.log, fact, named=named, connections=opened.names().keys())

    desk = DeadLetterDesk(QuorumBroker(deployment.settings.broker_url), take)
    desk.open()
    return desk


class RelayLoop:
    """One relay's rounds."""

    def __init__(self, deployment: Deployment, ringer: Ringer) -> None:
        self._deployment, self._ringer = deployment, ringer
        self.opened = Opened(deployment)
        self._upkeep = Upkeep(deployment, self.opened)
        self._ringing = Ringing()

    def round(self) -> bool:
        """Fold what is new and ring for what is ready; whether anything was going on. Raises StoreError."""
        folded = self._fold()
        now = self._upkeep.round()
        ready = dict(self._deployment.work.due_counts(now))
        ready |= {(one, f"poll_{flow}"): 1 for one, flow in self._deployment.polls.due(now)}
        ready = self._startable(ready)
        for key, times in self._ringing.to_ring(ready, now=time.monotonic()):
            self._ring(key, times)
        return bool(folded or ready)

    def _fold(self) -> int:
        """Fold what is new, a bounded number of pages: others may append without a pause, and the rest must go on."""
        folded = 0
        for _ in range(MOST_PAGES):
            count = self._deployment.relay.step()
            folded += count
            if not count:
                break
        return folded

    def _startable(self, ready: Mapping[Key, int]) -> dict[Key, int]:
        """Leave out what is not ours, and what a pause or a blackout holds back."""
        ours, gate = self.opened.names(), self._deployment.gate
        return {key: rows for key, rows in ready.items() if key[0] in ours and not gate.held_back(*key)}

    def end(self) -> None:
        """Fold what came in last."""
        self._fold()
        self._upkeep.project()

    def _ring(self, key: tuple[UUID, str], times: int) -> None:
        connection, errand = key
        self._ringer.ask(errand, connection, times=times)
