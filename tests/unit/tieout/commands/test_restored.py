"""A restore that the store cannot notice by itself, declared by a person."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from adapters.eventlog.state import read_state
from domain.connections.events import RestorePointDeclared
from domain.errors import HeldError
from domain.event import Append
from domain.ports.store import MoneyGuard
from tests.support.command_line import Desk
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
        ("2999-01-01T00:00Z", "--at 2999-01-01T00:00Z: the time of the backup is still to come"),
    ],
)
def test_a_time_that_cannot_be_a_backups_is_refused_before_anything_is_declared(desk: Desk, at: str, why: str) -> None:
    desk.types(*DECLARED, "--at", at).failed(2, why)
    assert issues(desk) == []
