"""The inside of the fake ledger: invoices with their balances, GLS840 batches, and the checks M3 makes of them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import msgspec

from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.money import Money, total
from domain.ports.ledger import InvoiceHead, PoLine, VoucherLine
from domain.postings.events import EvidenceRow
from domain.postings.evidence import PaymentRows
from tieout.wiring.encodings import DEFAULT_PARM_LAYOUT

CONTROL_ACCOUNT = "200100"
Place = tuple[int, int, int]  # year, journal, sequence: the primary key of the ledger
ALWAYS = datetime.min.replace(tzinfo=UTC)


class NokError(Exception):
    """M3 says no, with a code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """A payment row and what it moved; `net` carries its sign; at: when; shown_from: when reads begin to show it."""

    row: EvidenceRow
    net: Money
    discount: Money
    at: datetime = ALWAYS
    shown_from: datetime = ALWAYS


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a voucher made from a GLS840 batch, or by a person in its stead. taken_back: it is a reversal."""

    key1: str
    payment_id: str
    taken_back: bool
    row: EvidenceRow
    net: Money


class FakeInvoice(msgspec.Struct, kw_only=True):
    """An invoice as M3 holds it; tests may change everything. former: the keys its row had before."""

    head: InvoiceHead
    discount: Money
    voucher: tuple[VoucherLine, ...]
    po: tuple[PoLine, ...] = ()
    image: bytes | None = None
    approved: bool = True
    stopped: bool = False
    proposed: bool = False
    payment_method: str = "CHK"
    payments: list[Paid] = []
    former: tuple[InvoiceKey, ...] = ()

    @property
    def paid(self) -> Money:
        """What was applied so far, discounts included."""
        return total((paid.net + paid.discount for paid in self.payments), self.head.gross.currency)

    @property
    def outstanding(self) -> Money:
        """What is open."""
        return self.head.gross - self.paid

    def paid_by(self, moment: datetime) -> Money:
        """What was applied just before a moment."""
        before = (paid.net + paid.discount for paid in self.payments if paid.at < moment)
        return total(before, self.head.gross.currency)

    def was_settled_by(self, moment: datetime) -> bool:
        """Whether nothing was open at some time until then."""
        moved = [paid.net + paid.discount for paid in self.payments if paid.at <= moment]
        sums = (total(moved[: place + 1], self.head.gross.currency) for place in range(len(moved)))
        return any(paid == self.head.gross for paid in sums)

    @property
    def payment_status(self) -> int:
        """PYST: 4 when paid, 1 in a proposal."""
        if self.outstanding.is_zero:
            return 4
        return 1 if self.proposed else 0

    @property
    def place(self) -> Place:
        """Where lists of the ledger have it."""
        return self.head.row.year, self.head.row.journal, self.head.row.sequence

    def shown_payments(self, *, since: date, now: datetime) -> tuple[EvidenceRow, ...]:
        """Give its payment rows dated on or after `since`, as far as M3 shows them by now."""
        return tuple(
            paid.row
            for paid in self.payments
            if (paid.row.accounting_date or date.max) >= since and paid.shown_from <= now
        )

    def is_listed(self, division: str, changed_since: date) -> bool:
        """Whether a list of a division's approved invoices, changed on or after a day, has it."""
        return self.head.key.division == division and self.approved and (self.head.changed or date.max) >= changed_since

    def revalue(self, gross: Money) -> None:
        """Change its amount, and that of its voucher's lines with it."""
        self.head = msgspec.structs.replace(self.head, gross=gross)
        self.voucher = tuple(
            msgspec.structs.replace(line, amount=-gross if line.transaction_code == "40" else gross)
            for line in self.voucher
        )

    def now_head(self) -> InvoiceHead:
        """The head with its present status."""
        return msgspec.structs.replace(self.head, payment_status=self.payment_status)

    def state(self) -> LedgerState:
        """The totals."""
        return LedgerState(
            gross=self.head.gross,
            paid=self.paid,
            outstanding=self.outstanding,
            discount=self.discount,
            approved=self.approved,
            stopped=self.stopped,
            payment_status=self.payment_status,
            reconciled=self.outstanding.is_zero,
            payment_method=self.payment_method,
        )

    def write_off(self, net: Money) -> Money:
        """The discount M3 writes off: what the net leaves open, when the terms cover it."""
        left = self.outstanding - net
        covered = abs(left) <= abs(self.discount) and (left.minor > 0) == (self.head.gross.minor > 0)
        return left if covered else Money(0, net.currency)


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One line of PARM, read."""

    invoice: InvoiceKey
    net: Money
    accounting_date: date
    text: str


class Batch:
    """A GLS840 batch; state: open, handed over, posted, stuck or deleted.

    lags: how long FGLINH shows it too late, and too long; jobs: when its postings are due, one per handover.
    """

    def __init__(
        self,
        key1: str,
        division: str,
        interface: str,
        written_at: datetime,
        lags: tuple[timedelta, timedelta] = (timedelta(), timedelta()),
    ) -> None:
        self.key1 = key1
        self.division = division
        self.interface = interface
        self.written_at = written_at
        self.lags = lags
        self.jobs: list[datetime] = []
        self.lines: dict[int, str] = {}
        self.state = "open"
        self.handed_over_at: datetime | None = None
        self.gone_at: datetime | None = None
        self.sticks = False
        self.reopened = False  # CtrlBatch came after the handover: it must never

    @property
    def live(self) -> bool:
        """Whether KEY1 is taken."""
        return self.gone_at is None

    def at(self, now: datetime) -> bool:
        """Whether FGLINH shows it at a time."""
        late, long = self.lags
        return self.written_at + late <= now and (self.gone_at is None or self.gone_at + long > now)

    def add(self, line: int, parm: str) -> None:
        """Write a line once."""
        if self.state != "open":
            raise NokError("GL84003")
        if line in self.lines:
            raise NokError("XRE0104")
        self.lines[line] = parm


def read_payment(parm: str, company: int) -> Payment:
    """Read a line of the default layout."""
    fields, place = {}, 0
    for field in DEFAULT_PARM_LAYOUT:
        fields[field.name] = parm[place : place + field.width].strip()
        place += field.width
    key = InvoiceKey(company, fields["DIVI"], fields["SPYN"], fields["SUNO"], fields["SINO"], int(fields["INYR"]))
    moment = datetime.strptime(fields["ACDT"], "%Y%m%d").replace(tzinfo=UTC)
    net = Money.parse(fields["CUAM"], fields["CUCD"])
    return Payment(invoice=key, net=net, accounting_date=moment.date(), text=fields["VTXT"])


def check_batch(
    batch: Batch,
    invoices: Mapping[InvoiceKey, FakeInvoice],
    *,
    closed_until: date | None,
    void_interface: str,
) -> None:
    """Check every line as CtrlBatch and UpdBatch do; raises NokError."""
    if not batch.lines:
        raise NokError("GL84004")
    for parm in batch.lines.values():
        payment = read_payment(parm, next(iter(invoices)).company if invoices else 0)
        held = invoices.get(payment.invoice)
        if held is None:
            raise NokError("GL84012")
        if closed_until is not None and payment.accounting_date <= closed_until:
            raise NokError("GL84010")
        if batch.interface == void_interface != "":
            if all(paid.net != -payment.net for paid in held.payments):
                raise NokError("GL84011")
            continue
        _check_line(payment, held)


def _check_line(payment: Payment, held: FakeInvoice) -> None:
    if held.stopped:
        raise NokError("GL84005")
    if held.proposed:
        raise NokError("GL84006")
    if payment.net.currency != held.head.gross.currency:
        raise NokError("GL84007")
    if (payment.net.minor > 0) != (held.head.gross.minor > 0):
        raise NokError("GL84009")
    if abs(payment.net) > abs(held.outstanding):
        raise NokError("GL84008")


def voucher_line(sequence: int, code: str, account: str, amount: Money) -> VoucherLine:
    """Write a line of an invoice's voucher."""
    side = "C" if amount.minor < 0 else "D"
    accounts = (account, "", "", "", "", "", "")
    return VoucherLine(sequence=sequence, transaction_code=code, accounts=accounts, amount=amount, side=side, text="")


def read_back(held: Mapping[InvoiceKey, FakeInvoice | None], *, since: date, now: datetime, cap: int) -> PaymentRows:
    """Read back the payment rows of invoices; cap: a list that is longer ends there (0: none does)."""
    rows = {key: one.shown_payments(since=since, now=now) if one else () for key, one in held.items()}
    cut = frozenset(key for key, found in rows.items() if 0 < cap <= len(found))
    return PaymentRows(rows={key: found[: cap or None] for key, found in rows.items()}, cut=cut)
