"""Ends a write at its deadline: knows whether a byte was written and shuts the socket when time is up."""

import socket
import struct
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from adapters.http_messages import Deadline, WriteFaultError
from domain.ports.store import Clock

LOOKS_AT_CLOCKS_EVERY_SECONDS = 0.25  # the wall clock may jump: it is looked at again, not only waited for
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER 0: what still waits in the send buffer is thrown away


class SendTrace:
    """Follows one request through httpcore's `trace` extension."""

    def __init__(self, watchdog: "Watchdog | None" = None) -> None:
        self.bytes_written = False
        self._watchdog = watchdog

    def __call__(self, name: str, info: Mapping[str, object]) -> None:
        """Take one trace event; raises WriteFaultError instead of writing the first byte after the deadline.

        A proxy's CONNECT is no byte of the request: a tunnel that does not come about wrote nothing.
        """
        if name.endswith(".send_request_headers.started"):
            if self._watchdog is not None:
                self._watchdog.check(zero_bytes=not self.bytes_written)
            if getattr(info.get("request"), "method", None) != b"CONNECT":
                self.bytes_written = True
        elif self._watchdog is not None and name.endswith(".connect_tcp.complete"):
            stream = info["return_value"]
            self._watchdog.attach(stream.get_extra_info("socket"))  # type: ignore[attr-defined]  # httpcore's NetworkStream, which info does not type


class Watchdog:
    """Watches one write from entry to exit; `fired` tells whether it had to cut it."""

    def __init__(self, deadline: Deadline, clock: Clock, *, place: str) -> None:
        self.fired = False
        self._deadline = deadline
        self._clock = clock
        self._place = place
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="write-deadline", daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching and let the connection go."""
        self._over.set()
        self._thread.join()
        if self._socket is not None:
            self._socket.close()

    @property
    def left(self) -> float:
        """Seconds left until the deadline."""
        return self._deadline.left(self._clock)

    def check(self, *, zero_bytes: bool) -> None:
        """Raise WriteFaultError when the deadline has passed."""
        if self.fired or self.left <= 0:
            self.fired = True
            raise WriteFaultError(f"{self._place}: the deadline has passed", why="deadline", zero_bytes=zero_bytes)

    def attach(self, connected: socket.socket) -> None:
        """Take the connection that is shut at the deadline.

        A handle of its own is kept: whoever wraps the socket in TLS (once for a proxy, once through it) takes the
        first one away, and a handshake must be cut as well.
        """
        with self._lock:
            if self._socket is not None:
                self._socket.close()
            self._socket = connected.dup()
            if self.fired:
                self._shut()

    def _watch(self) -> None:
        while not self._over.wait(min(max(self.left, 0.0), LOOKS_AT_CLOCKS_EVERY_SECONDS)):
            if self.left <= 0:
                with self._lock:
                    self.fired = True
                    self._shut()
                return

    def _shut(self) -> None:
        connected = self._socket
        if connected is None or connected.fileno() < 0:
            return
        try:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            # This handle knows nothing of TLS: the sender's TLS layer stays on, so that nothing goes out in plain text.
            connected.shutdown(socket.SHUT_RDWR)
        except OSError:
            # Already closed by the peer or by the sender: there is nothing left that could be written.
            return
