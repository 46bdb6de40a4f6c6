"""A long-lived process takes up the credentials a person replaced, without being started again."""

from pathlib import Path

import pytest

from tests.support.command_line import Desk
from tieout.processes.opened import LOOK_SECONDS, Opened
from tieout.settings import load
from tieout.wiring import open_deployment


def test_replaced_credentials_are_taken_up_and_what_was_counted_stays_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    seconds = 0.0
    with open_deployment(load(None)) as deployment:
        opened = Opened(deployment, clock=lambda: seconds)
        (connection,) = opened.names()
        first = opened.find(connection)
        assert first is not None
        assert opened.find(connection) is first
        monkeypatch.setattr(first.payables, "_remote", _Counting(first.payables))
        deployment.note_calls()

        seconds += LOOK_SECONDS
        assert opened.find(connection) is first, "nothing was replaced"
        assert desk.types("connection", "rotate", "acme", "--ionapi", desk.write_ionapi(cs="newer")).code == 0
        seconds += LOOK_SECONDS
        second = opened.find(connection)
        assert second is not None
        assert second is not first
        assert second.connection == connection
        assert opened.find(connection) is second
        deployment.note_calls()
        assert deployment.store.calls.totals(connection)["avidxchange"] == _Counting.calls


class _Counting:
    """A remote that was called a few times."""

    calls = 7

    def __init__(self, payables: object) -> None:
        self._real = payables

    def close(self) -> None:
        """Nothing was opened."""
