"""sync-status says which of the processes that stay are alive, in words and for scripts."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import SETTINGS, Desk
from tests.support.waiting import wait_for
from tests.unit.tieout.commands.test_processes import started
from tieout.processes.heartbeat import listed
from tieout.settings import load
from tieout.wiring import open_deployment


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    assert desk.types("connection", "pause", "acme").code == 0  # nobody answers there
    return desk


def workers(desk: Desk) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.types("sync-status", "--json").document["workers"]
    return found


def seen(name: str, *, role: str, since: timedelta) -> None:
    """List a process that was seen that long ago."""
    with open_deployment(load(None)) as deployment:
        now = deployment.log.now()
        deployment.store.workers.note(name, role=role, started_at=now - timedelta(hours=2), wall=lambda: now)
        with deployment.store.database.writing() as cursor:
            at = (now - since).isoformat(timespec="microseconds")
            cursor.execute("UPDATE workers SET seen_at = ? WHERE name = ?", (at, name))


@contextmanager
def running(desk: Desk, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    process = started(desk, *arguments)
    try:
        wait_for(lambda: workers(desk), "it is listed", seconds=30)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_where_nothing_stays_nobody_is_listed(desk: Desk) -> None:
    assert workers(desk) == []
    assert "workers: no process stays to work by the schedule; `tieout run` does" in desk.types("sync-status").out


def test_a_process_is_listed_until_it_ends_in_order(desk: Desk) -> None:
    with running(desk, "run") as process:
        (row,) = workers(desk)
        assert (row["role"], row["alive"], row["name"].rpartition(":")[2]) == ("run", True, str(process.pid))
        assert row["started_at"] <= row["seen_at"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert workers(desk) == []


@pytest.mark.usefixtures("desk")
def test_the_names_are_those_that_claims_are_signed_with() -> None:
    with open_deployment(load(None)) as deployment, listed(deployment, "worker") as beat:
        beat()
        assert [row.name for row in deployment.store.workers.rows()] == [deployment.tools("acme").worker]


def test_a_process_that_is_killed_stays_listed(desk: Desk) -> None:
    with running(desk, "run") as process:
        process.kill()
        process.wait(timeout=30)
    assert [row["role"] for row in workers(desk)] == ["run"]


def test_who_was_not_seen_for_three_beats_is_not_alive(desk: Desk) -> None:
    seen("pod-1:1", role="worker", since=timedelta(seconds=20))
    seen("pod-2:1", role="worker", since=timedelta(seconds=31))
    seen("pod-3:1", role="relay", since=timedelta(hours=1))
    rows = workers(desk)
    assert [(row["name"], row["alive"]) for row in rows] == [("pod-3:1", False), ("pod-1:1", True), ("pod-2:1", False)]
    assert all(row["clock_offset_ms"] == 0 for row in rows)

    lines = desk.types("sync-status").out.splitlines()
    at = lines.index("workers")
    assert lines[at + 1].split() == ["name", "role", "alive", "last", "seen", "started"]
    told = [line.split() for line in lines[at + 2 : at + 5]]
    assert [one[:4] for one in told] == [
        ["pod-3:1", "relay", "no", rows[0]["seen_at"]],
        ["pod-1:1", "worker", "yes", rows[1]["seen_at"]],
        ["pod-2:1", "worker", "no", rows[2]["seen_at"]],
    ]


def test_the_workers_stand_beside_several_connections(desk: Desk) -> None:
    other = SETTINGS.replace("connections.acme", "connections.beta").replace("company = 100", "company = 200")
    desk.write_settings(SETTINGS + other)
    assert desk.types("connection", "add", "beta", "--ionapi", desk.write_ionapi()).code == 0
    seen("pod-1:1", role="worker", since=timedelta(0))
    document = desk.types("sync-status", "--json").document
    assert [one["connection"] for one in document["connections"]] == ["acme", "beta"]
    assert [one["name"] for one in document["workers"]] == ["pod-1:1"]
    assert "workers" not in document["connections"][0]
