"""The role of the ERP (Infor): source of suppliers, codes, invoices and images; takes postings.

Reads raise TransientError (bounded retries inside are done), RefusedError, MalformedError or MisconfiguredError.
`take_steps` never raises for an answer: it judges it. Amounts carry M3's own sign except where it says otherwise.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Protocol

import msgspec

from domain.identifiers import InvoiceKey, LedgerRow
from domain.invoices.content import LedgerState
from domain.ledger_codes.events import CodeFact
from domain.money import Money
from domain.ports.answers import CallAnswer
from domain.postings.events import PostingPlan
from domain.postings.evidence import PaymentRows
from domain.suppliers.events import SupplierContent

_SURE_CODES = frozenset({"XRE0103", "WSU0103", "XAU0008"})
MALFORMED, COLUMN_COUNT = "MALFORMED", "COLUMN_COUNT"  # of a Problem that we found ourselves: it stays what it is


def may_be_locked(code: str) -> bool:
    """Whether a code of M3 may mean "locked, later": every one does that we do not know."""
    return code not in _SURE_CODES


class LedgerCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What `connection test` learns.

    untold: why the ledger would not list the tenant's transactions; "" when it did, or has no such list.
    """

    company: int
    company_name: str
    user: str
    divisions: tuple[str, ...]
    token_seconds: int
    missing_transactions: tuple[str, ...]
    untold: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A record that could not be read; its neighbours could."""

    record: str
    code: str
    text: str

    def __str__(self) -> str:
        """Say it with its code."""
        return f"{self.code}: {self.text}"

    @property
    def may_pass(self) -> bool:
        """Whether it may be read well a little later."""
        return self.code not in (MALFORMED, COLUMN_COUNT) and may_be_locked(self.code)


class InvoiceHead(msgspec.Struct, frozen=True, kw_only=True):
    """A row of EXPORTMI over FPLEDG: enough to know the invoice and to read the rest in bulk.

    gross: CUAM with the amount sign of the settings applied; payment_status: PYST.
    """

    key: InvoiceKey
    row: LedgerRow
    voucher: int
    series: str
    invoice_date: date
    due_date: date | None
    accounting_date: date | None
    gross: Money
    approved: bool
    payment_status: int
    changed: date | None


class VoucherLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the invoice's voucher (GLS200MI). amount: signed as M3 gives it; side: D, C or ""."""

    sequence: int
    transaction_code: str
    accounts: tuple[str, ...]  # AIT1..AIT7, blanks as ""
    amount: Money
    side: str
    text: str


class PoLine(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase order line of the supplier invoice batch (APS450MI)."""

    po_number: str
    po_line: str
    amount: Money


class ImageFound(msgspec.Struct, frozen=True, kw_only=True):
    """An image in Infor Document Management; size in bytes (0 when untold), sha256 in hex ("" when untold)."""

    pid: str
    file_name: str
    content_type: str
    size: int
    sha256: str = ""


class StepCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One transaction of the GLS840 chain; `key` names it in the answer (KEY1, or KEY1/LINE)."""

    key: str
    step: str  # AddBatchHead | AddBatchLine | CtrlBatch | UpdBatch
    division: str
    key1: str
    interface: str = ""
    description: str = ""
    line: int = 0
    parm: str = ""


class LedgerSystem(Protocol):
    """Infor, as the errands see it. Thread-safe."""

    def check(self) -> LedgerCheck:
        """Ping. Raises MisconfiguredError when the session's company is another than the settings'."""

    def server_time(self) -> int:
        """Give the server's own clock in epoch milliseconds (GENERAL/GetServerTime LMTS)."""

    def changed_suppliers(self, since: int) -> Iterator[tuple[str, ...]]:
        """Pages of supplier numbers changed since (epoch milliseconds; 0 = all)."""

    def supplier_details(self, numbers: Sequence[str]) -> dict[str, SupplierContent | Problem]:
        """Read suppliers in bulk: basic data, addresses, e-mail."""

    def codes(self, dimension: int) -> dict[str, tuple[CodeFact, ...]]:
        """Give every value of a dimension with its facts, company wide ("" division) and per configured division."""

    def invoice_heads(self, division: str, *, changed_since: date) -> Iterator[tuple[InvoiceHead | Problem, ...]]:
        """Pages of approved invoices of a division, changed on or after a day, truncation paged round."""

    def ledger_states(self, keys: Sequence[InvoiceKey]) -> dict[InvoiceKey, LedgerState | Problem | None]:
        """Read totals in bulk; None = Infor does not know the invoice (XRE0103); signs applied."""

    def voucher_lines(self, heads: Sequence[InvoiceHead]) -> dict[InvoiceKey, tuple[VoucherLine, ...] | Problem]:
        """Read the vouchers of invoices in bulk."""

    def po_lines(self, heads: Sequence[InvoiceHead]) -> dict[InvoiceKey, tuple[PoLine, ...] | Problem]:
        """Read the purchase order lines of invoices in bulk; () when there is none."""

    def find_image(self, key: InvoiceKey) -> ImageFound | None:
        """Search the invoice's image."""

    def stream_image(self, image: ImageFound) -> Iterator[bytes]:
        """Stream the image's bytes."""

    def encode_parms(self, plan: PostingPlan) -> tuple[str, ...]:
        """Write PARM per line in the interface's layout: pure, the same plan gives the same text."""

    def prepare(self) -> None:
        """Get token and rate budget for one write ready; done before the intent. Raises TransientError."""

    def take_steps(self, commands: Sequence[StepCommand], *, deadline: datetime) -> CallAnswer:
        """Send at most 100 GLS840 transactions in one call, once, wrapped in nothing, no byte after `deadline`.

        Answers are keyed by `StepCommand.key`; a step that exists already (XRE0104) is CONFIRMED with status `found`.
        """

    def open_batches(self, keys: Sequence[tuple[str, str]]) -> frozenset[str]:
        """Give which KEY1 values FGLINH still shows, of (division, KEY1) pairs; the look-up may lag behind writes."""

    def payment_rows(self, keys: Sequence[InvoiceKey], *, since: date) -> PaymentRows:
        """Read back payment rows (TRCD 50) with their voucher text; `since`: earliest accounting date of interest.

        Amounts are absolute. Falls back to vouchers by date where the tenant lacks LstInvoiceTrans.
        """

    @property
    def calls(self) -> int:
        """HTTP requests sent by this process so far."""
