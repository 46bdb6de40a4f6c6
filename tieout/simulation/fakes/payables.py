"""AvidXchange in memory, for the errands' tests: lag, scripted faults, and a count of what was sent.

Time comes from the test (`now`). What is written becomes visible to look-ups after `lag`; a batch is worked through
within `batch_time` of being taken. It passes the same contract suite as the real adapter (tests/contracts/payables).
"""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import msgspec

from domain.errors import TieoutError, TransientError
from domain.identifiers import digest
from domain.invoices.content import InvoiceContent
from domain.ledger_codes.events import CodeContent
from domain.money import Money
from domain.payments.events import PaymentContent
from domain.ports.answers import Breach, CallAnswer, RecordAnswer, Verdict
from domain.ports.payables import BatchMember, CodeFound, EncodedBatch, InvoiceFound, PaymentPage, VendorFound
from domain.ports.store import BlobStore
from domain.suppliers.events import SupplierContent
from tieout.simulation.fakes.paging import WHOLE, Pages, PageSizes, by_number
from tieout.simulation.fakes.payables_books import BatchTimes, Body, Held, Sent, doubles
from tieout.simulation.fakes.payables_faults import UNBOUND, Fault, answered, id_of, in_time, payment_page, too_long
from tieout.wiring.encodings import CLOSED, Reply, codes_forbidden, mapping

T = TypeVar("T")
GROUPS = {1: "Accounting Codes"}
BODY_LIMIT = 10 * 1024 * 1024


class FakePayables:
    """Implements the payables port; `references` off takes invoices for unknown vendors and codes too.

    draw_lag, draw_batch_time: lag and time of processing, drawn anew for every write and every batch.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        blobs: BlobStore,
        groups: dict[int, str] | None = None,
        lag: timedelta = timedelta(seconds=60),
        batch_time: timedelta = timedelta(seconds=30),
        late: timedelta = timedelta(seconds=59),
        references: bool = True,
        draw_lag: Callable[[], timedelta] | None = None,
        draw_batch_time: Callable[[], timedelta] | None = None,
        page_sizes: PageSizes = WHOLE,
    ) -> None:
        self.now = now
        self.lag = lag
        self.batch_time = batch_time
        self._draw_lag: Callable[[], timedelta | None] = draw_lag or (lambda: None)
        self._created_last = draw_batch_time is not None  # an invoice is created as its batch closes, not half-way
        self._draw_batch_time = draw_batch_time or (lambda: self.batch_time)
        self.late = late
        self.references = references
        self._page_sizes = page_sizes
        self.sends: Counter[str] = Counter()  # POSTs that were written to the wire, by the invoice's ExternalId
        self.received: list[EncodedBatch] = []  # every batch that was written to the wire
        self.invoices: list[Held] = []
        self.excluded: set[str] = set()
        self.codes_writable = True
        self.refusals: dict[str, tuple[str, str]] = {}  # ExternalId -> (code, text) for the records to refuse
        self._groups = GROUPS if groups is None else groups
        self._blobs = blobs
        self._vendors: dict[str, list[tuple[datetime, SupplierContent]]] = defaultdict(list)
        self._codes: dict[tuple[str, str], list[tuple[datetime, CodeContent]]] = defaultdict(list)
        self._batches: dict[str, list[BatchTimes]] = defaultdict(list)
        self._payments: dict[str, list[tuple[datetime, PaymentContent]]] = defaultdict(list)
        self._faults: dict[str, deque[Fault | TieoutError]] = defaultdict(deque)
        self._calls = 0
        self._lock = threading.RLock()

    def script(self, method: str, *faults: Fault | TieoutError) -> None:
        """Let the next calls of a method meet these faults, one each; an error is raised before anything is done."""
        self._faults[method].extend(faults)

    def live(self, external_id: str) -> int:
        """Count the invoices of an ExternalId that are neither rejected nor void, visible or not."""
        return sum(
            one.sent.external_id == external_id and one.history[-1][1] not in ("Rejected", "Void")
            for one in self.invoices
        )

    def set_status(self, external_id: str, status: str, reason: str = "") -> None:
        """Change the status of every invoice of an ExternalId, as a person or a payment does."""
        for one in self.invoices:
            if one.sent.external_id == external_id:
                self.note_status(one, status, reason)

    def add_payment(self, payment: PaymentContent) -> None:
        """Report a payment, or report it again changed."""
        self._payments[payment.payment_id].append((self.now(), payment))

    def payment(self, payment_id: str) -> PaymentContent:
        """Give a payment as it is now."""
        return self._payments[payment_id][-1][1]

    def payment_history(self, payment_id: str) -> Sequence[tuple[datetime, PaymentContent]]:
        """Give every report of a payment with its time."""
        return self._payments.get(payment_id, ())

    def payment_ids(self) -> list[str]:
        """Name every payment."""
        return list(self._payments)

    def receive(self, encoded: EncodedBatch, *, at: datetime) -> dict[str, RecordAnswer]:
        """Take a batch into the books, as if it had arrived at `at`."""
        body = msgspec.json.decode(encoded.body, type=Body)
        times = BatchTimes(at, at + self._draw_batch_time(), (self._draw_lag(), self._draw_lag()))
        self._batches[body.external_id].append(times)
        return {invoice.external_id: self._take(invoice, times) for invoice in body.invoices}

    def batch_times(self, batch: str) -> Sequence[BatchTimes]:
        """Give when the batches of an ExternalId were taken, shown and closed."""
        return self._batches.get(batch, ())

    # The port.

    def check(self) -> tuple[str, ...]:
        """Ping."""
        self._begin("check")
        return ("Infor M3",)

    def vendor_digest(self, content: SupplierContent) -> str:
        """Digest of the record that would be sent."""
        return digest(msgspec.json.encode(mapping.vendor_record(content)))

    def vendor_breaches(self, content: SupplierContent) -> tuple[Breach, ...]:
        """Check the limits."""
        return mapping.vendor_breaches(content)

    def put_vendors(self, contents: Sequence[SupplierContent], *, deadline: datetime) -> dict[str, RecordAnswer]:
        """Upsert vendors."""
        fault = self._begin("put_vendors", deadline=deadline)
        answers = {}
        for content in contents if fault is not Fault.REQUEST_LOST else ():
            external_id = mapping.vendor_external_id(content)
            refused = self._refused(external_id) or too_long(self.vendor_breaches(content))
            answers[external_id] = refused or self._put_vendor(external_id, content)
        return answered(answers, fault)

    def find_vendors(self, external_ids: Sequence[str]) -> dict[str, VendorFound]:
        """Look vendors up."""
        self._begin("find_vendors", pages=-(-len(external_ids) // 100))
        seen = {one: content for one in external_ids if (content := self._visible(self._vendors[one])) is not None}
        return {
            external_id: VendorFound(
                external_id=external_id,
                vendor_id=id_of("9", external_id),
                enrolment=self._enrolment(external_id, content),
                record_digest=self.vendor_digest(content),
                active=content.active,
            )
            for external_id, content in seen.items()
        }

    def code_breaches(self, content: CodeContent) -> tuple[Breach, ...]:
        """Check the limits."""
        return mapping.code_breaches(content)

    def put_codes(self, contents: Sequence[CodeContent], *, deadline: datetime) -> dict[tuple[str, str], RecordAnswer]:
        """Upsert codes."""
        fault = self._begin("put_codes", deadline=deadline)
        if not self.codes_writable:
            raise codes_forbidden(Reply(status=403, headers={}, body=b""))
        answers = {}
        for content in contents if fault is not Fault.REQUEST_LOST else ():
            key = (content.group, content.value)
            refused = self._refused("|".join(key)) or too_long(self.code_breaches(content))
            if refused is None:
                self._codes[key].append((self.now(), content))
            answers[key] = refused or RecordAnswer(verdict=Verdict.CONFIRMED)
        return answered(answers, fault)

    def list_codes(self, group: str) -> dict[str, CodeFound]:
        """List a group."""
        self._begin("list_codes")
        seen = ((key, self._visible(history)) for key, history in self._codes.items() if key[0] == group)
        return {
            key[1]: CodeFound(group=group, value=key[1], description=content.description, active=content.active)
            for key, content in seen
            if content is not None
        }

    def invoice_breaches(self, content: InvoiceContent) -> tuple[Breach, ...]:
        """Check the limits."""
        return mapping.invoice_breaches(content, self._groups)

    def encode_batch(self, batch: str, members: Sequence[BatchMember]) -> EncodedBatch:
        """Write the body."""
        return mapping.encode_batch(batch, members, self._groups, self._blobs)

    def encoded_size(self, member: BatchMember) -> int:
        """Bytes of a member."""
        return mapping.encoded_size(member, self._groups)

    @property
    def body_limit(self) -> int:
        """Largest sum of the members' bytes."""
        return BODY_LIMIT - 512

    def prepare(self) -> None:
        """Have the token ready."""
        self._begin("prepare", pages=0)

    def send_batch(self, encoded: EncodedBatch, *, deadline: datetime) -> CallAnswer:
        """Take a batch, under the next scripted fault."""
        with self._lock:
            fault = self._faults["send_batch"].popleft() if self._faults["send_batch"] else None
            if isinstance(fault, TieoutError):
                raise fault
            if fault is Fault.ZERO_BYTES or self.now() >= deadline:
                return CallAnswer(verdict=Verdict.NOT_SENT, code="NO_CONNECTION", text="could not connect")
            self._calls += 1
            self.received.append(encoded)
            self.sends.update(encoded.record_digests.keys())
            if fault is Fault.TOO_MANY:
                return CallAnswer(verdict=Verdict.NOT_SENT, code="HTTP_429", text="too many", retry_after=1.0)
            if fault is Fault.FORBIDDEN:
                return CallAnswer(verdict=Verdict.NOT_SENT, code="HTTP_403", text="answered 403", to_mend=True)
            if fault is Fault.WHOLE_REFUSED:
                return CallAnswer(verdict=Verdict.REFUSED, code="HTTP_400", text="the body is not understood")
            if fault is Fault.REQUEST_LOST:
                return CallAnswer(verdict=Verdict.DOUBT, code="NO_ANSWER", text="no answer in time")
            records = self.receive(encoded, at=self.now() + (self.late if fault is Fault.TAKEN_LATE else timedelta(0)))
            if fault in (Fault.ANSWER_LOST, Fault.TAKEN_LATE):
                return CallAnswer(verdict=Verdict.DOUBT, code="NO_ANSWER", text="no answer in time")
            if fault is Fault.LAST_RESULT_MISSING:
                records[list(records)[-1]] = RecordAnswer(verdict=Verdict.DOUBT, code="NO_RESULT")
            return CallAnswer(verdict=Verdict.CONFIRMED, records=records)

    def find_batches(self, batches: Sequence[str]) -> dict[str, str]:
        """Look batches up."""
        self._begin("find_batches")
        shown = {batch: [one for one in self._batches.get(batch, ()) if self._is_shown(one)] for batch in batches}
        return {
            batch: CLOSED if all(self._passed(one.closed, one.lags[1]) for one in times) else "Processing"
            for batch, times in shown.items()
            if times
        }

    def find_invoices(self, external_ids: Sequence[str]) -> dict[str, list[InvoiceFound]]:
        """Look invoices up."""
        self._begin("find_invoices", pages=-(-len(external_ids) // 50))
        seen = [one for held in self.invoices if (one := self._seen(held)) is not None]
        return {asked: [one for one in seen if one.external_id == asked] for asked in external_ids}

    def changed_invoices(self, since: date, until: date) -> Pages[tuple[InvoiceFound, ...]]:
        """Give the invoices changed on these days, the oldest change first."""

        def ask() -> list[InvoiceFound]:
            self._begin("changed_invoices")
            shown = [(self._changed_at(held), one) for held in self.invoices if (one := self._seen(held)) is not None]
            chosen = [each for each in shown if since <= each[0].date() <= until]
            return [one for _, one in sorted(chosen, key=lambda each: each[0])]

        pages = by_number(ask, identify=lambda one: one.avid_invoice_id, size=self._page_sizes.changed_invoices)
        return Pages((page.records, over) for page, over in pages)

    def payments(self, since: date, until: date) -> Pages[PaymentPage]:
        """Give the payments changed on these days, the oldest change first."""

        def ask() -> list[PaymentContent]:
            self._begin("payments")
            newest = (history[-1][1] for history in self._payments.values())
            chosen = [one for one in newest if since <= date.fromisoformat(one.modified[:10]) <= until]
            return sorted(chosen, key=lambda one: one.modified)

        pages = by_number(ask, identify=lambda one: one.payment_id, size=self._page_sizes.payments)
        return Pages((payment_page(page), over) for page, over in pages)

    def payments_by_id(self, payment_ids: Sequence[str]) -> dict[str, PaymentContent]:
        """Look payments up."""
        self._begin("payments_by_id")
        return {one: self._payments[one][-1][1] for one in payment_ids if one in self._payments}

    def now_hint(self) -> datetime | None:
        """Give the remote's clock."""
        return self.now() if self._calls else None

    @property
    def calls(self) -> int:
        """Requests so far."""
        return self._calls

    # What it does with what it is given.

    def note_status(self, held: Held, status: str, reason: str = "") -> None:
        """Change the status of one record."""
        at = self.now()
        held.history.append((at, status, reason))
        held.shown.append((max(at, held.shown[-1][0]), self._draw_lag()))

    def _passed(self, moment: datetime, lag: timedelta | None) -> bool:
        return moment + (self.lag if lag is None else lag) <= self.now()

    def _is_shown(self, times: BatchTimes) -> bool:
        return self._passed(times.taken, times.lags[0])

    def _begin(self, method: str, *, pages: int = 1, deadline: datetime = UNBOUND) -> Fault | None:
        with self._lock:
            in_time(seconds_left=(deadline - self.now()).total_seconds())
            fault = self._faults[method].popleft() if self._faults[method] else None
            self._calls += pages
        if isinstance(fault, TieoutError):
            raise fault
        if fault is Fault.TOO_MANY:
            raise TransientError("answered 429", retry_after=1.0, before_processing=True, status=429)
        return fault

    def _refused(self, key: str) -> RecordAnswer | None:
        if key not in self.refusals:
            return None
        code, text = self.refusals[key]
        return RecordAnswer(verdict=Verdict.REFUSED, code=code, text=text)

    def _put_vendor(self, external_id: str, content: SupplierContent) -> RecordAnswer:
        self._vendors[external_id].append((self.now(), content))
        status = self._enrolment(external_id, content)
        return RecordAnswer(verdict=Verdict.CONFIRMED, item_id=id_of("9", external_id), status=status)

    def _enrolment(self, external_id: str, content: SupplierContent) -> str:
        if external_id in self.excluded:
            return "Excluded"
        return "Enrolled" if mapping.vendor_record(content)["Address"] else "Pending"

    def _take(self, invoice: Sent, times: BatchTimes) -> RecordAnswer:
        refused = self._refused(invoice.external_id) or self._judged(invoice)
        if refused is not None:
            return refused
        invoice_id = str(500_000 + len(self.invoices))
        created = times.closed if self._created_last else times.taken + (times.closed - times.taken) / 2
        lag, batch_lag = self._draw_lag(), times.lags[0]
        if lag is not None and batch_lag is not None:  # a batch is shown before its invoices
            lag = max(lag, times.taken + batch_lag - created)
        self.invoices.append(Held(invoice_id, invoice, [(times.taken, "Received", "")], [(created, lag)]))
        return RecordAnswer(verdict=Verdict.CONFIRMED, item_id=invoice_id, status="Received")

    def _judged(self, invoice: Sent) -> RecordAnswer | None:
        code = ""
        if sum((line.amount for line in invoice.lines), Decimal(0)) != invoice.gross_amount:
            code = "LINES_DO_NOT_SUM"
        elif invoice.currency != "USD":
            code = "CURRENCY"
        elif doubles(self.invoices, invoice):
            code = "DUPLICATE_INVOICE"
        elif self.references:
            code = self._unknown_reference(invoice)
        return RecordAnswer(verdict=Verdict.REFUSED, code=code, text=code.lower()) if code else None

    def _unknown_reference(self, invoice: Sent) -> str:
        vendor = self._vendors.get(invoice.vendor_external_id)
        if not vendor:
            return "VENDOR_NOT_FOUND"
        if not vendor[-1][1].active:
            return "VENDOR_INACTIVE"
        named = {(code["GroupName"], code["CodeValue"]) for line in invoice.lines for code in line.codes}
        known = {key for key, history in self._codes.items() if history[-1][1].active}
        return "CODE_NOT_FOUND" if named - known else ""

    def _visible(self, history: Sequence[tuple[datetime, T]]) -> T | None:
        seen = [content for at, content in history if at <= self.now() - self.lag]
        return seen[-1] if seen else None

    def _seen(self, held: Held) -> InvoiceFound | None:
        """Show an invoice as searches do: it appears while its batch is worked through, changes after the lag."""
        seen = self._visible_history(held)
        if not seen:
            return None
        _, status, reason = seen[-1]
        return InvoiceFound(
            avid_invoice_id=held.invoice_id,
            external_id=held.sent.external_id,
            invoice_number=held.sent.invoice_number,
            vendor_external_id=held.sent.vendor_external_id,
            gross=Money.parse(str(held.sent.gross_amount)),
            status=status,
            status_reason=reason,
        )

    def _changed_at(self, held: Held) -> datetime:
        return self._visible_history(held)[-1][0]

    def _visible_history(self, held: Held) -> list[tuple[datetime, str, str]]:
        written = ((one, (one[0], None)) for one in held.history[len(held.shown) :])
        timed = [*zip(held.history, held.shown, strict=False), *written]
        return [one for one, (since, lag) in timed if self._passed(since, lag)]
