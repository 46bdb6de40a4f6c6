"""The program as a process: started, stopped by signals, read from through a pipe."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.support.command_line import Desk

ROOT = Path(__file__).parents[4]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def started(desk: Desk, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-m", "tieout", *arguments],
        cwd=desk.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_sandbox_says_where_it_listens_and_stops_when_told(desk: Desk, stop: signal.Signals) -> None:
    process = started(desk, "sandbox", "--invoices", "5", "--out", "files", "--json")
    assert process.stdout is not None
    addresses = msgspec.json.decode(process.stdout.readline(), type=dict[str, str])

    process.send_signal(stop)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "Traceback" not in err
    assert addresses["infor"].startswith("http://127.0.0.1:")
    assert sorted(path.name for path in (desk.folder / "files").iterdir()) == [
        "ACME_TST.ionapi",
        "addresses.json",
        "company-token",
        "tokens.json",
        "user-token",
    ]


def test_run_stops_cleanly_on_sigterm(desk: Desk) -> None:
    desk.set_up()
    desk.types("connection", "pause", "acme")
    process = started(desk, "run")
    assert process.stderr is not None
    first = process.stderr.readline()

    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)

    assert "running acme" in first
    assert (process.returncode, out) == (0, "")
    assert "Traceback" not in err


def test_a_reader_that_goes_away_is_no_fault(desk: Desk) -> None:
    desk.set_up()
    process = started(desk, "connection", "list", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None

    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=30) == 0


@pytest.mark.parametrize("command", ["worker", "relay"])
def test_parts_are_refused_when_the_broker_rings_within_one_process(desk: Desk, command: str) -> None:
    desk.set_up()
    desk.types(command).failed(2, "memory://", "tieout run", "amqp://host:5672/")


def test_a_queue_that_does_not_exist_is_refused_with_those_that_do(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.set_up()
    monkeypatch.setenv("TIEOUT_BROKER_URL", "amqp://127.0.0.1:9/")
    desk.types("worker", "--queues", "post-payment,pay-faster").failed(
        2, "pay-faster", "post-payment", "poll-suppliers"
    )


@pytest.mark.parametrize("command", ["run", "relay"])
def test_a_health_port_in_use_is_said_before_anything_counts_as_running(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    desk.set_up()
    if command == "relay":
        monkeypatch.setenv("TIEOUT_BROKER_URL", "amqp://127.0.0.1:9/")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = desk.types(command, "--health-host", "127.0.0.1", "--health-port", str(port))

    ran.failed(2, f"--health-port {port}: nothing can listen on 127.0.0.1:{port}")


@pytest.mark.parametrize("port", ["abc", "-1", "65536", "8\u00b2"])
def test_a_health_port_that_is_none_is_refused_in_our_own_words(desk: Desk, port: str) -> None:
    desk.set_up()
    ran = desk.types("run", f"--health-port={port}")

    assert (ran.code, ran.err) == (2, f"tieout: --health-port {port}: a port is a number from 0 to 65535\n")
