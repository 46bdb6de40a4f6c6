"""The pretend AvidXchange's own books: what is true at once, and what its search shows only after a lag."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sandbox.avidxchange.records import Batch, Code, Invoice, Payment, Vendor
from sandbox.clock import chance

KeyT = TypeVar("KeyT", bound=Hashable)
RecordT = TypeVar("RecordT")


class Shelf(Generic[KeyT, RecordT]):
    """Records of one kind: `true` is what the system knows, `shown` what its search has caught up with."""

    def __init__(self) -> None:
        self.true: dict[KeyT, RecordT] = {}
        self.shown: dict[KeyT, RecordT] = {}
        self._versions: dict[KeyT, int] = {}

    def show(self, key: KeyT, record: RecordT, version: int) -> None:
        """Let the search see a record, unless it has already seen a newer version of it."""
        if self._versions.get(key, -1) < version:
            self._versions[key] = version
            self.shown[key] = record


class AvidBooks:
    """Everything one pretend AvidXchange account holds; not safe for threads, its server has one loop."""

    def __init__(self, *, seed: int = 1) -> None:
        self.random = chance("avidxchange", seed)
        self.vendors: Shelf[str, Vendor] = Shelf()
        self.codes: Shelf[tuple[str, str], Code] = Shelf()
        self.batches: Shelf[str, Batch] = Shelf()
        self.invoices: Shelf[str, Invoice] = Shelf()
        self.payments: dict[str, Payment] = {}
        self.purchase_orders: dict[str, str] | None = None
        self.excluded: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.by_external_id: dict[str, list[Invoice]] = defaultdict(list)
        self.by_number: dict[tuple[str, str], list[Invoice]] = defaultdict(list)
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._sequence = 0
        self._ids = {"vendor": 9000, "batch": 300, "invoice": 500_000, "payment": 77_000, "history": 0}

    def next_id(self, kind: str) -> str:
        """Return the next number of a kind (vendor, batch, invoice, payment, history) as text."""
        self._ids[kind] += 1
        return str(self._ids[kind])

    def at(self, when: datetime, act: Callable[[], None]) -> None:
        """Do something once the sandbox's clock has reached `when`."""
        self._sequence += 1
        heapq.heappush(self._due, (when, self._sequence, act))

    def run_due(self, now: Callable[[], datetime]) -> int:
        """Do everything that has fallen due, in order of time; return how much that was.

        The time is asked again for each act, since what an act brings about at once is due as well.
        """
        done = 0
        while self._due and self._due[0][0] <= now():
            heapq.heappop(self._due)[2]()
            done += 1
        return done

    def publish(self, shelf: Shelf[KeyT, RecordT], key: KeyT, record: RecordT, when: datetime) -> None:
        """Show this version of a record in searches from `when` on; the caller must not change it again."""
        version = self._sequence + 1
        self.at(when, lambda: shelf.show(key, record, version))

    def lag(self, longest_seconds: float) -> timedelta:
        """Draw how long the search takes to notice a write, between nothing and the longest lag."""
        return timedelta(seconds=self.random.uniform(0, longest_seconds) if longest_seconds else 0)

    def add_invoice(self, invoice: Invoice) -> None:
        """Enter a received invoice; a second one under the same ExternalId is a double, not an error."""
        self.invoices.true[invoice.invoice_id] = invoice
        self.by_external_id[invoice.external_id].append(invoice)
        self.by_number[(invoice.vendor_external_id, invoice.invoice_number)].append(invoice)

    def live_invoices(self) -> Iterable[Invoice]:
        """Return the invoices neither rejected nor void, in order of receipt."""
        return (invoice for invoice in self.invoices.true.values() if invoice.live)

    def doubles(self) -> list[str]:
        """Return the external ids under which more than one invoice lives, sorted."""
        return sorted(
            external_id
            for external_id, invoices in self.by_external_id.items()
            if sum(invoice.live for invoice in invoices) > 1
        )
