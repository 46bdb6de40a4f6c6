"""A process that stays is listed while its loop goes round; a store that gives no answer harms nothing."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import StoreError
from tests.support.command_line import Desk
from tieout.processes.heartbeat import Heartbeat, listed
from tieout.settings import load
from tieout.wiring import Deployment, open_deployment

SAID = "not listed as alive"


@pytest.fixture
def deployment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Deployment]:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.write_settings("")
    assert desk.types("init").code == 0
    with open_deployment(load(None)) as deployment:
        yield deployment


class Seconds:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


def beats_seen(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the writes from now on."""
    seen: list[str] = []
    note = deployment.store.workers.note

    def counted(name: str, **given: object) -> None:
        seen.append(name)
        note(name, **given)  # type: ignore[arg-type] # handed on as it came

    monkeypatch.setattr(deployment.store.workers, "note", counted)
    return seen


def refuse(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the store give no answer from now on."""

    def refused(*_: object, **__: object) -> None:
        raise StoreError("the store gives no answer")

    monkeypatch.setattr(deployment.store.workers, "note", refused)
    monkeypatch.setattr(deployment.store.workers, "remove", refused)


def test_a_process_is_listed_as_it_signs_its_claims_and_struck_off_at_its_end(deployment: Deployment) -> None:
    with listed(deployment, "relay") as beat:
        assert deployment.store.workers.rows() == []
        beat()
        (row,) = deployment.store.workers.rows()
        assert (row.name, row.role) == (deployment.worker, "relay")
        assert row.is_alive(deployment.log.now())
        assert abs(row.clock_offset_ms) < 1000, "SQLite goes by this machine's clock"
    assert deployment.store.workers.rows() == []


def test_a_process_that_ends_by_a_fault_stays_listed(deployment: Deployment) -> None:
    def fails() -> None:
        with listed(deployment, "relay") as beat:
            beat()
            raise StoreError("a hundred rounds without an answer")

    with pytest.raises(StoreError):
        fails()
    assert [row.name for row in deployment.store.workers.rows()] == [deployment.worker]


def test_a_loop_that_goes_round_often_writes_once_a_beat(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, seconds = beats_seen(deployment, monkeypatch), Seconds()
    heart = Heartbeat(deployment, "worker", seconds=seconds)
    for _ in range(31):
        heart.beat()
        seconds.time += 1
    assert len(seen) == 4


def test_the_offset_is_this_processes_wall_clock_against_the_stores(deployment: Deployment) -> None:
    heart = Heartbeat(deployment, "worker", wall=lambda: datetime.now(UTC) - timedelta(hours=1))
    heart.beat()
    (row,) = deployment.store.workers.rows()
    assert row.clock_offset_ms == pytest.approx(-3_600_000, abs=5_000)


def test_a_store_that_gives_no_answer_is_said_once_and_harms_nothing(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seconds = Seconds()
    heart = Heartbeat(deployment, "worker", seconds=seconds)
    with monkeypatch.context() as patched, caplog.at_level(logging.INFO):
        refuse(deployment, patched)
        for _ in range(3):
            heart.beat()
            seconds.time += 10
        heart.end()
    assert [SAID in line for line in caplog.messages] == [True, False]
    heart.beat()
    assert len(deployment.store.workers.rows()) == 1
    with monkeypatch.context() as patched:
        refuse(deployment, patched)
        seconds.time += 10
        heart.beat()
    assert [SAID in line for line in caplog.messages] == [True, False, True], "another outage is said anew"
    heart.end()
    assert deployment.store.workers.rows() == []
