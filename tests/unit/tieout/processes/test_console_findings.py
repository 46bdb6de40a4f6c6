"""What the console says of the projections: a moment behind the log is how things are, longer is not well."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from domain.errors import StoreError
from tests.support.command_line import Desk
from tieout.processes.console import LAGGING_SECONDS, findings
from tieout.settings import load
from tieout.wiring import Deployment, open_deployment


@pytest.fixture
def deployment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Deployment]:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.set_up()
    with open_deployment(load(None)) as deployment:
        assert deployment.log.last_position() > 0
        deployment.runner.rebuild()
        yield deployment


def forget(deployment: Deployment) -> None:
    """Let one projection begin anew, as if nobody had folded into it yet."""
    deployment.storage.clear("issues")


def look_after(deployment: Deployment, seconds: float, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, str]:
    """Look so many seconds after the first event was recorded."""
    first = deployment.log.read(after=0, limit=1)[0].meta.recorded_at
    monkeypatch.setattr(deployment.log, "now", lambda: first + timedelta(seconds=seconds))
    store, projections = findings(deployment)
    assert (store.what, store.is_well, projections.what) == ("store", True, "projections")
    return projections.is_well, projections.text


def test_projections_that_have_folded_everything_are_well_however_old_it_is(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert look_after(deployment, 86_400, monkeypatch) == (True, "are as far as the log")


def test_projections_a_moment_behind_are_well(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    forget(deployment)
    is_well, text = look_after(deployment, LAGGING_SECONDS, monkeypatch)
    assert (is_well, text) == (True, "are behind the log; a relay brings them up")


def test_one_projection_that_nobody_folds_into_is_not_well(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(deployment)
    is_well, text = look_after(deployment, LAGGING_SECONDS + 1, monkeypatch)
    assert not is_well
    assert "show the past: an event of 61 s ago is not in them yet" in text


def test_a_store_that_gives_no_answer_is_the_only_finding(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: object) -> dict[str, int]:
        raise StoreError("the store gives no answer")

    monkeypatch.setattr(deployment.storage, "positions", refused)
    (store,) = findings(deployment)
    assert (store.what, store.is_well, store.text) == ("store", False, "the store gives no answer")
