"""`tieout run`: everything in one process, until it is told to stop."""

import logging
import threading

from actors.broker import is_shared
from domain.errors import ConflictError, StoreError
from tieout.processes.opened import Opened
from tieout.processes.relay import run_relay
from tieout.processes.stopping import Beat, no_beat
from tieout.processes.upkeep import StorePatience, Upkeep
from tieout.processes.worker import beat_of, start_hands
from tieout.sync import make_engine
from tieout.wiring import Deployment

logger = logging.getLogger(__name__)


def run_everything(
    deployment: Deployment, *, stop: threading.Event, grace_seconds: float, threads: int, beat: Beat = no_beat
) -> bool:
    """Poll by the schedule and work off what is due; False when errands were still at work after the grace.

    Over a shared broker this is a relay and a worker, and other processes may help. beat: called every round. Raises
    StoreError when the store gives no usable answer for a hundred rounds in a row.
    """
    if is_shared(deployment.settings.broker_url):
        hands = start_hands(deployment, threads=threads)
        try:
            run_relay(deployment, stop=stop, beat=beat_of(hands, beat))
        finally:
            ended = hands.stop(grace_seconds=grace_seconds)
    else:
        ended = _run_alone(deployment, stop=stop, grace_seconds=grace_seconds, threads=threads, beat=beat)
    if ended:
        deployment.relay.drain()
        deployment.runner.catch_up()
    return ended


def _run_alone(
    deployment: Deployment, *, stop: threading.Event, grace_seconds: float, threads: int, beat: Beat
) -> bool:
    opened = Opened(deployment)
    engine = make_engine(deployment, find_tools=opened.find, threads=threads)
    upkeep, patience = Upkeep(deployment, opened), StorePatience()
    engine.start()
    try:
        while not stop.is_set():
            try:
                upkeep.round()
                engine.pump([one for one in opened.names() if opened.find(one) is not None])
                engine.faults.clear()  # logged by the shell; nobody asks for them here
                patience.answered()
            except (ConflictError, StoreError) as error:  # verdict: wait and try again, a bounded number of times
                if patience.unanswered(error):
                    logger.warning("%s; tried again", error)
            beat()
            engine.wait(patient=True)
    finally:
        ended = engine.stop(grace_seconds=grace_seconds)
    return ended
