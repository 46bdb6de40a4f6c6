"""The projections' tables on SQLite keep every promise of the port, and hold the same rows as those in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.eventlog.database import open_database
from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.schema import create_tables
from tests.contracts.projections.projections_suite import ProjectionsSuite, holds_the_same_rows_as_the_memory


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[ProjectionTables]:
    url = f"sqlite:///{tmp_path / 'tieout.db'}"
    create_tables(url)
    database = open_database(url)
    yield ProjectionTables(database)
    database.close()


class TestSqliteProjections(ProjectionsSuite):
    pass


def test_the_file_holds_the_same_rows_as_the_memory(storage: ProjectionTables) -> None:
    holds_the_same_rows_as_the_memory(storage)
