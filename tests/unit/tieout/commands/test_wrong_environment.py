"""An environment that lets no call leave is said once, at the start, and nothing is begun."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters import http
from tests.support.command_line import SETTINGS, Desk

BROKER = "amqp://127.0.0.1:9/"
COMMANDS = [["sync", "acme"], ["run"], ["worker"], ["worker", "--processes", "2"], ["relay"]]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Desk(tmp_path, monkeypatch, capsys)
    made.set_up()
    http._tls_context.cache_clear()
    yield made
    http._tls_context.cache_clear()


@pytest.mark.parametrize("command", COMMANDS)
def test_certificates_that_are_not_there_stop_the_start(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    missing = desk.folder / "no-such.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(missing))
    if command[0] in ("worker", "relay"):
        monkeypatch.setenv("TIEOUT_BROKER_URL", BROKER)

    desk.types(*command).failed(2, f"SSL_CERT_FILE names {missing}", "No such file or directory")

    assert desk.types("issues", "--json").document == []


@pytest.mark.parametrize("command", [["sync"], ["run"]])
def test_a_proxy_that_is_none_stops_the_start(desk: Desk, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    slow = SETTINGS.replace("call_timeout_seconds = 1\n", "").replace('settle_window = "2s"\n', "")
    desk.write_settings(slow.replace("http://127.0.0.1:9/v1", "https://avid.test/v1"))
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")

    desk.types(*command).failed(2, "HTTPS_PROXY names no proxy", "http://host:port")


def test_a_fault_of_both_sides_is_said_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = desk.folder / "no-such.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(missing))

    ran = desk.types("connection", "test", "acme")

    assert ran.code == 2
    assert (ran.out + ran.err).count(f"SSL_CERT_FILE names {missing}") == 1
    assert ran.err.startswith("acme: infor and avidxchange: ")
