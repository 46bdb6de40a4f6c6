"""Stores on a PostgreSQL server for the tests of what only a server can show."""

from adapters.eventlog.postgres import PostgresDatabase
from adapters.eventlog.schema import create_tables
from adapters.eventlog.store import Store, open_store
from tests.support.postgres_server import emptied
from tests.unit.adapters.eventlog.sqlite_files import NOW, RING


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
