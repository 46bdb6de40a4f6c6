"""The records of the pretend Infor: masters, ledger, vouchers, interface batches.

Money is whole cents. Amounts of invoices and of payment rows carry the invoice's sign: a payment of a
credit note is negative, a reversal has the opposite sign of what it takes back.
"""

from datetime import date, datetime
from typing import Literal

import msgspec

CONTROL_ACCOUNT = "200100"
BANK_ACCOUNT = "100100"
DISCOUNT_ACCOUNT = "690100"
INVOICE, PAYMENT = "40", "50"
IN_PROPOSAL, PAID = "1", "4"

InvoiceKey = tuple[str, str, str, str, str]  # DIVI SPYN SUNO SINO INYR
RowKey = tuple[int, int, int]  # YEA4 JRNO JSNO
BatchState = Literal["open", "checked", "handed_over", "posted", "stuck"]


class Division(msgspec.Struct):
    """A division (a building's own books)."""

    code: str
    name: str
    facility: str
    currency: str = "USD"


class Address(msgspec.Struct):
    """One address of a supplier; kind 1 is the ordinary one, 10 the remit-to."""

    kind: int
    name: str
    lines: tuple[str, str, str, str]
    town: str
    state: str
    postal_code: str
    country: str = "US"


class Supplier(msgspec.Struct):
    """A supplier; status 10 preliminary, 20 definite, 90 blocked."""

    number: str
    name: str
    changed_at: datetime
    status: str = "20"
    phone: str = ""
    country: str = "US"
    state: str = ""
    currency: str = "USD"
    terms: str = "030"
    payment_method: str = "CHK"
    group: str = "TRD"
    tax_id: str = ""
    vat_number: str = ""
    payee: str = ""
    addresses: list[Address] = []
    emails: list[str] = []


class LedgerCode(msgspec.Struct):
    """A GL account (dimension 1) or dimension value (2..7); division "" means company wide."""

    division: str
    dimension: int
    value: str
    description: str
    changed_at: datetime
    blocked: bool = False
    valid_from: date | None = None
    valid_to: date | None = None


class VoucherLine(msgspec.Struct):
    """One row of a voucher; debit positive, credit negative."""

    sequence: int
    trcd: str
    codes: tuple[str, ...]  # AIT1..AIT7
    cents: int
    side: str  # D or C
    text: str = ""


class Voucher(msgspec.Struct):
    """A voucher: its identity is division, year, series and number."""

    division: str
    year: int
    series: str
    number: int
    journal: int
    accounting_date: date
    currency: str
    lines: list[VoucherLine]


class PaymentRow(msgspec.Struct):
    """A ledger row of TRCD 50: a payment of one invoice, or the reversal of one."""

    row: RowKey
    series: str
    number: int
    cents: int
    discount_cents: int
    accounting_date: date
    text: str
    changed_on: date
    reversal: bool = False
    reversed: bool = False


class PurchaseLine(msgspec.Struct):
    """A line of a supplier invoice batch (APS450) with its purchase order line."""

    number: str
    line: int
    cents: int
    item: str
    kind: str = "1"  # RDTP


class Image(msgspec.Struct):
    """The scanned invoice in document management; `kind` is what the bytes are, `mimetype` what is claimed."""

    pid: str
    kind: Literal["pdf", "png", "jpeg", "tiff"]
    mimetype: str
    file_name: str
    size: int
    salt: str


class Invoice(msgspec.Struct, kw_only=True):
    """A supplier invoice, its coding, purchase lines, image and payments."""

    division: str
    payee: str
    supplier: str
    number: str
    year: int
    row: RowKey
    series: str
    voucher: int
    invoice_date: date
    due_date: date
    accounting_date: date
    cents: int
    changed_at: datetime
    currency: str = "USD"
    discount_cents: int = 0
    approved: bool = True
    stopped_on: date | None = None
    payment_status: str = "0"
    paid_cents: int = 0
    closed_on: date | None = None
    terms: str = "030"
    payment_method: str = "CHK"
    lines: list[VoucherLine] = []  # the cost lines
    batch_number: int = 0  # INBN; 0: not entered through APS450
    purchase_lines: list[PurchaseLine] = []
    image: Image | None = None
    notes: list[tuple[int, str]] = []  # PEXN, PEXI
    payments: list[PaymentRow] = []
    must_hold: str = ""  # why a careful program does not submit it, though eligible
    duplicate_number: bool = False
    ever_eligible: bool = False

    @property
    def key(self) -> InvoiceKey:
        """Identify the invoice inside the company."""
        return (self.division, self.payee, self.supplier, self.number, str(self.year))

    @property
    def open_cents(self) -> int:
        """Tell what is outstanding."""
        return self.cents - self.paid_cents


class LedgerRow(msgspec.Struct, order=False):
    """A row of FPLEDG: an invoice, or one payment of it."""

    row: RowKey
    invoice: Invoice
    payment: PaymentRow | None = None


class BatchLine(msgspec.Struct):
    """One line of an interface batch with the moment it was written."""

    number: int
    parm: str
    written_at: datetime


class Batch(msgspec.Struct):
    """A batch of the generic GL interface (GLS840)."""

    division: str
    key1: str
    interface: str
    written_at: datetime
    state: BatchState = "open"
    lines: dict[int, BatchLine] = {}
    gone_at: datetime | None = None
    reopened: bool = False
    sticks: bool = False


class Job(msgspec.Struct):
    """A hand-over that waits to be posted, with the lines it had."""

    batch: Batch
    due_at: datetime
    parms: list[str]


def why_not(invoice: Invoice) -> str | None:
    """Tell why an invoice may not go out for payment, or None when it may (contract, 5.4)."""
    if not invoice.approved:
        return "not approved"
    if invoice.payment_status == IN_PROPOSAL:
        return "in a payment proposal"
    if invoice.payment_status == PAID:
        return "paid"
    if invoice.stopped_on is not None:
        return "payment stop"
    if invoice.currency != "USD":
        return "currency"
    return "partly paid" if invoice.paid_cents else None


def money(cents: int) -> str:
    """Write cents as M3 does: point, two decimals, a leading minus."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02d}"


def day(value: date | None) -> str:
    """Write a day as yyyyMMdd, no day as nothing."""
    return value.strftime("%Y%m%d") if value else ""
