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


def behind(store: Store) -> int:
    """Give how far the rearmost projection is behind the log, in positions."""
    positions = ProjectionTables(store.database).positions([one.name for one in ALL])
    return store.log.last_position() - min(positions.values())


def rebuilt(store: Store) -> Rows:
    """Throw the projections away and fold the whole log anew; give the rows."""
    Runner(store.log, ProjectionTables(store.database), ALL).rebuild()
    return folded(store)


def assert_stands_as_rebuilt(store: Store) -> None:
    """Demand that somebody folded the whole log before, and the rows that were there from a rebuild."""
    assert behind(store) == 0, f"projections are {behind(store)} positions behind the log"
    before = folded(store)
    assert rebuilt(store) == before, "a rebuild gives other rows than those that stood"


def assert_rebuilt_is_same(store: Store) -> None:
    """Fold what is not folded yet, then the whole log anew, and demand the same rows."""
    Runner(store.log, ProjectionTables(store.database), ALL).catch_up()
    assert_stands_as_rebuilt(store)
