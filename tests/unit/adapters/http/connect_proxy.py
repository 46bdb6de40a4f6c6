"""A tiny proxy on loopback that takes CONNECT, and a TLS server to be reached through it."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

LONGEST_WAIT_SECONDS = 10
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
Handle = Callable[[socket.socket], None]


class Listener:
    """Serves each connection in a thread of its own from entry to exit."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):  # the other side may have gone already
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(LONGEST_WAIT_SECONDS)

    def keep(self, connection: socket.socket) -> socket.socket:
        """Have a connection shut at the end, whoever waits on it."""
        self._open.append(connection)
        return connection

    def run(self, connection: socket.socket) -> None:
        """Serve one connection."""
        raise NotImplementedError

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # the listener was closed
            self.keep(connection)
            self._run(lambda one=connection: self._serve(one))  # type: ignore[misc]  # mypy cannot infer a default's type

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # a client that goes away ends its own connection only
            if self._tls is not None:
                connection = self.keep(self._tls.wrap_socket(connection, server_side=True))
            with connection:
                self.run(connection)


class ConnectProxy(Listener):
    """Notes every CONNECT and opens a tunnel to `target`, or does what `handle` does instead."""

    def __init__(self, target: int = 0, *, handle: Handle | None = None, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls)
        self._target = target
        self._handle = handle
        self.heads: list[str] = []
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}"

    def run(self, connection: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            chunk = connection.recv(1)
            if not chunk:
                return
            head += chunk
        self.heads.append(head.decode())
        if self._handle is not None:
            self._handle(connection)
            return
        with self.keep(socket.create_connection(("127.0.0.1", self._target))) as onward:
            connection.sendall(OPEN)
            back = threading.Thread(target=_pump, args=(onward, connection), daemon=True)
            back.start()
            _pump(connection, onward)
            back.join(LONGEST_WAIT_SECONDS)


class TlsRemote(Listener):
    """Reads one request of each connection whole, then answers, or does what `handle` does instead."""

    def __init__(self, certificate: Path, *, handle: Handle | None = None) -> None:
        super().__init__(server_side(certificate))
        self._handle = handle
        self.received: list[bytes] = []

    def run(self, connection: socket.socket) -> None:
        data = b""
        while not data.endswith(b"{}" if data.startswith(b"POST") else b"\r\n\r\n"):
            chunk = connection.recv(65536)
            if not chunk:
                return
            data += chunk
        self.received.append(data)
        if self._handle is not None:
            self._handle(connection)
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")


def server_side(certificate: Path) -> ssl.SSLContext:
    """Load a server's certificate with its key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):  # either end may go away
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with contextlib.suppress(OSError):  # it is gone already
        sink.shutdown(socket.SHUT_WR)
