"""A TCP proxy in front of a server that swallows an answer, falls silent, or is cut, when a test says so."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self


class CuttingProxy:
    """Forwards loopback connections to a server until told otherwise.

    cut_after: bytes of a request whose answer is swallowed, with both connections closed once it came; silent: nothing
    is forwarded any more, the connections stay open; `cut` ends every connection, and each new one, until `mend`.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.cut_after: bytes | None = None
        self.silent = threading.Event()
        self._away = threading.Event()
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def cut(self) -> None:
        """End every connection, and each new one, from now on."""
        self._away.set()
        self._close(*self._open)

    def mend(self) -> None:
        """Forward new connections again; those of a time of silence are ended, for what they lost is lost."""
        if self.silent.is_set():
            self._close(*self._open)
            self.silent.clear()
        self._away.clear()

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # on the way out: closed already is as good
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._close(*self._open)
        for thread in self._threads:
            thread.join(timeout=10)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # verdict: the test is over
            server = None if self._away.is_set() else self._reach_server()
            if server is None:
                self._close(client)
                continue
            self._open += [client, server]
            swallow = threading.Event()
            for pump in (self._requests, self._answers):
                thread = threading.Thread(target=pump, args=(client, server, swallow), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _reach_server(self) -> socket.socket | None:
        try:
            return socket.create_connection(self._server)
        except OSError:
            return None  # verdict: it is down, and whoever calls is told so

    def _requests(self, client: socket.socket, server: socket.socket, swallow: threading.Event) -> None:
        with contextlib.suppress(OSError):  # either side is gone: so is the connection
            while data := client.recv(65536):
                if self.cut_after is not None and self.cut_after in data:
                    self.cut_after = None
                    swallow.set()
                if not self.silent.is_set():
                    server.sendall(data)
        self._close(client, server)

    def _answers(self, client: socket.socket, server: socket.socket, swallow: threading.Event) -> None:
        with contextlib.suppress(OSError):  # either side is gone: so is the connection
            while data := server.recv(65536):
                if swallow.is_set():
                    break
                if not self.silent.is_set():
                    client.sendall(data)
        self._close(client, server)

    def _close(self, *sockets: socket.socket) -> None:
        for one in sockets:
            with contextlib.suppress(OSError):  # closed already is as good
                one.shutdown(socket.SHUT_RDWR)
            one.close()
