"""A server on loopback that answers raw bytes, so that tests see what really stood on the wire."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import msgspec

Answer = bytes | Callable[[socket.socket], None]
LONGEST_WAIT_SECONDS = 10


class Seen(msgspec.Struct, frozen=True):
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Loopback:
    """Accepts connections from entry to exit; `handler` gives the bytes of each answer, or acts on the socket."""

    def __init__(self, handler: Callable[[Seen], Answer]) -> None:
        self._handler = handler
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.connections = 0
        self.seen: list[Seen] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._run(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(LONGEST_WAIT_SECONDS)

    def posts(self) -> int:
        """Count the POSTs that arrived."""
        return sum(one.method == "POST" for one in self.seen)

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._run(lambda one=connection: self._serve(one))  # type: ignore[misc]  # mypy cannot infer a default's type

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while (seen := _read(connection)) is not None:
                self.seen.append(seen)
                answer = self._handler(seen)
                if callable(answer):
                    answer(connection)
                    return
                connection.sendall(answer)
                if seen.headers.get("connection") == "close":
                    return


def reply(status: int, body: bytes = b"", *headers: tuple[str, str]) -> bytes:
    """Write an answer."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body


def hang_up(connection: socket.socket) -> None:
    """Close without an answer."""
    connection.shutdown(socket.SHUT_RDWR)


def say_nothing(connection: socket.socket) -> None:
    """Hold the connection until the other side gives up."""
    while connection.recv(65536):
        pass


def _read(connection: socket.socket) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        chunk = connection.recv(65536)
        if not chunk:
            return None
        body += chunk
    return Seen(method, target, headers, body)
