"""The store a URL names: made, opened, and asked whether it went back in time."""

from adapters.clock import SystemClock
from adapters.eventlog.schema import create_tables
from adapters.eventlog.store import SqliteStore, open_store
from adapters.vault.keyring import KeyRing, generate_ring

CLOCK = SystemClock()


def create_store(url: str) -> None:
    """Make the tables that are missing; what exists is kept."""
    create_tables(url, now=CLOCK.now())


def new_ring() -> str:
    """Make a fresh key ring, `id:base64`."""
    return generate_ring()


def open_sqlite(url: str, ring: str) -> SqliteStore:
    """Open the store with its key ring. Raises MisconfiguredError or StoreError, one sentence each."""
    return open_store(url, ring=KeyRing.parse(ring), now=CLOCK.now)
