"""The same promises over TLS: whom we trust, and that the deadline cuts an encrypted connection too."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from adapters import http
from adapters.http import Request, WriteFaultError
from adapters.http_messages import Deadline
from domain.errors import MisconfiguredError
from tests.support.certificates import certificate_for_loopback
from tests.unit.adapters.http.remotes import RealClock, remote


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    return certificate_for_loopback(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Trust the pretend certificate for one test."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    http._tls_context.cache_clear()
    yield
    http._tls_context.cache_clear()


class TlsServer:
    """Takes one connection and lets the test's function have it."""

    def __init__(self, certificate: Path, serve: Callable[[ssl.SSLSocket], None] | None = None) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._serve = serve or self.answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self.received = bytearray()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._thread.join(5)
        self._listener.close()

    def _run(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            try:
                with self._context.wrap_socket(connection, server_side=True) as secure:
                    self._serve(secure)
            except OSError:
                return

    def answer(self, secure: ssl.SSLSocket) -> None:
        """Read the whole request and say yes."""
        while not self.received.endswith(b"{}"):
            self.received += secure.recv(65536)
        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")


def post(url: str) -> Request:
    return Request(method="POST", url=url, body=b"{}")


@pytest.mark.usefixtures("trusted")
def test_a_money_write_goes_out_over_tls(certificate: Path) -> None:
    with TlsServer(certificate) as server:
        answer = remote().write_once(post(server.url), deadline=Deadline.after(5, RealClock()))
    assert (answer.status, answer.body) == (200, b"{}")
    assert server.received.startswith(b"POST / HTTP/1.1")


@pytest.mark.usefixtures("trusted")
def test_the_deadline_cuts_an_encrypted_write_too(certificate: Path) -> None:
    over = threading.Event()

    def dribble(secure: ssl.SSLSocket) -> None:
        secure.recv(65536)
        secure.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.02):
            secure.sendall(b"x")

    with TlsServer(certificate, dribble) as server:
        with pytest.raises(WriteFaultError) as caught:
            remote().write_once(post(server.url), deadline=Deadline.after(0.4, RealClock()))
        over.set()
    assert (caught.value.zero_bytes, caught.value.why) == (False, "deadline")


def test_a_certificate_nobody_vouches_for_is_a_setting_to_mend_and_nothing_is_sent(certificate: Path) -> None:
    untrusted = "certificate is not trusted"
    with TlsServer(certificate) as server, pytest.raises(MisconfiguredError, match=untrusted):
        remote().read(post(server.url))
    with TlsServer(certificate) as server, pytest.raises(WriteFaultError, match=untrusted) as caught:
        remote().write_once(post(server.url), deadline=Deadline.after(5, RealClock()))
    assert caught.value.zero_bytes
    assert not server.received
