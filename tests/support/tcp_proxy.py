"""A TCP proxy on loopback that tests can cut: connections under way are reset, new ones refused until it is mended."""

import contextlib
import selectors
import socket
import struct
import threading
from types import TracebackType
from typing import Self

CHUNK = 65_536
POLL_SECONDS = 0.05
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset instead of a goodbye


class TcpProxy:
    """Passes bytes between a port of its own and a target; a context manager that listens from entry to exit."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._cut = threading.Event()
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(POLL_SECONDS)
        self.port: int = self._listener.getsockname()[1]
        self.passed = 0  # connections it let through

    def cut(self) -> None:
        """Reset what is under way and let nothing new through."""
        self._cut.set()
        with self._lock:
            for one in self._open:
                with contextlib.suppress(OSError):  # verdict: go on; it is closed already
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    one.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self._cut.clear()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._accept, name="tcp-proxy", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self.cut()
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                near, _ = self._listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=self._pass, args=(near,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        with near:
            if self._cut.is_set():
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                return
            try:
                far = socket.create_connection(self._target, timeout=5)
            except OSError:  # verdict: the caller sees a closed connection, as from any dead host
                return
            with far:
                self.passed += 1
                with self._lock:
                    self._open |= {near, far}
                try:
                    self._shovel(near, far)
                finally:
                    with self._lock:
                        self._open -= {near, far}

    def _shovel(self, near: socket.socket, far: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(near, selectors.EVENT_READ, far)
            selector.register(far, selectors.EVENT_READ, near)
            while not self._cut.is_set() and not self._closed.is_set():
                for key, _ in selector.select(POLL_SECONDS):
                    here: socket.socket = key.fileobj  # type: ignore[assignment]  # only sockets are registered
                    try:
                        data = here.recv(CHUNK)
                        if not data:
                            return
                        key.data.sendall(data)
                    except OSError:  # verdict: the other side sees the end of the connection
                        return
