"""What the store's figures say of work nobody may do, of polls that never worked, and of undeclared connections."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.eventlog.times import stamp
from projections.connections import ConnectionRow
from tests.support.command_line import SETTINGS, Desk
from tests.unit.domain.invoices.invoice_facts import KEY
from tests.unit.tieout.commands.test_command_acts import DOUBTED, REFUSED, happened
from tieout.observability.store_metrics import samples
from tieout.settings import load
from tieout.wiring import open_deployment

HELD_BACK, LOOK_UP = {"send_suppliers", "fetch_images"}, "look_up_invoices"
AGE = "tieout_pending_oldest_due_seconds"
LONG_AGO = timedelta(days=2)
LATER = datetime(2100, 1, 1, tzinfo=UTC)  # than whatever the tests do


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Give a desk with a supplier to send, images to fetch and a doubt to look up, all due for two days."""
    made = Desk(tmp_path, monkeypatch, capsys)
    made.set_up()
    happened("supplier", "100|V1001", REFUSED[:1])
    happened("invoice", KEY.external_id, DOUBTED)
    with open_deployment(load(None)) as deployment:
        deployment.relay.drain()
        with deployment.store.database.writing() as cursor:
            cursor.execute("UPDATE pending SET due_at = ?", (stamp(deployment.log.now() - LONG_AGO),))
    return made


def gauges(name: str) -> dict[str, float]:
    """Give a gauge's values that are not 0, by errand."""
    with open_deployment(load(None)) as deployment:
        return {labels[1]: value for metric, labels, value in samples(deployment) if metric == name and value}


def test_what_a_pause_holds_back_does_not_age_and_what_it_lets_go_on_does(desk: Desk) -> None:
    due = gauges(AGE)
    assert set(due) == {*HELD_BACK, LOOK_UP}
    assert min(due.values()) >= LONG_AGO.total_seconds()
    assert desk.types("connection", "pause", "acme", "--by", "ann").code == 0
    assert set(gauges(AGE)) == {LOOK_UP}
    assert gauges("tieout_pending") == dict.fromkeys((*HELD_BACK, LOOK_UP), 1)
    assert desk.types("connection", "resume", "acme", "--by", "ann").code == 0
    assert set(gauges(AGE)) == {*HELD_BACK, LOOK_UP}


def test_no_figure_speaks_of_a_connection_that_is_out_of_the_settings(desk: Desk) -> None:
    desk.write_settings(SETTINGS.replace("acme", "beta"))
    with open_deployment(load(None)) as deployment:
        assert [name for name, labels, _ in samples(deployment) if "acme" in labels] == []


def lag_later(monkeypatch: pytest.MonkeyPatch) -> tuple[float, ConnectionRow]:
    """Give the lag of the polls for payments at a later time, and what it is counted for."""
    with open_deployment(load(None)) as deployment:
        row = deployment.connections()["acme"]
        deployment.polls.ensure(row.id, {"payments": timedelta(hours=1)})
        monkeypatch.setattr(deployment.log, "now", lambda: LATER)
        (lag,) = [value for name, _, value in samples(deployment) if name == "tieout_poll_lag_seconds"]
        return lag, row


def test_a_poll_that_never_worked_is_silent_since_its_connection_was_added_or_resumed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lag, row = lag_later(monkeypatch)
    assert row.added_at is not None
    assert lag == (LATER - row.added_at).total_seconds()
    assert desk.types("connection", "pause", "acme", "--by", "ann").code == 0
    assert desk.types("connection", "resume", "acme", "--by", "ann").code == 0
    lag, row = lag_later(monkeypatch)
    assert row.resumed_at is not None
    assert lag == (LATER - row.resumed_at).total_seconds()


@pytest.mark.usefixtures("desk")
def test_a_poll_that_worked_is_silent_since_then(monkeypatch: pytest.MonkeyPatch) -> None:
    lag_later(monkeypatch)
    with open_deployment(load(None)) as deployment, deployment.store.database.writing() as cursor:
        cursor.execute("UPDATE polls SET last_polled_at = ?", (stamp(LATER - LONG_AGO),))
    assert lag_later(monkeypatch)[0] == LONG_AGO.total_seconds()
