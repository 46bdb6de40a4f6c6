"""A mail server on loopback that takes what it is given and remembers it; speaks just enough SMTP."""

import contextlib
import socket
import ssl
import threading
from base64 import b64decode
from types import TracebackType
from typing import BinaryIO, Self

LONGEST_WAIT_SECONDS = 10


class SmtpStub:
    """One mail server from entry to exit. tls: offers STARTTLS; refuse: the answer to every recipient."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, refuse: bytes = b"") -> None:
        self._tls = tls
        self._refuse = refuse
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.port: int = self._listener.getsockname()[1]
        self.mails: list[str] = []
        self.recipients: list[str] = []
        self.logins: list[str] = []
        self.encrypted = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # nobody may have come
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(LONGEST_WAIT_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # the listener was closed
            with contextlib.suppress(OSError), connection:  # a client that goes away ends its own session only
                self._session(connection)

    def _session(self, connection: socket.socket) -> None:
        lines: BinaryIO = connection.makefile("rb")
        connection.sendall(b"220 stub\r\n")
        while line := lines.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word == b"EHLO":
                offers = [b"250-AUTH PLAIN"] + ([b"250-STARTTLS"] if self._tls and not self.encrypted else [])
                connection.sendall(b"\r\n".join([b"250-stub", *offers, b"250 HELP"]) + b"\r\n")
            elif word == b"STARTTLS" and self._tls is not None:
                connection.sendall(b"220 go\r\n")
                connection = self._tls.wrap_socket(connection, server_side=True)
                lines = connection.makefile("rb")
                self.encrypted = True
            elif word == b"AUTH":
                self.logins.append(b64decode(line.split()[2]).decode())
                connection.sendall(b"235 welcome\r\n")
            elif word == b"RCPT" and self._refuse:
                connection.sendall(self._refuse + b"\r\n")
            elif word == b"RCPT":
                self.recipients.append(line.decode().strip())
                connection.sendall(b"250 fine\r\n")
            elif word == b"DATA":
                connection.sendall(b"354 go\r\n")
                self.mails.append(_until_dot(lines))
                connection.sendall(b"250 taken\r\n")
            elif word == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                connection.close()
                return
            else:
                connection.sendall(b"250 fine\r\n")


def _until_dot(lines: BinaryIO) -> str:
    found = []
    while (line := lines.readline()) not in (b".\r\n", b""):
        found.append(line)
    return b"".join(found).decode()
