"""The projections' tables on PostgreSQL keep every promise of the port, and hold the same rows as those in memory."""

from collections.abc import Iterator

import pytest

from adapters.eventlog.database import open_database
from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.schema import create_tables
from tests.contracts.projections.projections_suite import ProjectionsSuite, holds_the_same_rows_as_the_memory
from tests.support.postgres_server import emptied


@pytest.fixture
def storage(postgres_url: str) -> Iterator[ProjectionTables]:
    create_tables(emptied(postgres_url))
    database = open_database(postgres_url)
    yield ProjectionTables(database)
    database.close()


class TestPostgresProjections(ProjectionsSuite):
    pass


def test_the_database_holds_the_same_rows_as_the_memory(storage: ProjectionTables) -> None:
    holds_the_same_rows_as_the_memory(storage)
