"""What sync-status says of the records that no poll could read so far."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from actors.errands.unread import Mark
from domain.ports.store import PollMark
from tests.support.command_line import Desk
from tests.unit.tieout.commands.test_command_acts import CONNECTION
from tieout.settings import load
from tieout.wiring import open_deployment


def test_what_polls_could_not_read_so_far_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    unread = {f"V{number}": 1 for number in range(7)}
    with open_deployment(load(None), environ=dict(os.environ)) as deployment:
        polls, now = deployment.polls, deployment.log.now()
        polls.ensure(CONNECTION, {"suppliers": timedelta(days=1)})
        due = polls.claim("suppliers", connection=CONNECTION, worker="w", lease=timedelta(minutes=1))
        assert due is not None
        mark = str(Mark("1767225600000", unread))
        polls.finish(
            PollMark(connection=CONNECTION, flow="suppliers", claim=due.claim, completed_at=now, watermark=mark, seen=0)
        )

    flows = desk.types("sync-status", "acme", "--json").document["flows"]
    (flow,) = (one for one in flows if one["flow"] == "suppliers")
    assert (flow["watermark"], flow["unread"]) == ("1767225600000", unread)
    shown = desk.types("sync-status").out
    assert "2026-01-01T00:00:00Z" in shown
    assert "not read so far, tried by each poll: V0, V1, V2, V3, V4 and 2 more" in shown
