"""Doctor compares the clocks of the pods that live, and names the one that is off."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.command_line import SETTINGS, Desk
from tieout.diagnosis import OK, WARN
from tieout.diagnosis.clocks import pod_clocks
from tieout.settings import load
from tieout.wiring import open_deployment

NTP = "let the machine it runs on keep time by NTP"
Found = tuple[str, str, str]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    return desk


def listed(name: str, *, role: str = "worker", ahead: float, since: timedelta = timedelta(0)) -> None:
    """List a process whose clock is so many seconds ahead, seen that long ago."""
    with open_deployment(load(None)) as deployment:
        now: datetime = deployment.log.now()
        book = deployment.store.workers
        book.note(name, role=role, started_at=now, wall=lambda: now)
        with deployment.store.database.writing() as cursor:
            cursor.execute(
                "UPDATE workers SET seen_at = ?, clock_offset_ms = ? WHERE name = ?",
                ((now - since).isoformat(timespec="microseconds"), round(ahead * 1000), name),
            )


def found() -> list[Found]:
    with open_deployment(load(None)) as deployment:
        return [(one.state, one.text, one.mend) for one in pod_clocks(deployment)]


def test_doctor_names_the_pod(desk: Desk) -> None:
    listed("pod-2:1", ahead=90)
    checks = desk.types("doctor", "--json").document["checks"]
    assert [(one["state"], one["text"]) for one in checks if one["check"] == "pod clocks"] == [
        (WARN, "the clock of pod-2:1 (worker) is 90.0 s ahead of the store's, 1 s are allowed for")
    ]


@pytest.mark.usefixtures("desk")
def test_without_a_process_that_stays_there_is_nothing_to_compare() -> None:
    assert found() == [(OK, "no process that stays is alive: there is no clock to compare", "")]


@pytest.mark.usefixtures("desk")
def test_clocks_within_the_margin_are_well() -> None:
    listed("pod-1:1", ahead=1.0)
    assert found() == [(OK, "the clock of the one living process agrees with the store's", "")]
    listed("pod-2:1", ahead=-1.0)
    assert found() == [(OK, "the clocks of 2 living processes agree with the store's", "")]


@pytest.mark.usefixtures("desk")
def test_each_pod_beyond_the_margin_is_named() -> None:
    listed("pod-1:1", ahead=0.2)
    listed("pod-2:1", ahead=1.3)
    listed("pod-3:1", role="relay", ahead=-90)
    assert found() == [
        (WARN, "the clock of pod-3:1 (relay) is 90.0 s behind the store's, 1 s are allowed for", NTP),
        (WARN, "the clock of pod-2:1 (worker) is 1.3 s ahead of the store's, 1 s are allowed for", NTP),
    ]


@pytest.mark.usefixtures("desk")
def test_a_pod_that_is_gone_is_left_out() -> None:
    listed("pod-1:1", ahead=90, since=timedelta(minutes=1))
    assert [state for state, _, _ in found()] == [OK]


def test_the_least_margin_of_any_connection_counts(desk: Desk) -> None:
    listed("pod-1:1", ahead=0.4)
    assert [state for state, _, _ in found()] == [OK]
    strict = SETTINGS.replace("search_lag_seconds = 0", "search_lag_seconds = 0\nclock_margin_seconds = 0.3")
    desk.write_settings(strict)
    ((state, text, _),) = found()
    assert (state, text.endswith("0.4 s ahead of the store's, 0.3 s are allowed for")) == (WARN, True)


def test_where_no_connection_is_declared_the_stores_own_tolerance_counts(desk: Desk) -> None:
    listed("pod-1:1", ahead=1.9)
    desk.write_settings("")
    assert [state for state, _, _ in found()] == [OK]
    listed("pod-2:1", ahead=2.1)
    assert [state for state, _, _ in found()] == [WARN]
