"""Bringing an older store's tables to this version: checked before and after, in one transaction, or not at all."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from adapters.eventlog.database import Database, open_database
from adapters.eventlog.mapper import EventMapper
from adapters.eventlog.schema import INDEXES, NAMES, SCHEMA, SCHEMA_VERSION, TABLES, check_tables, version
from adapters.eventlog.sql import Cursor
from domain.errors import MalformedError, MisconfiguredError

_PAGE = 1000
# Version -> the statements that lead to the next one, in SQLite's words; tables that are missing are made besides.
STEPS: Mapping[int, Sequence[str]] = {
    1: ("ALTER TABLE polls ADD COLUMN claim TEXT NOT NULL DEFAULT ''",),
    # The table workers; and issues fold more than they did, so that every projection begins anew, from the log.
    2: (
        "DELETE FROM projection_rows",
        "DELETE FROM projection_terms",
        "DELETE FROM tracking WHERE SUBSTR(application_name, 1, 11) = 'projection:'",
    ),
}


class Migrated(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. backup: the copy made before, None when nothing was changed or the store is on a server."""

    store: str
    from_version: int
    to_version: int
    steps: int
    events: int
    backup: str | None = None


def migrate(url: str, *, dumped: bool = False) -> Migrated:
    """Bring a store to this version; one that is there already is only checked.

    A file is copied first; a database on a server must have been dumped by a person, who says so with `dumped`.
    Raises MisconfiguredError when there is nothing it can do: no store, a newer one, tables or events it cannot read.
    """
    database = open_database(url)
    try:
        with database.reading() as cursor:
            found = _found(cursor, database)
        backup = None if found == SCHEMA_VERSION else _backed_up(database, found, dumped=dumped)
        try:
            before, events = _migrated(database)
        except Exception:
            # Nothing was changed: there is nothing to put back. What interrupts may come behind the commit: kept then.
            if backup is not None:
                backup.unlink(missing_ok=True)
            raise
    finally:
        database.close()
    return Migrated(
        store=database.name,
        from_version=before,
        to_version=SCHEMA_VERSION,
        steps=SCHEMA_VERSION - before,
        events=events,
        backup=None if backup is None else str(backup),
    )


def _migrated(database: Database) -> tuple[int, int]:
    """Take every step in one transaction; give the version before it and the number of events."""
    with database.writing() as cursor:
        database.lock(cursor, SCHEMA)
        database.events.lock(cursor)
        # Whoever keeps the state as it is may go on to these tables: taken first, it never waits for us in a circle.
        cursor.execute("UPDATE store_state SET schema_version = schema_version")
        before = _found(cursor, database)  # again: somebody else may have been faster
        events = _readable(cursor, database)
        for step in range(before, SCHEMA_VERSION):
            _take(cursor, database, step)
        _check_after(cursor, database, events=events)
    return before, events


def _found(cursor: Cursor, database: Database) -> int:
    """Give the version there is, which must be one this program can begin with."""
    found = version(cursor, database)
    if found is None:
        raise MisconfiguredError(f"{database.name}: there is no store to migrate; run `tieout init`")
    if found > SCHEMA_VERSION:
        text = f"its tables have version {found}, this program knows {SCHEMA_VERSION}: install the tieout that wrote it"
        raise MisconfiguredError(f"{database.name}: {text}")
    if any(step not in STEPS for step in range(found, SCHEMA_VERSION)):
        raise MisconfiguredError(f"{database.name}: its tables have version {found}, from which no way leads here")
    missing = NAMES - database.tables(cursor)
    if found == SCHEMA_VERSION and missing:
        raise MisconfiguredError(f"{database.name}: tables are missing ({', '.join(sorted(missing))}); `tieout init`")
    return found


def _backed_up(database: Database, found: int, *, dumped: bool) -> Path | None:
    path = database.checkpoint_beside
    if path is not None:
        from adapters.eventlog.sqlite import copy_file

        stamp = database.now().strftime("%Y%m%dT%H%M%SZ")
        return copy_file(path, path.with_name(f"{path.name}.version-{found}.{stamp}"))
    if not dumped:
        text = f"its tables have version {found}: make a dump with pg_dump first, then run `tieout migrate --dumped`"
        raise MisconfiguredError(f"{database.name}: {text}")
    return None


def _readable(cursor: Cursor, database: Database) -> int:
    """Count the events; every one of them must be readable. Raises MisconfiguredError, naming the one that is not."""
    mapper, position, count = EventMapper(), 0, 0
    while page := database.events.page(cursor, after=position, limit=_PAGE):
        try:
            for stored in page:
                mapper.check(stored)
        except (MalformedError, MisconfiguredError) as error:
            raise MisconfiguredError(f"{database.name}: {error}; nothing was changed") from error
        position, count = page[-1].id, count + len(page)
    return count


def _take(cursor: Cursor, database: Database, step: int) -> None:
    for statement in STEPS[step]:
        cursor.execute(database.dialect.columns(statement))
    for name, columns in TABLES.items():
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} ({database.dialect.columns(columns)})")
    for statement in INDEXES:
        cursor.execute(statement)
    cursor.execute("UPDATE store_state SET schema_version = ?", (step + 1,))


def _check_after(cursor: Cursor, database: Database, *, events: int) -> None:
    """Compare tables, columns, version and the number of events with what they must be; else nothing was done."""
    check_tables(cursor, database)
    for table, expected in _expected_columns().items():
        differing = expected ^ database.columns(cursor, table)
        if differing:
            text = f"table {table} differs in {', '.join(sorted(differing))} from this version's: nothing was changed"
            raise MisconfiguredError(f"{database.name}: {text}")
    cursor.execute("SELECT COUNT(*) AS number FROM stored_events")
    number = cursor.fetchone()["number"]
    if number != events:
        raise MisconfiguredError(f"{database.name}: {number} events after, {events} before: nothing was changed")


def _expected_columns() -> dict[str, set[str]]:
    """Read this version's columns from a store made in memory."""
    empty = sqlite3.connect(":memory:")
    try:
        for name, columns in TABLES.items():
            empty.execute(f"CREATE TABLE {name} ({columns})")
        return {name: {row[1] for row in empty.execute(f"PRAGMA table_info({name})")} for name in TABLES}
    finally:
        empty.close()
