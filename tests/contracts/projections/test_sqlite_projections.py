"""The projections' tables on SQLite keep every promise of the port, and hold the same rows as those in memory."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.eventlog.database import Database
from adapters.eventlog.projection_store import SqliteProjectionStorage
from adapters.eventlog.schema import create_tables
from domain.event import topics
from projections.catalogue import ALL
from projections.memory import MemoryProjections
from projections.runner import Runner
from projections.totals import totals
from tests.contracts.projections.projections_suite import ProjectionsSuite
from tests.unit.projections.book import CONNECTION, examples
from tests.unit.projections.test_runner import log_of


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqliteProjectionStorage]:
    path = tmp_path / "tieout.db"
    create_tables(f"sqlite:///{path}", now=datetime(2026, 3, 2, tzinfo=UTC))
    database = Database(path)
    yield SqliteProjectionStorage(database)
    database.close()


class TestSqliteProjections(ProjectionsSuite):
    pass


def test_the_file_holds_the_same_rows_as_the_memory(storage: SqliteProjectionStorage) -> None:
    events = [example for event_type in topics().values() for example in examples(event_type)]
    log = log_of([(event, number) for number in (1, 2, 3) for event in events])
    memory = MemoryProjections()
    Runner(log, memory, ALL).catch_up()
    runner = Runner(log, storage, ALL)
    runner.catch_up(7)
    for projection in ALL:
        assert storage.rows(projection.name) == memory.rows(projection.name)
    assert totals(storage, CONNECTION) == totals(memory, CONNECTION)
    before = {projection.name: storage.rows(projection.name) for projection in ALL}
    runner.rebuild()
    assert {projection.name: storage.rows(projection.name) for projection in ALL} == before
