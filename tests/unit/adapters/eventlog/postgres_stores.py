"""Stores on a PostgreSQL server for the tests of what only a server can show."""

from adapters.eventlog.postgres import PostgresDatabase
from adapters.eventlog.schema import create_tables
from adapters.eventlog.store import Store, open_store
from tests.support.postgres_server import emptied
from tests.unit.adapters.eventlog.sqlite_files import NOW, RING

# What a dump leaves behind that is restored into the same database: the same rows in another table.
AS_RESTORED = (
    "LOCK TABLE stored_events",  # before its sequence, as whoever appends does
    "CREATE TABLE restored (LIKE stored_events INCLUDING ALL)",
    "INSERT INTO restored SELECT * FROM stored_events",
    "ALTER SEQUENCE stored_events_notification_id_seq OWNED BY restored.notification_id",
    "DROP TABLE stored_events",
    "ALTER TABLE restored RENAME TO stored_events",
)


def fresh_on(url: str, *, patience_seconds: float | None = None) -> Store:
    """Make a store in a database that is emptied for it."""
    create_tables(emptied(url), now=NOW)
    return opened_on(url, patience_seconds=patience_seconds)


def opened_on(url: str, *, patience_seconds: float | None = None) -> Store:
    """Open a store with the tests' clock and keys."""
    return open_store(url, ring=RING, now=lambda: NOW, patience_seconds=patience_seconds)


def server_of(store: Store) -> PostgresDatabase:
    """Give the store's database, which is on a server here."""
    assert isinstance(store.database, PostgresDatabase)
    return store.database
