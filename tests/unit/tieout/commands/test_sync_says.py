"""A sync that waits says for what, once, on stderr; one that meets a fault of ours ends with its wait, and says it."""

from pathlib import Path

import pytest

from tests.support.command_line import Desk
from tests.support.deployment import deployed


def test_a_remote_that_is_down_is_said_while_it_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()

    ran = desk.types("sync", "acme", "--wait", "60", "--flow", "suppliers", "--json")

    assert ran.code == 4, ran.err
    assert ran.document["connection"] == "acme"
    first, *others = ran.err.splitlines()
    assert first.startswith("acme: Infor gives no token: POST http://127.0.0.1:9/as/token.oauth2: could not connect")
    assert first.endswith("; waiting to try again")
    assert not [line for line in others if "waiting" in line]


def test_work_that_falls_due_is_said_while_it_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tieout.sync.NOTICE_SECONDS", 0.0)
    with deployed(tmp_path, invoices=10) as deployment:
        deployment.sync()
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0)
        ran = deployment.sync()

    said = [line for line in ran.err.splitlines() if line.startswith("waiting for work that falls due until 20")]
    assert len(said) == 1, ran.err
    assert said[0].endswith("; --wait says how long")


def test_a_fault_of_ours_ends_the_sync_with_its_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise TypeError("nobody thought of that")

    monkeypatch.setattr("actors.errands.fetch_images._fetch", fails)
    with deployed(tmp_path, invoices=3) as deployment:
        ran = deployment.command("sync", deployment.name, "--wait", "1", "--json")

    assert ran.code == 1, ran.err
    assert ran.document["suppliers"]["waiting"] == 0
    assert "nobody thought of that" in ran.err
    assert "Traceback" not in ran.err
