"""`tieout console`: serves the web pages until it is told to stop."""

import socket
import threading
from collections.abc import Sequence

import uvicorn

from console.app import Finding, make_app
from domain.errors import MisconfiguredError, TieoutError
from projections.catalogue import ALL
from tieout.processes.stopping import Beat, no_beat
from tieout.wiring import Deployment

ROUND_SECONDS = 0.5
END_SECONDS = 10
LAGGING_SECONDS = 60  # a relay folds twice a second: what lies longer is folded by nobody, or too slowly


def run_console(
    deployment: Deployment, *, listener: socket.socket, version: str, stop: threading.Event, beat: Beat = no_beat
) -> None:
    """Serve until told to stop. beat: called every round while the server lives."""
    app = make_app(version=version, look=lambda: findings(deployment))
    config = uvicorn.Config(
        app,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=END_SECONDS,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="console", daemon=True)
    thread.start()
    while not stop.is_set() and thread.is_alive():
        beat()
        stop.wait(ROUND_SECONDS)
    server.should_exit = True
    thread.join(END_SECONDS * 2)


def listen(host: str, port: int) -> socket.socket:
    """Take the console's address. Raises MisconfiguredError when it cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MisconfiguredError(
            f"console: nothing can listen on {host} port {port} ({reason}); choose others in [console]"
        ) from error


def findings(deployment: Deployment) -> Sequence[Finding]:
    """Look at the store and the projections; a fault is a finding, never a fault of the page."""
    try:
        return [Finding(what="store", is_well=True, text="answers"), _projections(deployment)]
    except TieoutError as error:  # verdict: shown to whoever looks
        return [Finding(what="store", is_well=False, text=str(error))]


def _projections(deployment: Deployment) -> Finding:
    """Judge how far the rearmost projection is by the age of the first event it lacks. Raises StoreError."""
    positions = deployment.storage.positions([one.name for one in ALL])
    lacking = deployment.log.read(after=min(positions.values(), default=0), limit=1)
    if not lacking:
        return Finding(what="projections", is_well=True, text="are as far as the log")
    age = (deployment.log.now() - lacking[0].meta.recorded_at).total_seconds()
    if age <= LAGGING_SECONDS:
        return Finding(what="projections", is_well=True, text="are behind the log; a relay brings them up")
    text = f"show the past: an event of {age:.0f} s ago is not in them yet; see that a relay runs and answers"
    return Finding(what="projections", is_well=False, text=text)
