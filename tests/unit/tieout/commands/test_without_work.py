"""A worker or relay with nothing to work for says so."""

from pathlib import Path

import pytest

from tests.support.command_line import Desk
from tieout.commands.processes import _say_without_work
from tieout.settings import load
from tieout.wiring import open_deployment


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, monkeypatch, capsys)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    with open_deployment(load(None)) as deployment:
        _say_without_work(deployment)
    return capsys.readouterr().err


def test_no_connection_is_declared(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write_settings("")
    assert desk.types("init").code == 0
    (line,) = said(capsys).splitlines()
    assert "tieout.toml: no connection is declared, so there is nothing to do: declare one under [connec" in line


def test_none_was_added(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.write_settings()
    assert desk.types("init").code == 0
    (line,) = said(capsys).splitlines()
    assert "no declared connection was added yet, so there is nothing to do: `tieout connection add NAME" in line


def test_one_that_was_added_is_no_news(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.set_up()
    assert said(capsys) == ""


def test_a_relay_says_it_at_its_start(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write_settings("")
    assert desk.types("init").code == 0
    monkeypatch.setenv("TIEOUT_BROKER_URL", "amqp://127.0.0.1:9/")
    monkeypatch.setattr("tieout.processes.relay.run_relay", lambda *_, **__: None)

    ran = desk.types("relay")

    assert ran.code == 0, ran.err
    assert ["no connection is declared" in line for line in ran.err.splitlines()] == [False, True, False]


def test_those_that_were_added_were_removed(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.set_up()
    assert desk.types("connection", "pause", "acme").code == 0
    assert desk.types("connection", "remove", "acme", "--reason", "sold").code == 0
    (line,) = said(capsys).splitlines()
    assert "those that were added were removed, so there is nothing to do: `tieout connection add NAME" in line
