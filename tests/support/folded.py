"""What was folded from the log: read row by row, and folded again from nothing."""

from collections.abc import Iterable

from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.store import Store
from projections.catalogue import ALL
from projections.runner import Runner

PROJECTED = ("projection_rows", "projection_terms")
Rows = dict[str, list[tuple[object, ...]]]


def folded(store: Store, tables: Iterable[str] = PROJECTED) -> Rows:
    """Give the rows of tables, in one order."""
    found = {}
    with store.database.reading() as cursor:
        for table in tables:
            columns = sorted(store.database.columns(cursor, table))
            cursor.execute(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 (fixed names)
            rows = [tuple(row[column] for column in columns) for row in cursor.fetchall()]
            found[table] = sorted(rows, key=repr)
    return found


def assert_rebuilt_is_same(store: Store) -> None:
    """Throw the projections away, fold the whole log anew, and demand the rows that were there."""
    runner = Runner(store.log, ProjectionTables(store.database), ALL)
    runner.catch_up()
    before = folded(store)
    runner.rebuild()
    assert folded(store) == before
