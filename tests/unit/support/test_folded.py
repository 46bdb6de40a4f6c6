"""Rows that nobody folded, or that were folded wrongly, are noticed at the end of a storm, and not mended before."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.store import Store
from projections.catalogue import ALL
from projections.runner import Runner
from tests.support.folded import assert_rebuilt_is_same, assert_stands_as_rebuilt, behind, folded
from tests.unit.adapters.eventlog.sqlite_files import SUPPLIER, append, fresh


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with fresh(tmp_path) as made:
        append(made, SUPPLIER)
        Runner(made.log, ProjectionTables(made.database), ALL).catch_up()
        yield made


def test_rows_that_were_folded_to_the_end_pass(store: Store) -> None:
    before = folded(store)
    assert_stands_as_rebuilt(store)
    assert folded(store) == before
    assert before["projection_rows"]


def test_projections_that_are_stuck_are_noticed_and_not_helped_on(store: Store) -> None:
    append(store, SUPPLIER)
    stuck = folded(store)
    for _ in "12":
        with pytest.raises(AssertionError, match="1 positions behind"):
            assert_stands_as_rebuilt(store)
    assert (behind(store), folded(store)) == (1, stuck)
    assert_rebuilt_is_same(store)
    assert behind(store) == 0


def test_one_projection_that_is_stuck_is_enough(store: Store) -> None:
    append(store, SUPPLIER)
    first, *others = ALL
    Runner(store.log, ProjectionTables(store.database), others).catch_up()
    with pytest.raises(AssertionError, match="1 positions behind"):
        assert_stands_as_rebuilt(store)
    Runner(store.log, ProjectionTables(store.database), [first]).catch_up()
    assert_stands_as_rebuilt(store)


def test_a_row_that_no_rebuild_gives_is_noticed(store: Store) -> None:
    with store.database.writing() as cursor:
        cursor.execute("UPDATE projection_rows SET state = 'sent' WHERE projection = 'suppliers'")
    with pytest.raises(AssertionError, match="other rows"):
        assert_stands_as_rebuilt(store)
