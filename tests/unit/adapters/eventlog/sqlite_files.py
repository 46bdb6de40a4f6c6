"""Stores on files for the tests of what only a file can show."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from adapters.eventlog.schema import create_tables
from adapters.eventlog.sqlite import SqliteDatabase
from adapters.eventlog.store import Store, open_store
from adapters.vault.keyring import KeyRing, generate_ring
from domain.event import Append, Event, Personal
from domain.identifiers import InvoiceKey
from domain.invoices.events import InvoiceReleased
from domain.ports.store import Causes
from domain.suppliers.events import Address, SupplierContent, SupplierRecorded

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
RING = KeyRing.parse(generate_ring())
CONNECTION = UUID("00000000-0000-4000-8000-0000000000c0")
CAUSES = Causes(connection=CONNECTION, correlation_id="test")
RELEASED = InvoiceReleased(key=InvoiceKey(100, "AAA", "V1", "V1", "77", 2026), why="test")
SUPPLIER = SupplierRecorded(
    content=SupplierContent(
        company=100,
        number="V1",
        name="Smith",
        status="20",
        tax_id=Personal("12-3456789"),
        address=Address(line1=Personal("1 Main Street"), country="US"),
    ),
    to_send=True,
)


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def create(path: Path) -> None:
    create_tables(url_of(path), now=NOW)


def opened(path: Path, *, patience_seconds: float = 5.0, ring: KeyRing = RING) -> Store:
    return open_store(url_of(path), ring=ring, now=lambda: NOW, patience_seconds=patience_seconds)


def fresh(folder: Path) -> Store:
    path = folder / "tieout.db"
    create(path)
    return opened(path)


def file_of(store: Store) -> SqliteDatabase:
    """Give the store's database, which is a file here."""
    assert isinstance(store.database, SqliteDatabase)
    return store.database


def append(store: Store, *events: Event, stream: UUID | None = None) -> UUID:
    """Append to a stream where it is now, by default to a new one."""
    stream = stream or uuid4()
    expected = len(store.log.load([stream])[stream])
    store.log.append([Append(stream=stream, expected_version=expected, events=events)], causes=CAUSES)
    return stream
