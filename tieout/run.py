"""`tieout run`: everything in one process, until it is told to stop."""

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from types import FrameType

from domain.errors import StoreError
from tieout.sync import Progress, make_engine, set_out
from tieout.wiring import Deployment

PROJECT_EVERY = timedelta(seconds=1)
SWEEP_EVERY = timedelta(days=1)
STORE_PATIENCE = 100  # rounds in a row without a usable answer of the store


def run(deployment: Deployment, *, progress: Progress = lambda _text, _left: None) -> None:
    """Poll by the schedule and work off what is due; SIGTERM and SIGINT stop after the errands in hand."""
    stop = threading.Event()
    before = {sig: signal.signal(sig, _stopper(stop)) for sig in (signal.SIGTERM, signal.SIGINT)}
    names = [name for name in deployment.connections() if name in deployment.settings.connections]
    connections = {deployment.tools(name).connection: name for name in names}
    set_out(deployment, connections)
    engine = make_engine(deployment)
    engine.start()
    faults, projected = 0, deployment.log.now()
    swept = projected
    try:
        while not stop.is_set():
            try:
                engine.pump(connections)
                if deployment.log.now() - projected >= PROJECT_EVERY:
                    deployment.runner.catch_up()
                    deployment.note_calls()
                    projected = deployment.log.now()
                if deployment.log.now() - swept >= SWEEP_EVERY:
                    deployment.work.sweep()
                    swept = deployment.log.now()
                faults = 0
            except StoreError as error:
                faults += 1
                if faults == STORE_PATIENCE:
                    raise
                progress(str(error), 0)
            engine.wait(patient=True)
    finally:
        engine.stop()
        for sig, handler in before.items():
            signal.signal(sig, handler)
    deployment.relay.drain()
    deployment.runner.catch_up()


def _stopper(stop: threading.Event) -> Callable[[int, FrameType | None], None]:
    def handle(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    return handle
