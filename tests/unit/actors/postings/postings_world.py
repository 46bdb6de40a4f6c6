"""Flow 4 in memory: payments polled, planned and posted under a clock that only tests move, watched at every send."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import msgspec

from actors.errands.close_invoices import close_invoices
from actors.errands.confirm_posting import confirm_posting
from actors.errands.plan_reversal import plan_reversal
from actors.errands.poll_payments import poll_payments
from actors.errands.post_payment import post_payment
from actors.errands.send_postings import resume_posting, send_postings
from actors.settle import appended
from actors.tools import Tools
from domain.connections import connection
from domain.connections.events import StoreWentBack
from domain.event import Event, Recorded
from domain.identifiers import key1, stream_id
from domain.invoices import invoice
from domain.invoices.submission_events import InvoiceSubmitted
from domain.money import Money
from domain.payments import payment
from domain.payments.events import PaymentContent, Remittance
from domain.payments.persons import decide_posting_order
from domain.postings import events as e
from domain.postings import posting
from tests.support.payments_world import WINDOWS, rules
from tests.unit.actors.postings.watched_fakes import SETTLE, Crasher, CrashError, WatchedLedger, WatchedPayables
from tieout.acts.act import Act
from tieout.acts.doubts import Word, resolve
from tieout.acts.retry import retry
from tieout.simulation.fakes.postings import FakeInvoice
from tieout.simulation.memory_store import MemoryStore

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALL = WINDOWS.call_timeout
QUIET = CALL + SETTLE  # from an attempt's begin to its first look
ERRANDS = (post_payment, plan_reversal, send_postings, resume_posting, confirm_posting, close_invoices)
Paid = tuple[FakeInvoice, int] | tuple[FakeInvoice, int, int]


class World:
    """One connection with two divisions; `tools` is what its errands are handed."""

    def __init__(
        self,
        *,
        lag: timedelta = timedelta(),
        posting_delay: timedelta | None = timedelta(seconds=4),
        **changes: Any,
    ) -> None:
        self.time = START
        self.crasher = Crasher()
        self.rules = rules(**changes)
        self.store = MemoryStore(now=self.now)
        self.ledger = WatchedLedger(
            self,
            divisions=self.rules.divisions,
            lag=lag,
            posting_delay=posting_delay,
            void_interface=self.rules.void_interface,
        )
        self.payables = WatchedPayables(now=self.now, blobs=self.store.blobs, references=False)
        self.payables.world = self
        self._ids = count(1)
        self.tools = self.worker("w1")
        self.store.polls.ensure(self.connection, {"payments": timedelta(minutes=15)})
        self.store.log.fault = lambda place: self.crasher(f"append: {place}")

    @property
    def connection(self) -> UUID:
        return self.rules.identity.id

    def worker(self, name: str) -> Tools:
        """Another process on the same store."""
        return Tools(
            rules=self.rules,
            log=self.store.log,
            work=self.store.work,
            polls=self.store.polls,
            blobs=self.store.blobs,
            ledger=self.ledger,
            payables=self.payables,
            clock=self,
            new_id=lambda: f"{name}-{next(self._ids)}",
            chance=lambda: 0.5,
            worker=name,
        )

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - START).total_seconds()

    def wait(self, duration: timedelta) -> None:
        self.time += duration

    def stream(self, kind: str, key: str) -> UUID:
        return stream_id(self.connection, kind, key)

    def say(self, stream: UUID, *events: Event) -> None:
        past = self.store.log.load([stream])[stream]
        self.store.log.append([appended(past, stream, *events)], causes=self.tools.causes("test"))

    # What stands in the two systems.

    def bill(
        self, number: str, minor: int = 157_000, *, discount: int = 0, division: str = "AAA", live: bool = True
    ) -> FakeInvoice:
        """An invoice in Infor that AvidXchange holds (unless told otherwise)."""
        held = self.ledger.put_invoice(number, minor, division=division, discount=discount)
        if live:
            self.go_live(held)
        return held

    def go_live(self, held: FakeInvoice) -> None:
        key = held.head.key
        fact = InvoiceSubmitted(key=key, attempt_id="a", avid_invoice_id=f"5-{key.number}", status="Received")
        self.say(self.stream("invoice", key.external_id), fact)

    def resolve(self, key: str, resolution: str, *, voucher: str = "") -> None:
        """A person settles a posting, once no late answer can come any more."""
        self.wait(SETTLE * 2)
        resolve(self._act(), self.stream("posting", key), Word(resolution=resolution, voucher=voucher))
        self.store.drain()

    def order(self, payment_id: str) -> None:
        """A person orders a payment to be planned again."""
        state = self.payment(payment_id)
        postings = {leg.posting: self.posting(leg.posting) for leg in state.legs}
        facts = decide_posting_order(state, postings, person="ann", reason="seen")
        self.say(self.stream("payment", payment_id), *facts)

    def retry(self, payment_id: str) -> None:
        """A person orders what is stuck of a payment again."""
        assert retry(self._act(), [self.stream("payment", payment_id)])[0].does

    def _act(self) -> Act:
        return Act(log=self.store.log, connection=self.connection, person="ann", reason="seen", settle_infor=SETTLE)

    def pay(self, payment_id: str, *paid: Paid, **changes: Any) -> PaymentContent:
        """AvidXchange settles a check; what it paid: (invoice, net, discount) in cents."""
        lines = tuple(_remittance(*one) for one in paid)
        content = PaymentContent(
            payment_id=payment_id,
            batch_id="PB-1",
            status="Issued to Supplier",
            status_id="14",
            standing="settled",
            method="Check",
            amount=Money(sum(line.net.minor for line in lines)),
            payment_date=date(2026, 3, 1),
            settled_date=date(2026, 3, 2),
            cleared_date=None,
            vendor_external_id="100|V1001",
            number=f"C{payment_id}",
            card_last4="",
            card_number_dropped=False,
            return_code="",
            replaces_payment_id="",
            modified=self.time.strftime("%Y-%m-%dT%H:%M:%S"),
            remittances=lines,
        )
        self.payables.add_payment(msgspec.structs.replace(content, **changes))
        return msgspec.structs.replace(content, **changes)

    def void(self, content: PaymentContent) -> None:
        """AvidXchange voids a payment."""
        modified = self.time.strftime("%Y-%m-%dT%H:%M:%S")
        changes = {"status": "Void", "standing": "reversed", "modified": modified}
        self.payables.add_payment(msgspec.structs.replace(content, **changes))

    # Work.

    def poll(self) -> None:
        self.store.polls.poke(self.connection, ["payments"], self.now())
        assert poll_payments(self.tools)
        self.store.drain()

    def run(self, errand: Callable[[Tools], int], tools: Tools | None = None) -> int:
        """Run an errand once; what it claims must move on, by events or by time."""
        self.store.drain()
        before = self.store.log.last_position()
        claimed = errand(tools or self.tools)
        self.store.drain()
        due = self.store.work.due_counts(self.now()).get((self.connection, errand.__name__), 0)
        silent = self.store.log.last_position() == before
        assert not (claimed and silent and due), f"{errand.__name__} would claim the same again at once"
        return claimed

    def run_beside(self, errand: Callable[[Tools], int], tools: Tools, *, fold: bool = True) -> int:
        """Run an errand in the middle of another one, on rows whose claim ran out and that came due somehow."""
        if fold:
            self.store.drain()
        for row in self.store.work._rows.values():
            row.give_back()
            row.due_at = min(row.due_at, self.time)
        claimed = errand(tools)
        self.store.drain()
        return claimed

    def work(self, tools: Tools | None = None) -> None:
        """Do everything that is due now; a process that dies is followed by another one."""
        for _ in range(25):
            claimed = 0
            for errand in ERRANDS:
                try:
                    claimed += self.run(errand, tools)
                except CrashError:
                    claimed += 1
            if not claimed:
                return
        raise AssertionError("the errands never come to rest")

    def work_through(self, duration: timedelta, *, step: timedelta = timedelta(seconds=15)) -> None:
        end = self.time + duration
        self.work()
        while self.time < end:
            self.wait(step)
            self.work()

    def post(self) -> None:
        """Poll payments, then work long enough for everything that goes well."""
        self.poll()
        self.work_through(timedelta(seconds=30))

    def is_quiet(self) -> bool:
        """Whether nothing is left to do, now or later, but what waits for a key."""
        self.store.drain()
        rows = self.store.work.rows().values()
        return self.store.work.is_quiet(self.connection) and all(row.waits_for is not None for row in rows)

    # What the log says.

    def key(self, payment_id: str, *, division: str = "AAA", generation: int = 1, kind: str = "T") -> str:
        return key1(self.rules.identity, payment_id=payment_id, division=division, generation=generation, kind=kind)

    def history(self, kind: str, key: str) -> list[Recorded]:
        stream = self.stream(kind, key)
        return self.store.log.load([stream])[stream]

    def posting(self, key: str) -> posting.Posting:
        return posting.fold(self.history("posting", key))

    def payment(self, payment_id: str) -> payment.Payment:
        return payment.fold(self.history("payment", payment_id))

    def invoice(self, held: FakeInvoice) -> invoice.Invoice:
        return invoice.fold(self.history("invoice", held.head.key.external_id))

    def phase(self, payment_id: str, **options: Any) -> str:
        return self.posting(self.key(payment_id, **options)).phase

    def names(self, key: str) -> list[str]:
        return [type(r.event).__name__ for r in self.history("posting", key)]

    def events(self, *kinds: type[Event]) -> list[Event]:
        return [r.event for r in self.store.log.read(after=0, limit=100_000) if isinstance(r.event, kinds)]

    def wire(self) -> list[str]:
        """The steps that were sent, in order, a call each."""
        return [step for _, step, _ in self.ledger.steps]

    def unsure_before(self) -> datetime | None:
        return connection.fold(self.history("connection", "")).unsure_before

    def go_back(self, to_position: int, *, hold: timedelta) -> None:
        """Restore a backup and notice it."""
        until = self.time + hold
        incarnation = self.store.go_back(to_position=to_position, hold_until=until)
        fact = StoreWentBack(incarnation=incarnation, noticed_at=self.time, hold_until=until, detail="restored")
        self.say(self.stream("connection", ""), fact)
        self.store.drain()

    def check_booked_once(self, *keys: str) -> None:
        """Every posting is booked exactly once, in Infor and in the log, and nothing ever re-opened a batch."""
        for key in keys:
            assert self.posting(key).phase == "confirmed", (key, self.names(key))
            assert self.names(key).count("PostingConfirmed") == 1
            assert self.ledger.bookings[key] == 1
        assert set(self.ledger.bookings) == set(keys)
        assert not any(batch.reopened for batch in self.ledger.batches)
        assert {batch.key1 for batch in self.ledger.batches} == set(keys)

    def held(self, key: str) -> e.PostingHeld:
        """The newest hold of a posting."""
        return [r.event for r in self.history("posting", key) if isinstance(r.event, e.PostingHeld)][-1]


def _remittance(held: FakeInvoice, net: int, discount: int = 0) -> Remittance:
    key = held.head.key
    return Remittance(
        invoice_external_id=key.external_id,
        invoice_number=key.number,
        gross=Money(net + discount),
        discount=Money(discount),
        net=Money(net),
    )
