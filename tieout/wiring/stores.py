"""The store a URL names: made, opened, and asked whether it went back in time."""

from adapters.eventlog.schema import create_tables
from adapters.eventlog.store import Store, open_store
from adapters.vault.keyring import KeyRing, generate_ring


def create_store(url: str) -> None:
    """Make the tables that are missing; what exists is kept."""
    create_tables(url)


def new_ring() -> str:
    """Make a fresh key ring, `id:base64`."""
    return generate_ring()


def open_url(url: str, ring: str) -> Store:
    """Open the store with its key ring. Raises MisconfiguredError or StoreError, one sentence each."""
    return open_store(url, ring=KeyRing.parse(ring))
