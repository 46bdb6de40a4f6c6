"""A store under test with a clock in our hands, and the few facts its suites speak of."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from actors.relay import Relay
from adapters.eventlog.schema import create_tables
from adapters.eventlog.store import open_store
from adapters.vault.keyring import KeyRing, generate_ring
from domain.event import Append, Event
from domain.identifiers import InvoiceKey
from domain.invoices.events import InvoiceHeld, InvoiceReleased, InvoiceWithdrawnInInfor
from domain.ports.store import BlobStore, Causes, EventLog, PollBoard, WorkBoard
from domain.suppliers.events import SupplierConfirmed, SupplierRetryOrdered
from tieout.simulation.memory_store import MemoryStore

CONNECTION = UUID("00000000-0000-4000-8000-0000000000c0")
OTHER = UUID("00000000-0000-4000-8000-0000000000c1")
CAUSES = Causes(connection=CONNECTION, correlation_id="test")
LEASE = timedelta(seconds=60)
KEY = InvoiceKey(100, "AAA", "V1", "V1", "77", 2026)
RELEASED = InvoiceReleased(key=KEY, why="test")
WITHDRAWN = InvoiceWithdrawnInInfor(key=KEY, detail="")
RETRY_ORDERED = SupplierRetryOrdered(person="Ann", reason="test")


class ManualClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass(frozen=True, kw_only=True)
class World:
    """The ports of one store, its relay and its clock."""

    clock: ManualClock
    log: EventLog
    work: WorkBoard
    polls: PollBoard
    blobs: BlobStore
    relay: Relay
    hold: Callable[[datetime], None]

    def append(self, stream: UUID, *events: Event, connection: UUID = CONNECTION) -> None:
        """Append to a stream where it is now."""
        expected = len(self.log.load([stream])[stream])
        causes = Causes(connection=connection, correlation_id="test")
        self.log.append([Append(stream=stream, expected_version=expected, events=events)], causes=causes)

    def happened(self, stream: UUID, *events: Event, connection: UUID = CONNECTION) -> None:
        """Append to a stream and let the relay fold it."""
        self.append(stream, *events, connection=connection)
        self.relay.drain()


def held(waits_for: str | None) -> InvoiceHeld:
    """Say that the invoice is held, for a key or for a person."""
    return InvoiceHeld(key=KEY, reason="SUPPLIER_NOT_CONFIRMED", detail="", waits_for=waits_for)


def confirmed(key: str, *, of_version: int = 1, opens_gate: bool = True) -> SupplierConfirmed:
    """Say that AvidXchange holds the supplier."""
    return SupplierConfirmed(
        key=key, vendor_id="9", enrolment="Enrolled", digest="d", of_version=of_version, opens_gate=opens_gate
    )


def memory_world() -> World:
    """Make a world over the store in memory."""
    clock = ManualClock()
    store = MemoryStore(clock)
    return World(
        clock=clock,
        log=store.log,
        work=store.work,
        polls=store.polls,
        blobs=store.blobs,
        relay=store.relay,
        hold=store.log.hold,
    )


@contextmanager
def sqlite_world(folder: Path) -> Iterator[World]:
    """Make a world over a fresh SQLite file."""
    with url_world(f"sqlite:///{folder / f'{uuid4().hex}.db'}") as world:
        yield world


@contextmanager
def url_world(url: str) -> Iterator[World]:
    """Make a world over the store a URL names, its tables made here."""
    clock = ManualClock()
    create_tables(url, now=clock())
    with open_store(url, ring=KeyRing.parse(generate_ring()), now=clock) as store:
        yield World(
            clock=clock,
            log=store.log,
            work=store.work,
            polls=store.polls,
            blobs=store.blobs,
            relay=Relay(store.relay_table),
            hold=store.hold,
        )
