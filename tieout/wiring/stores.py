"""The store a URL names: made, opened, and asked whether it went back in time."""

from contextlib import closing

from adapters.eventlog.database import open_database
from adapters.eventlog.migrations import Migrated, migrate
from adapters.eventlog.schema import TableVersions, create_tables, version
from adapters.eventlog.store import Store, open_store
from adapters.vault.keyring import KeyRing, generate_ring
from adapters.vault.rotation import count_uses


def create_store(url: str) -> TableVersions:
    """Make the tables that are missing; what exists is kept, older tables as a whole. Raises for newer ones."""
    return create_tables(url)


def holds_store(url: str) -> bool:
    """Whether a store was made there already."""
    with closing(open_database(url)) as database, database.reading() as cursor:
        return version(cursor, database) is not None


def key_ids_in_use(url: str) -> tuple[str, ...]:
    """Give the ids of the keys that something in a store is encrypted under."""
    with closing(open_database(url)) as database, database.reading() as cursor:
        return tuple(count_uses(cursor))


def migrate_store(url: str, *, dumped: bool) -> Migrated:
    """Bring a store to this version. Raises MisconfiguredError when there is nothing it can do."""
    return migrate(url, dumped=dumped)


def new_ring() -> str:
    """Make a fresh key ring, `id:base64`."""
    return generate_ring()


def open_url(url: str, ring: str) -> Store:
    """Open the store with its key ring. Raises MisconfiguredError or StoreError, one sentence each."""
    return open_store(url, ring=KeyRing.parse(ring))
