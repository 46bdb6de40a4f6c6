"""`/ready` of a process asks for what the process uses."""

import http.client
from pathlib import Path

import pytest

from tests.support.command_line import Desk
from tests.support.private_nodes import free_port

LOOPBACK = "127.0.0.1"
AWAY = "amqp://127.0.0.1:9/"


def ready(desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str) -> tuple[int, str]:
    """Give what `/ready` of a command answers while its loop would run and the broker is away."""
    desk.write_settings(f"[console]\nport = {free_port()}\n")
    assert desk.types("init").code == 0
    monkeypatch.setenv("TIEOUT_BROKER_URL", AWAY)
    port, answers = free_port(), []

    def ask(*_: object, **__: object) -> None:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
        connection.request("GET", "/ready")
        reply = connection.getresponse()
        answers.append((reply.status, reply.read().decode()))
        connection.close()

    monkeypatch.setattr(f"tieout.processes.{command}.run_{command}", ask)
    ran = desk.types(command, "--health-host", LOOPBACK, "--health-port", str(port))
    assert ran.code == 0, ran.err
    (answer,) = answers
    return answer


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def test_a_console_is_ready_without_the_broker_it_never_uses(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready(desk, monkeypatch, "console") == (200, "ok\n")


def test_a_relay_is_not_ready_while_the_broker_is_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready(desk, monkeypatch, "relay") == (503, f"{AWAY} gives no answer (Connection refused)\n")
