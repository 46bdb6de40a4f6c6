"""Infor in memory: plays the ledger port for tests, posts when the test says so, and fails as the test scripts it."""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from domain.errors import MisconfiguredError, TieoutError
from domain.identifiers import InvoiceKey, LedgerRow
from domain.invoices.content import LedgerState
from domain.ledger_codes.events import CodeFact
from domain.money import Money
from domain.ports.answers import CallAnswer, RecordAnswer, Verdict
from domain.ports.ledger import ImageFound, InvoiceHead, LedgerCheck, PoLine, Problem, StepCommand, VoucherLine
from domain.postings.events import EvidenceRow, PostingPlan
from domain.postings.evidence import PaymentRows
from domain.suppliers.events import SupplierContent
from tieout.simulation.fakes.ledger_faults import Fault
from tieout.simulation.fakes.paging import WHOLE, Pages, PageSizes, by_key
from tieout.simulation.fakes.postings import (
    ALWAYS,
    CONTROL_ACCOUNT,
    Batch,
    Booking,
    FakeInvoice,
    NokError,
    Paid,
    Place,
    check_batch,
    read_back,
    read_payment,
    voucher_line,
)
from tieout.wiring.encodings import InforSettings, encode_parms


class FakeLedger:
    """The ledger port over dictionaries. Thread-safe.

    lag: how long FGLINH lags behind writes; posting_delay: from handover to the voucher, None = only by `post_due`.
    draw_lag, draw_delay: the same, drawn anew for every write and every handover; payment rows lag then as well.
    stick_next, refuse_next, correct_next: so many of the next vouchers stick inside M3, come back to GLS840, or are
    booked by a person under another text. reopens: a CtrlBatch after the handover re-opens the batch under its job.
    row_cap: so many payment rows of an invoice are read back at most, 0 = all.
    """

    def __init__(
        self,
        *,
        company: int = 100,
        divisions: tuple[str, ...] = ("AAA",),
        now: Callable[[], datetime] = lambda: datetime.now(tz=UTC),
        lag: timedelta = timedelta(),
        posting_delay: timedelta | None = None,
        void_interface: str = "",
        draw_lag: Callable[[], timedelta] | None = None,
        draw_delay: Callable[[], timedelta] | None = None,
        page_sizes: PageSizes = WHOLE,
    ) -> None:
        self._page_sizes = page_sizes
        self.settings = InforSettings(company=company, divisions=divisions)
        self.session_company = company
        self.invoices: dict[InvoiceKey, FakeInvoice] = {}
        self.batches: list[Batch] = []
        self.sends: Counter[tuple[str, str]] = Counter()  # (KEY1, step) -> how often it was sent
        self.bookings: Counter[str] = Counter()  # KEY1 -> how often it was booked
        self.booked: list[Booking] = []  # every voucher line, in the order of booking
        self.stick_next = self.refuse_next = self.correct_next = self.row_cap = 0
        self.reopens = False
        self.closed_until: date | None = None
        self.void_interface = void_interface
        self._suppliers: dict[str, tuple[SupplierContent, int]] = {}
        self._codes: dict[int, dict[str, tuple[CodeFact, ...]]] = defaultdict(dict)
        self._now = now
        self._draw_lag = draw_lag or (lambda: lag)
        self._rows_lag = draw_lag
        self._draw_delay = draw_delay or (None if posting_delay is None else lambda: posting_delay)
        self._step_faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._read_faults: deque[TieoutError] = deque()
        self._late: list[Sequence[StepCommand]] = []
        self._journal = 1000
        self._calls = 0
        self._lock = threading.RLock()

    def put_supplier(self, content: SupplierContent) -> bool:
        """Enter or change a supplier; it counts as changed now. Give whether it is another one than before."""
        before = self._suppliers.get(content.number, (None, 0))[0]
        self._suppliers[content.number] = (content, self._milliseconds())
        return before != content

    def supplier_contents(self) -> list[SupplierContent]:
        """Give every supplier as it is now."""
        return [content for content, _ in self._suppliers.values()]

    def put_code(self, dimension: int, value: str, *facts: CodeFact) -> bool:
        """Enter or change a code with its facts; give whether they are others than before."""
        before, self._codes[dimension][value] = self._codes[dimension].get(value), facts
        return before != facts

    def put_invoice(
        self,
        number: str,
        minor: int,
        *,
        division: str = "AAA",
        payee: str = "V1001",
        day: date = date(2026, 3, 2),
        discount: int = 0,
        lines: Sequence[VoucherLine] | None = None,
        po: Sequence[PoLine] = (),
        image: bytes | None = None,
        currency: str = "USD",
    ) -> FakeInvoice:
        """Enter an approved invoice of `minor` cents, with a voucher of one cost line unless `lines` says more."""
        self._journal += 1
        key = InvoiceKey(self.settings.company, division, payee, payee, number, day.year)
        row = LedgerRow(key.company, division, day.year, self._journal, 1)
        gross = Money(minor, currency)
        head = InvoiceHead(
            key=key,
            row=row,
            voucher=50_000 + self._journal,
            series="INV",
            invoice_date=day,
            due_date=day + timedelta(days=30),
            accounting_date=day,
            gross=gross,
            approved=True,
            payment_status=0,
            changed=self._now().date(),
        )
        cost = tuple(lines) if lines is not None else (voucher_line(2, "10", "610100", gross),)
        voucher = (voucher_line(1, "40", CONTROL_ACCOUNT, -gross), *cost)
        held = FakeInvoice(head=head, discount=Money(discount, currency), voucher=voucher, po=tuple(po), image=image)
        self.invoices[key] = held
        return held

    def script(self, step: str, *faults: Fault) -> None:
        """Let the next calls that hold `step` meet these faults, in order."""
        self._step_faults[step].extend(faults)

    def fail_reads(self, *errors: TieoutError) -> None:
        """Let the next reads raise these errors, in order."""
        self._read_faults.extend(errors)

    def deliver_late(self) -> None:
        """Let what was sent and given up by its sender arrive after all."""
        with self._lock:
            late, self._late = self._late, []
            for commands in late:
                for command in commands:
                    self._judge(command)

    def carry_out(self, commands: Sequence[StepCommand]) -> dict[str, RecordAnswer]:
        """Judge the steps as M3 does when they arrive."""
        with self._lock:
            self.pass_time()
            self.sends.update((command.key1, command.step) for command in commands)
            return {command.key: self._judge(command) for command in commands}

    def pass_time(self) -> None:
        """Post what is due by now."""
        if self._draw_delay is None:
            return
        for batch in self.batches:
            if batch.state == "handed over" and not batch.jobs and batch.handed_over_at is not None:
                batch.jobs.append(batch.handed_over_at + self._draw_delay())
            for due in [job for job in batch.jobs if job <= self._now()]:
                batch.jobs.remove(due)
                self._book(batch)

    def post_due(self) -> None:
        """Post every batch that was handed over; a sticking one waits inside M3 for ever."""
        with self._lock:
            for batch in [each for each in self.batches if each.state == "handed over"]:
                batch.jobs.clear()
                self._book(batch)

    def check(self) -> LedgerCheck:
        """Ping."""
        self._read()
        if self.session_company != self.settings.company:
            raise MisconfiguredError(f"Infor's service account works in company {self.session_company}")
        return LedgerCheck(
            company=self.session_company,
            company_name="Fake company",
            user="FAKE",
            divisions=self.settings.divisions,
            token_seconds=3600,
            missing_transactions=(),
        )

    def server_time(self) -> int:
        """Give the clock in epoch milliseconds."""
        self._read()
        return self._milliseconds()

    def changed_suppliers(self, since: int) -> Pages[tuple[str, ...]]:
        """Give pages of supplier numbers."""

        def ask(last: str | None) -> list[str]:
            self._read()
            changed = (number for number, (_, at) in self._suppliers.items() if at >= since)
            return sorted(number for number in changed if last is None or number > last)

        return Pages(by_key(ask, key=str, size=self._page_sizes.changed_suppliers))

    def supplier_details(self, numbers: Sequence[str]) -> dict[str, SupplierContent | Problem]:
        """Read suppliers."""
        self._read()
        unknown = (None, 0)
        found = {number: self._suppliers.get(number, unknown)[0] for number in numbers}
        return {
            number: content or Problem(record=number, code="WSU0103", text="unknown")
            for number, content in found.items()
        }

    def codes(self, dimension: int) -> dict[str, tuple[CodeFact, ...]]:
        """Give every value of a dimension."""
        self._read()
        return dict(sorted(self._codes[dimension].items()))

    def invoice_heads(self, division: str, *, changed_since: date) -> Pages[tuple[InvoiceHead | Problem, ...]]:
        """Give pages of approved invoices, in the order of their ledger rows."""

        def ask(last: Place | None) -> list[FakeInvoice]:
            self._read()
            listed = (held for held in self.invoices.values() if held.is_listed(division, changed_since))
            return sorted((held for held in listed if last is None or held.place > last), key=lambda held: held.place)

        pages = by_key(ask, key=lambda held: held.place, size=self._page_sizes.invoice_heads)
        return Pages((tuple(held.now_head() for held in page), over) for page, over in pages)

    def ledger_states(self, keys: Sequence[InvoiceKey]) -> dict[InvoiceKey, LedgerState | Problem | None]:
        """Read totals."""
        self._read()
        return {key: self.invoices[key].state() if key in self.invoices else None for key in keys}

    def voucher_lines(self, heads: Sequence[InvoiceHead]) -> dict[InvoiceKey, tuple[VoucherLine, ...] | Problem]:
        """Read vouchers."""
        self._read()
        return {head.key: held.voucher if (held := self._held(head.row)) else () for head in heads}

    def po_lines(self, heads: Sequence[InvoiceHead]) -> dict[InvoiceKey, tuple[PoLine, ...] | Problem]:
        """Read purchase order lines."""
        self._read()
        return {head.key: held.po if (held := self._held(head.row)) else () for head in heads}

    def find_image(self, key: InvoiceKey) -> ImageFound | None:
        """Search the image."""
        self._read()
        held = self.invoices.get(key)
        if held is None or held.image is None:
            return None
        name = f"{key.number}.pdf"
        return ImageFound(pid=key.external_id, file_name=name, content_type="application/pdf", size=len(held.image))

    def stream_image(self, image: ImageFound) -> Iterator[bytes]:
        """Stream the bytes in two pieces."""
        self._read()
        key = InvoiceKey.parse(image.pid)
        there = self.invoices.get(key) if key is not None else None
        held = (there.image if there is not None else None) or b""
        yield held[: len(held) // 2]
        yield held[len(held) // 2 :]

    def encode_parms(self, plan: PostingPlan) -> tuple[str, ...]:
        """Write PARM in the default layout."""
        return encode_parms(plan, self.settings)

    def prepare(self) -> None:
        """Get ready; a scripted read fault hits here too."""
        if self._read_faults:
            raise self._read_faults.popleft()

    def take_steps(self, commands: Sequence[StepCommand], *, deadline: datetime) -> CallAnswer:
        """Judge the steps as M3 would, through the scripted faults."""
        with self._lock:
            if self._now() >= deadline:
                return CallAnswer(verdict=Verdict.NOT_SENT, code="deadline", text="the deadline has passed")
            self._calls += 1
            self.pass_time()
            fault = next((self._step_faults[c.step].popleft() for c in commands if self._step_faults[c.step]), None)
            if fault is None or fault.verdict is not Verdict.NOT_SENT:
                self.sends.update((command.key1, command.step) for command in commands)
            if fault is None:
                records = {command.key: self._judge(command) for command in commands}
                return CallAnswer(verdict=Verdict.CONFIRMED, records=records)
            if fault.done:
                for command in commands:
                    self._judge(command)
            if fault.late:
                self._late.append(commands)
            return fault.answer

    def open_batches(self, keys: Sequence[tuple[str, str]]) -> frozenset[str]:
        """Give what FGLINH shows, `lag` behind the writes."""
        self._read()
        now = self._now()
        shown = {(batch.division, batch.key1) for batch in self.batches if batch.at(now)}
        return frozenset(key1 for _, key1 in shown.intersection(keys))

    def payment_rows(self, keys: Sequence[InvoiceKey], *, since: date) -> PaymentRows:
        """Read back payment rows dated on or after `since`."""
        self._read()
        held = {key: self.invoices.get(key) for key in keys}
        return read_back(held, since=since, now=self._now(), cap=self.row_cap)

    @property
    def calls(self) -> int:
        """Calls so far."""
        return self._calls

    def _held(self, row: LedgerRow) -> FakeInvoice | None:
        """Vouchers are found by their ledger row, whatever the invoice is called by now."""
        return next((held for held in self.invoices.values() if held.head.row == row), None)

    def _read(self) -> None:
        with self._lock:
            self._calls += 1
            self.pass_time()
            if self._read_faults:
                raise self._read_faults.popleft()

    def _judge(self, command: StepCommand) -> RecordAnswer:
        try:
            self._take(command)
        except NokError as no:
            if no.code == "XRE0104" and command.step in ("AddBatchHead", "AddBatchLine"):
                return RecordAnswer(verdict=Verdict.CONFIRMED, status="found", code=no.code)
            verdict = Verdict.DOUBT if command.step == "UpdBatch" else Verdict.REFUSED
            return RecordAnswer(verdict=verdict, code=no.code, text=no.code)
        return RecordAnswer(verdict=Verdict.CONFIRMED, status="added")

    def _take(self, command: StepCommand) -> None:
        batch = next((each for each in self.batches if each.live and each.key1 == command.key1), None)
        if command.step == "AddBatchHead":
            if batch is not None:
                raise NokError("XRE0104")
            lags = (self._draw_lag(), self._draw_lag())
            self.batches.append(Batch(command.key1, command.division, command.interface, self._now(), lags))
            return
        if batch is None:
            raise NokError("XRE0103")
        if command.step == "AddBatchLine":
            batch.add(command.line, command.parm)
        elif batch.state == "handed over":
            batch.reopened = batch.reopened or command.step == "CtrlBatch"
            if self.reopens and command.step == "CtrlBatch":
                batch.state = "open"
        else:
            check_batch(batch, self.invoices, closed_until=self.closed_until, void_interface=self.void_interface)
            if command.step == "UpdBatch":
                batch.state, batch.handed_over_at = "handed over", self._now()
                batch.jobs.extend([self._now() + self._draw_delay()] if self._draw_delay else [])
                batch.sticks, self.stick_next = self.stick_next > 0, max(0, self.stick_next - 1)

    def _book(self, batch: Batch) -> None:
        if self.refuse_next and not batch.sticks:
            self.refuse_next -= 1
            batch.state, batch.handed_over_at = "open", None  # back in GLS840 with an error
            return
        batch.gone_at = batch.gone_at or self._now()
        if batch.sticks:
            batch.state = "stuck"
            return
        self.post(batch)

    def post(self, batch: Batch) -> None:
        """Make the voucher of a batch, stuck ones too: its payment rows, with our text unless a person corrects it."""
        batch.state, batch.gone_at = "posted", batch.gone_at or self._now()
        self.bookings[batch.key1] += 1
        self._journal += 1
        corrected, self.correct_next = self.correct_next > 0, max(0, self.correct_next - 1)
        for sequence, (_, parm) in enumerate(sorted(batch.lines.items()), start=1):
            payment = read_payment(parm, self.settings.company)
            held = self.invoices[payment.invoice]
            taken_back = batch.interface == self.void_interface != ""
            discount = Money(0, payment.net.currency) if taken_back else held.write_off(payment.net)
            row = EvidenceRow(
                invoice=payment.invoice,
                ledger_row=f"{held.head.key.company}|{batch.division}|{payment.accounting_date.year}|"
                f"{self._journal}|{sequence}",
                voucher=f"PAY-{60_000 + self._journal}",
                amount=abs(payment.net),
                accounting_date=payment.accounting_date,
                text="CORRECTED BY HAND" if corrected else payment.text,
            )
            shown = self._now() + self._rows_lag() if self._rows_lag else ALWAYS
            held.payments.append(Paid(row=row, net=payment.net, discount=discount, at=self._now(), shown_from=shown))
            paid = payment.text.split(" ", 1)[0]
            self.booked.append(
                Booking(key1=batch.key1, payment_id=paid, taken_back=taken_back, row=row, net=payment.net)
            )

    def _milliseconds(self) -> int:
        return int(self._now().timestamp() * 1000)
