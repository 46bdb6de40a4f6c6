"""Flow 3 in memory: a store, an Infor and an AvidXchange under one clock that only tests move."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import msgspec

from actors.errands.close_invoices import close_invoices
from actors.errands.fetch_images import fetch_images
from actors.errands.look_up_invoices import look_up_invoices
from actors.errands.poll_invoice_statuses import poll_invoice_statuses
from actors.errands.poll_invoices import poll_invoices
from actors.errands.submit_invoices import submit_invoices
from actors.settle import appended
from actors.tools import Tools
from domain.event import Event, Recorded
from domain.identifiers import InvoiceKey, stream_id
from domain.invoices import index
from domain.invoices.invoice import Invoice, fold
from domain.suppliers.events import SupplierConfirmed, SupplierContent, SupplierRecorded
from tests.unit.domain.invoices.invoice_facts import RULES, WINDOWS
from tieout.simulation.fakes.ledger import FakeLedger
from tieout.simulation.fakes.payables import FakePayables
from tieout.simulation.fakes.postings import FakeInvoice
from tieout.simulation.memory_store import MemoryStore

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SETTLE = WINDOWS.settle
PDF = b"%PDF-1.7 an invoice"
FLOWS = {"invoices": timedelta(minutes=15), "invoice_statuses": timedelta(minutes=15)}


class World:
    """One connection; `tools` is what its errands are handed."""

    def __init__(self, **changes: Any) -> None:
        self.time = START
        self.rules = msgspec.structs.replace(RULES, **changes)
        self.store = MemoryStore(now=self.now)
        self.ledger = FakeLedger(now=self.now, divisions=self.rules.divisions)
        self.payables = FakePayables(now=self.now, blobs=self.store.blobs, references=False)
        ids = count(1)
        self.tools = Tools(
            rules=self.rules,
            log=self.store.log,
            work=self.store.work,
            polls=self.store.polls,
            blobs=self.store.blobs,
            ledger=self.ledger,
            payables=self.payables,
            clock=self,
            new_id=lambda: f"id-{next(ids)}",
            chance=lambda: 0.5,
            worker="w1",
        )
        self.store.polls.ensure(self.tools.connection, FLOWS)
        self.confirm_supplier()

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - START).total_seconds()

    def wait(self, duration: timedelta) -> None:
        self.time += duration

    def say(self, stream: UUID, *events: Event) -> None:
        past = self.store.log.load([stream])[stream]
        self.store.log.append([appended(past, stream, *events)], causes=self.tools.causes("test"))

    def confirm_supplier(self, number: str = "V1001") -> None:
        content = SupplierContent(company=100, number=number, name="Acme", status="20")
        self.say(
            stream_id(self.tools.connection, "supplier", f"100|{number}"),
            SupplierRecorded(content=content, to_send=True),
            SupplierConfirmed(
                key=f"100|{number}", vendor_id="9001", enrolment="Enrolled", digest="d", of_version=1, opens_gate=True
            ),
        )

    def poll(self) -> None:
        self.store.polls.poke(self.tools.connection, list(FLOWS), self.now())
        assert poll_invoices(self.tools)
        self.store.drain()

    def poll_statuses(self) -> None:
        self.store.polls.poke(self.tools.connection, list(FLOWS), self.now())
        assert poll_invoice_statuses(self.tools)
        self.store.drain()

    def work(self) -> None:
        """Do everything that is due now, each errand until nothing is left for it."""
        for _ in range(100):
            self.store.drain()
            if not sum(self._exhaust(e) for e in (fetch_images, submit_invoices, look_up_invoices, close_invoices)):
                return
        raise AssertionError("the errands never come to rest")

    def _exhaust(self, errand: Callable[[Tools], int]) -> int:
        done = 0
        while claimed := errand(self.tools):
            done += claimed
            self.store.drain()
            assert done < 10_000, "the errand never comes to rest"
        return done

    def work_through(self, duration: timedelta, *, step: timedelta = timedelta(seconds=20)) -> None:
        """Work while time passes."""
        end = self.time + duration
        self.work()
        while self.time < end:
            self.wait(step)
            self.work()

    def submit(self, *numbers: str, minor: int = 10_000) -> list[FakeInvoice]:
        """Enter invoices, poll them and work until nothing is due."""
        held = [self.ledger.put_invoice(number, minor, image=PDF) for number in numbers]
        self.poll()
        self.work()
        return held

    def stream(self, key: InvoiceKey) -> UUID:
        return stream_id(self.tools.connection, "invoice", key.external_id)

    def history(self, key: InvoiceKey) -> list[Recorded]:
        return self.store.log.load([self.stream(key)])[self.stream(key)]

    def state(self, invoice: FakeInvoice) -> Invoice:
        return fold(self.history(invoice.head.key))

    def phases(self, invoices: Sequence[FakeInvoice]) -> list[str]:
        return [self.state(invoice).phase for invoice in invoices]

    def names(self, invoice: FakeInvoice) -> list[str]:
        """The types of the invoice's events, in order."""
        return [type(recorded.event).__name__ for recorded in self.history(invoice.head.key)]

    def events(self, *kinds: type[Event]) -> list[Event]:
        return [r.event for r in self.store.log.read(after=0, limit=100_000) if isinstance(r.event, kinds)]

    def tracked(self) -> set[str]:
        """Names what later polls of division AAA look at again."""
        root = index.root_stream(self.tools.connection, "AAA")
        generation = index.generation_of(self.store.log.load([root])[root])
        stream = index.generation_stream(self.tools.connection, "AAA", generation)
        return set(index.fold(self.store.log.load([stream])[stream]).tracked)

    def sends(self, invoice: FakeInvoice) -> int:
        """How many bodies with this invoice were written to the wire."""
        return sum(invoice.head.key.external_id in batch.record_digests for batch in self.payables.received)

    def live(self, invoice: FakeInvoice) -> int:
        return self.payables.live(invoice.head.key.external_id)
