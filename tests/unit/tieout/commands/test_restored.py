"""A restore that the store cannot notice by itself, declared by a person."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from adapters.eventlog.state import read_state
from domain.connections.events import RestorePointDeclared
from domain.errors import HeldError
from domain.event import Append
from domain.ports.store import MoneyGuard
from tests.support.command_line import SETTINGS, Desk
from tests.unit.adapters.eventlog.sqlite_files import CAUSES, RELEASED
from tieout.settings import load
from tieout.wiring import open_deployment

DECLARED = ("restored", "--reason", "disk set back to 02:00", "--by", "ann")


@pytest.fixture
def desk(desk_of_either_store: Desk) -> Desk:
    return desk_of_either_store


def issues(desk: Desk) -> list[dict[str, Any]]:
    return [issue for issue in desk.types("issues", "--json").document if issue["kind"] == "store-went-back"]


def test_a_declared_restore_is_a_new_incarnation_with_a_hold_and_an_urgent_issue(desk: Desk) -> None:
    with open_deployment(load(None)) as running:
        before = running.log.incarnation()
        assert issues(desk) == [], "nothing was noticed"
        said = desk.types(*DECLARED, "--json")
        assert said.code == 0, said.err
        assert said.document["incarnation"] == str(running.log.incarnation()) != str(before)
        assert said.document["detail"] == "declared by ann: disk set back to 02:00"
        with running.store.database.reading() as cursor:
            state = read_state(cursor)
        assert state.went_back is None, "the report was answered"
        assert state.hold_until is not None
        assert state.hold_until > running.log.now()
    (issue,) = issues(desk)
    assert issue["urgent"]


def test_work_that_began_before_the_declaration_writes_no_money(desk: Desk) -> None:
    with open_deployment(load(None)) as running:
        guard = MoneyGuard(incarnation=running.log.incarnation())
        assert desk.types(*DECLARED).code == 0
        batch = [Append(stream=uuid4(), expected_version=0, events=(RELEASED,))]
        with pytest.raises(HeldError, match="another incarnation than the one this work began with"):
            running.log.append(batch, causes=CAUSES, guard=guard)


def test_what_was_declared_is_not_reported_again(desk: Desk) -> None:
    assert "money writes are held until" in desk.types(*DECLARED).err
    with open_deployment(load(None)) as later:
        assert later.store.went_back is None
    assert len(issues(desk)) == 1


def test_processes_that_still_run_on_what_was_there_before_are_named(desk: Desk) -> None:
    with open_deployment(load(None)) as running:
        running.store.workers.note("w-7", role="worker", started_at=running.log.now(), wall=running.log.now)
        assert "still running on what was there before: worker w-7; stop them" in desk.types(*DECLARED).err


def test_without_a_connection_there_is_nothing_to_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.write_settings(SETTINGS)
    assert desk.types("init").code == 0
    said = desk.types(*DECLARED)
    assert (said.code, "no connection was ever added: there is nothing to hold" in said.err) == (0, True), said.err


def test_a_restore_is_declared_with_a_reason(desk: Desk) -> None:
    desk.types("restored", "--reason", " ", "--by", "ann").failed(2, "--reason is empty")
    assert issues(desk) == []


def test_the_time_of_the_backup_is_kept_on_every_connection(desk: Desk) -> None:
    said = desk.types(*DECLARED, "--at", "2026-03-02T02:00+01:00", "--json")
    assert said.document["set_back_to"] == "2026-03-02T01:00:00Z"
    with open_deployment(load(None)) as running:
        (row,) = running.connections().values()
        assert row.state.first_went_back_at == datetime(2026, 3, 2, 1, tzinfo=UTC)
        assert row.state.went_back_at is not None
        log = running.log.read(after=0, limit=1000)
    (fact,) = (recorded.event for recorded in log if isinstance(recorded.event, RestorePointDeclared))
    assert (fact.person, fact.reason) == ("ann", "disk set back to 02:00")


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("yesterday", "--at yesterday is no time"),
        ("2026-03-02T02:00", "--at 2026-03-02T02:00 names no zone"),
        ("0001-01-01T00:00+01:00", "--at 0001-01-01T00:00+01:00 is no time"),
        ("2026-03-02", "names no zone: for example 2026-03-02T00:00Z"),
        ("2999-01-01T00:00Z", "--at 2999-01-01T00:00Z: the time of the backup is still to come"),
    ],
)
def test_a_time_that_cannot_be_a_backups_is_refused_before_anything_is_declared(desk: Desk, at: str, why: str) -> None:
    desk.types(*DECLARED, "--at", at).failed(2, why)
    assert issues(desk) == []
