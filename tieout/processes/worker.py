"""`tieout worker`: answers the rings of a broker shared with other processes, errand by errand."""

import logging
import threading
from collections.abc import Collection
from uuid import UUID

from actors.broker import is_shared, make_broker
from actors.hands import Hands
from actors.queues import QUEUES
from domain.errors import MisconfiguredError, StoreError, TieoutError
from tieout.processes.opened import Opened
from tieout.processes.stopping import Beat, no_beat
from tieout.settings import Settings
from tieout.wiring import Deployment

ROUND_SECONDS = 1.0
logger = logging.getLogger(__name__)


def check_shared(settings: Settings) -> None:
    """Raise MisconfiguredError unless the broker can be shared with other processes."""
    if not is_shared(settings.broker_url):
        raise MisconfiguredError(
            f"{settings.file}: broker.url is memory://, which rings within one process only: use `tieout run`, or name"
            " a RabbitMQ (amqp://host:5672/) to spread the work over processes"
        )


def chosen_queues(names: str) -> list[str]:
    """Read `--queues a,b`; none means all. Raises MisconfiguredError for a queue that does not exist."""
    chosen = [one.strip() for one in names.split(",") if one.strip()]
    for one in chosen:
        if one not in QUEUES:
            raise MisconfiguredError(f"--queues {one} is no queue; the queues are {', '.join(sorted(QUEUES))}")
    return chosen


def run_worker(
    deployment: Deployment,
    *,
    stop: threading.Event,
    grace_seconds: float,
    threads: int,
    queues: Collection[str] = (),
    beat: Beat = no_beat,
) -> bool:
    """Work until told to stop, then let the errands in hand end; False when some were still at work after the grace.

    What those hold is the caller's to give back (`Deployment.give_up_claims`). beat: called every round while all
    threads live.
    """
    hands = start_hands(deployment, threads=threads, queues=queues)
    while not stop.is_set():
        try:
            deployment.note_calls()
        except TieoutError as error:  # verdict: go on; a count of requests is noted with the next round
            logger.info("%s", error)
        beat_of(hands, beat)()
        stop.wait(ROUND_SECONDS)
    return hands.stop(grace_seconds=grace_seconds)


def start_hands(deployment: Deployment, *, threads: int, queues: Collection[str] = ()) -> Hands:
    """Start answering rings over a deployment."""
    opened = Opened(deployment)
    hands = Hands(
        make_broker(deployment.settings.broker_url),
        find_tools=opened.find,
        report=_said_already,
        now=deployment.log.now,
        threads=threads,
        serves=lambda: _serves(opened),
        queues=queues,
    )
    hands.start()
    return hands


def _serves(opened: Opened) -> int:
    """Count the connections to work for. Verdict of a store that gives no answer: several, the careful guess."""
    try:
        return len(opened.names())
    except StoreError:
        return 2


def beat_of(hands: Hands, beat: Beat) -> Beat:
    """Give a beat that stops when a thread died, so that whoever watches the process starts it again."""
    return lambda: beat() if hands.are_whole else None


def _said_already(_errand: str, _connection: UUID, _error: BaseException) -> None:
    """Keep no list of faults: the shell has logged them, and a worker lives for months."""
