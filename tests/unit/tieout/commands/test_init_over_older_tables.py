"""`tieout init` over tables of another version: older ones are left to `tieout migrate`, newer ones refused."""

import pytest

from adapters.eventlog.database import Database, open_database
from adapters.eventlog.schema import SCHEMA_VERSION
from tests.support.command_line import Desk
from tests.unit.adapters.eventlog.test_migrations import TO_VERSION_2
from tieout.settings import load

NEEDED = SCHEMA_VERSION
NEWER = "UPDATE store_state SET schema_version = schema_version + 1"


def database() -> Database:
    return open_database(load(None).store_url)


def change(*statements: str) -> None:
    store = database()
    with store.writing() as cursor:
        for statement in statements:
            cursor.execute(statement)
    store.close()


def seen() -> tuple[set[str], list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Give what `init` must not change of older tables: their names, the state, and the events."""
    store = database()
    with store.reading() as cursor:
        cursor.execute("SELECT schema_version, incarnation, file_identity, hold_until, went_back FROM store_state")
        state = [tuple(row) for row in cursor.fetchall()]
        cursor.execute("SELECT originator_id, originator_version, topic FROM stored_events ORDER BY 1, 2")
        events = [tuple(row) for row in cursor.fetchall()]
        tables = store.tables(cursor)
    store.close()
    assert events
    return tables, state, events


def test_older_tables_are_left_as_they_are_and_migrate_is_named(desk_of_either_store: Desk) -> None:
    change(*TO_VERSION_2)
    before = seen()

    ran = desk_of_either_store.types("init")

    assert (ran.code, ran.out) == (0, "")
    wrote, tables, step = ran.err.splitlines()
    assert wrote.endswith(": wrote nothing; kept tieout.toml, tieout.keys")
    assert tables.endswith(
        f": the tables are of version 2, this program's are {NEEDED}: `tieout migrate` brings them up"
    )
    assert step == "next: `tieout migrate`"
    assert seen() == before


def test_a_store_of_version_2_is_upgraded_by_init_and_migrate_and_keeps_its_events(desk_of_either_store: Desk) -> None:
    desk = desk_of_either_store
    before = desk.types("connection", "list", "--json").document
    change(*TO_VERSION_2)
    events = seen()[2]
    desk.types("issues").failed(2, "version 2", "run `tieout migrate`")

    told = desk.types("init", "--json")
    done = desk.types("migrate", "--dumped")

    assert (told.code, told.document["tables"]) == (0, {"version": 2, "needed": NEEDED})
    assert done.code == 0, done.err
    assert f": from version 2 to {NEEDED}, {len(events)} events, all sound" in done.err
    assert seen()[2] == events
    assert desk.types("connection", "list", "--json").document == before
    again = desk.types("init", "--json")
    assert (again.code, again.document["tables"]) == (0, {"version": NEEDED, "needed": NEEDED})


def test_tables_of_this_version_are_kept_and_the_next_step_is_named(desk_of_either_store: Desk) -> None:
    before = seen()

    ran = desk_of_either_store.types("init")

    assert (ran.code, ran.out) == (0, "")
    wrote, store, step = ran.err.splitlines()
    assert wrote.endswith(": wrote nothing; kept tieout.toml, tieout.keys")
    assert store.startswith("store: ")
    assert store.endswith(f", tables of version {NEEDED}")
    assert step == "next: `tieout connection test acme`, then `tieout sync` or `tieout run`"
    assert seen() == before


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_newer_tables_are_refused(desk_of_either_store: Desk, arguments: tuple[str, ...]) -> None:
    change(NEWER)
    before = seen()

    ran = desk_of_either_store.types("init", *arguments)

    ran.failed(2, f"version {NEEDED + 1}, this program needs {NEEDED}: install the tieout that wrote it")
    assert seen() == before
