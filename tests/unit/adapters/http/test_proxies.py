"""Through a proxy and under a private CA: the same promises, the deadline's above all."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters import http
from adapters.http import Request, WriteFaultError
from adapters.http_messages import Deadline
from adapters.http_proxies import proxy_for, shown_proxy
from domain.errors import MisconfiguredError, TransientError
from tests.support.certificates import private_authority
from tests.unit.adapters.http.connect_proxy import OPEN, ConnectProxy, TlsRemote, server_side
from tests.unit.adapters.http.loopback import Loopback, reply, say_nothing
from tests.unit.adapters.http.remotes import RealClock, remote

URL = "https://remote.test/v1/invoices"
DEADLINE_SECONDS = 0.4
VARIABLES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return private_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    http._tls_context.cache_clear()
    yield
    http._tls_context.cache_clear()


@pytest.fixture
def trusted(authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Trust the private CA; give the file of the server's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    return authority[1]


def post() -> Request:
    return Request(method="POST", url=URL, body=b"{}")


def write(*, seconds: float = 5.0) -> http.Reply:
    return remote().write_once(post(), deadline=Deadline.after(seconds, RealClock()))


def test_a_read_goes_through_the_proxy_under_a_private_ca(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TlsRemote(trusted) as server, ConnectProxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        answer = remote().read(Request(method="GET", url=URL))
    assert (answer.status, answer.body) == (200, b"{}")
    assert [head.splitlines()[0] for head in proxy.heads] == ["CONNECT remote.test:443 HTTP/1.1"]
    assert server.received[0].startswith(b"GET /v1/invoices HTTP/1.1")


def test_each_money_write_goes_through_a_tunnel_of_its_own(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TlsRemote(trusted) as server, ConnectProxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        one = remote()
        for _ in range(2):
            assert one.write_once(post(), deadline=Deadline.after(5, RealClock())).body == b"{}"
    assert len(proxy.heads) == 2
    assert [data.partition(b"\r\n")[0] for data in server.received] == [b"POST /v1/invoices HTTP/1.1"] * 2


def test_a_proxy_may_itself_speak_tls_under_the_same_ca(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with TlsRemote(trusted) as server, ConnectProxy(server.port, tls=server_side(trusted)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert remote().read(Request(method="GET", url=URL)).status == 200
        assert write().status == 200
    assert len(proxy.heads) == 2


def test_a_proxys_log_in_is_sent_to_it_and_shown_to_nobody(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 407 Who are you, ann:pass-word?\r\nContent-Length: 0\r\n\r\n")

    with TlsRemote(trusted) as server, ConnectProxy(server.port, handle=refuse) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//ann:pass-word@"))
        with pytest.raises(TransientError) as caught:
            remote().read(Request(method="GET", url=URL))
        with pytest.raises(WriteFaultError) as fault:
            write()
    assert "Proxy-Authorization: Basic YW5uOnBhc3Mtd29yZA==" in proxy.heads[0]
    for error in (caught.value, fault.value):
        assert "the proxy refused (407)" in str(error)
        assert "pass-word" not in str(error)
    assert caught.value.before_processing
    assert fault.value.zero_bytes
    assert server.received == []


def dribble(connection: socket.socket) -> None:
    gap = threading.Event()
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not gap.wait(0.02):
        connection.sendall(b"x")


def open_and_say_nothing(connection: socket.socket) -> None:
    connection.sendall(OPEN)
    say_nothing(connection)


def open_and_dribble(connection: socket.socket) -> None:
    """Begin a TLS record that never ends, so that no time-out of one read ever strikes."""
    gap = threading.Event()
    connection.sendall(OPEN)
    connection.recv(65536)
    connection.sendall(b"\x16\x03\x03\x10\x00")
    while not gap.wait(0.02):
        connection.sendall(b"x")


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("handle", [say_nothing, dribble, open_and_say_nothing, open_and_dribble])
def test_a_tunnel_that_does_not_come_about_is_cut_at_the_deadline_and_wrote_nothing(
    handle: Callable[[socket.socket], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ConnectProxy(handle=handle) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        began = time.monotonic()
        with pytest.raises(WriteFaultError) as caught:
            write(seconds=DEADLINE_SECONDS)
        took = time.monotonic() - began
    assert caught.value.zero_bytes
    assert DEADLINE_SECONDS / 2 < took < DEADLINE_SECONDS + 1.0


def test_an_answer_that_does_not_come_through_the_tunnel_is_cut_and_is_a_doubt(
    trusted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TlsRemote(trusted, handle=say_nothing) as server, ConnectProxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(WriteFaultError) as caught:
            write(seconds=DEADLINE_SECONDS)
    assert (caught.value.why, caught.value.zero_bytes, len(server.received)) == ("deadline", False, 1)


def test_a_remote_behind_the_proxy_that_nobody_vouches_for_hears_nothing(
    authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with TlsRemote(authority[1]) as server, ConnectProxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(WriteFaultError, match="certificate is not trusted") as caught:
            write()
    assert (caught.value.zero_bytes, server.received) == (True, [])


def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES[:5]:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Loopback(lambda _: reply(200, b"{}")) as server:
        assert remote().read(Request(method="GET", url=server.url)).status == 200
        written = remote().write_once(
            Request(method="POST", url=server.url, body=b"{}"), deadline=Deadline.after(5, RealClock())
        )
    assert written.status == 200


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://", "http://h:port", "ann:pass-word@"])
def test_a_proxy_that_is_none_is_a_setting_to_mend(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(MisconfiguredError) as caught:
        remote().read(Request(method="GET", url=URL))
    assert str(caught.value) == "ALL_PROXY names no proxy: it must be http://host:port or https://host:port"
    with pytest.raises(WriteFaultError, match="ALL_PROXY names no proxy") as fault:
        write()
    assert fault.value.zero_bytes


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file or directory"), (b"nothing to trust", "it holds no certificate")]
)
def test_certificates_that_cannot_be_read_are_a_setting_to_mend(
    tmp_path: Path, content: bytes | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    for fails in (http.check_certificates, lambda: remote().read(Request(method="GET", url=URL))):
        with pytest.raises(MisconfiguredError) as caught:
            fails()
        assert str(caught.value) == f"SSL_CERT_FILE names {file}, which cannot be used ({said})"


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, URL, None),
        ({"HTTPS_PROXY": "proxy:3128"}, URL, "http://proxy:3128"),
        ({"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:1"}, URL, "http://a:1"),
        ({"ALL_PROXY": "https://c:1"}, URL, "https://c:1"),
        ({"HTTP_PROXY": "http://d:1"}, URL, None),
        ({"HTTPS_PROXY": ""}, URL, None),
    ],
)
def test_the_first_variable_that_is_set_names_the_proxy(environ: dict[str, str], url: str, proxy: str | None) -> None:
    assert proxy_for(url, environ) == proxy


@pytest.mark.parametrize(
    ("bypass", "host", "direct"),
    [
        ("*", "remote.test", True),
        ("remote.test", "remote.test", True),
        ("remote.test", "api.remote.test", True),
        (".remote.test", "api.remote.test", True),
        ("*.remote.test", "api.remote.test", True),
        ("remote.test", "notremote.test", False),
        ("other.test, remote.test", "REMOTE.test", True),
        ("other.test remote.test", "remote.test", True),
        ("remote.test:443", "remote.test", True),
        ("remote.test:8443", "remote.test", False),
        ("remote.test:8443", "remote.test:8443", True),
        ("192.0.2.0/24", "192.0.2.7", True),
        ("192.0.2.0/24", "198.51.100.7", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("[2001:db8::1]", "[2001:db8::1]", True),
        ("192.0.2.0/24", "remote.test", False),
        (".", "remote.test", False),
        ("", "remote.test", False),
    ],
)
def test_some_hosts_are_called_without_the_proxy(bypass: str, host: str, direct: bool) -> None:  # noqa: FBT001 (a table's column)
    environ = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": bypass}
    assert (proxy_for(f"https://{host}/v1", environ) is None) is direct


def test_a_proxy_is_shown_without_its_log_in() -> None:
    assert shown_proxy("http://ann:pass-word@proxy:3128") == "http://proxy:3128"
