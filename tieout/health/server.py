"""The health endpoint of a process: `/live`, `/ready` and `/metrics` over HTTP, on a thread of its own."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from domain.errors import MisconfiguredError

STUCK_AFTER_SECONDS = 60.0
SLOW_CLIENT_SECONDS = 10.0  # a client that says nothing for so long is let go
PLAIN = "text/plain; charset=utf-8"
FIGURES = "text/plain; version=0.0.4; charset=utf-8"  # the format Prometheus reads
logger = logging.getLogger(__name__)


class Health:
    """How one process is. Thread-safe.

    stuck_after_seconds: without a beat for longer than that the process counts as stuck; ready: "" or why it cannot
    work now; metrics: Prometheus text; monotonic: seconds that never jump.
    """

    def __init__(
        self,
        *,
        stuck_after_seconds: float = STUCK_AFTER_SECONDS,
        ready: Callable[[], str],
        metrics: Callable[[], bytes],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ready = ready
        self.metrics = metrics
        self._stuck_after = stuck_after_seconds
        self._monotonic = monotonic
        self._beat_at = monotonic()  # one float: reading and writing it needs no lock

    def beat(self) -> None:
        """Note that a loop made progress."""
        self._beat_at = self._monotonic()

    def live(self) -> str:
        """Give "" while the process makes progress, else a sentence."""
        silent = self._monotonic() - self._beat_at
        if silent <= self._stuck_after:
            return ""
        return f"no loop of this process made progress for {silent:.0f} s, {self._stuck_after:.0f} s are allowed"


@contextmanager
def serving(health: Health, *, host: str, port: int) -> Iterator[int]:
    """Serve the endpoint while the block runs; give the port it listens on (`port` 0: any free one).

    Raises MisconfiguredError when it cannot listen there.
    """
    try:
        server = _server_class(host)((host, port), _handler(health))
    except OSError as fault:
        why = fault.strerror or "it cannot be used"
        raise MisconfiguredError(f"--health-port {port}: nothing can listen on {host}:{port} ({why})") from fault
    except OverflowError as fault:
        raise MisconfiguredError(f"--health-port {port}: a port is a number from 0 to 65535") from fault
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="health", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # the end of a process waits for nobody who asks how it is
    allow_reuse_port = False  # two processes on one port would answer for each other

    def server_bind(self) -> None:
        """Bind without asking the name service who we are, which the base class does and which may take long."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (the base class's signature)
        """Verdict: go on. A client that hung up is no fault of ours, and the next one is answered."""
        logger.debug("a client of the health port hung up")


class _Server6(_Server):
    address_family = socket.AF_INET6


def _server_class(host: str) -> type[_Server]:
    return _Server6 if ":" in host else _Server


def _handler(health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pages: ClassVar[dict[str, Callable[[], tuple[HTTPStatus, str, bytes]]]] = {
            "/live": lambda: _judged(health.live()),
            "/ready": lambda: _judged(health.ready()),
            "/metrics": lambda: (HTTPStatus.OK, FIGURES, health.metrics()),
        }

    return Handler


class _Handler(BaseHTTPRequestHandler):
    timeout = SLOW_CLIENT_SECONDS
    server_version, sys_version = "tieout", ""
    pages: ClassVar[dict[str, Callable[[], tuple[HTTPStatus, str, bytes]]]] = {}

    def do_GET(self) -> None:
        """Answer with a page."""
        status, kind, body = self._page()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 (the base class looks for this name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's signature)
        """Say nothing: a probe every few seconds is no news."""

    def _page(self) -> tuple[HTTPStatus, str, bytes]:
        page = self.pages.get(self.path.partition("?")[0])
        if page is None:
            return HTTPStatus.NOT_FOUND, PLAIN, f"there are {', '.join(self.pages)} here\n".encode()
        try:
            return page()
        except Exception:
            # Verdict: say so to whoever asks, and go on; a fault of a probe must not look like an answer.
            logger.exception("the health page %s failed unexpectedly", self.path.partition("?")[0])
            return HTTPStatus.INTERNAL_SERVER_ERROR, PLAIN, b"an unexpected fault; the log says more\n"


def _judged(trouble: str) -> tuple[HTTPStatus, str, bytes]:
    if trouble:
        return HTTPStatus.SERVICE_UNAVAILABLE, PLAIN, f"{trouble}\n".encode()
    return HTTPStatus.OK, PLAIN, b"ok\n"
