"""The projections' tables in memory keep every promise of the port."""

import pytest

from projections.memory import MemoryProjections
from tests.contracts.projections.projections_suite import ProjectionsSuite


@pytest.fixture
def storage() -> MemoryProjections:
    return MemoryProjections()


class TestMemoryProjections(ProjectionsSuite):
    pass
