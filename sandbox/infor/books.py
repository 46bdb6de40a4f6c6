"""The books of the pretend Infor: its records with the indexes over them."""

import bisect
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

from sandbox.infor.records import (
    CONTROL_ACCOUNT,
    INVOICE,
    Batch,
    Division,
    Invoice,
    InvoiceKey,
    Job,
    LedgerCode,
    LedgerRow,
    PaymentRow,
    RowKey,
    Supplier,
    Voucher,
    VoucherLine,
    why_not,
)


class InforBooks:
    """Everything one company holds, with dict indexes so that a look-up costs nothing."""

    def __init__(self, company: int = 100) -> None:
        self.company = company
        self.divisions: dict[str, Division] = {}
        self.suppliers: dict[str, Supplier] = {}
        self.codes: dict[tuple[int, str], list[LedgerCode]] = defaultdict(list)
        self.invoices: dict[InvoiceKey, Invoice] = {}
        self.spare: list[Invoice] = []  # invoices that arrive only when more are approved
        self.by_number: dict[tuple[str, ...], list[Invoice]] = defaultdict(list)  # the key without INYR
        self.by_row: dict[tuple[str, RowKey], Invoice] = {}
        self.by_batch_number: dict[int, Invoice] = {}
        self.by_image: dict[str, Invoice] = {}
        self.scanned: dict[str, list[Invoice]] = defaultdict(list)  # by SINO, those with an image
        self.ledger: dict[str, list[LedgerRow]] = defaultdict(list)
        self.vouchers: dict[tuple[str, int, int], list[Voucher]] = defaultdict(list)
        self.live_batches: dict[tuple[str, str], Batch] = {}
        self.batches: list[Batch] = []
        self.jobs: list[Job] = []
        self.closed_until: date | None = None
        self.stick_next = 0
        self.calls: Counter[str] = Counter()
        self.http_calls = 0
        self._journals: dict[tuple[str, int], int] = {}
        self._sequences: dict[tuple[str, int], int] = {}  # the last JSNO of the last journal
        self._numbers: dict[tuple[str, int, str], int] = {}

    def add_code(self, code: LedgerCode) -> None:
        """Enter a ledger code; rows stay in the order of their value."""
        bisect.insort(self.codes[code.dimension, code.division], code, key=lambda held: held.value)

    def enter(self, invoice: Invoice, *, same_journal: bool = False, control_last: bool = False) -> None:
        """Number an invoice as the next of its division, and add it with its voucher.

        `same_journal`: it joins the journal of the invoice before it, as in a batch entered by a clerk.
        """
        place = (invoice.division, invoice.accounting_date.year)
        journal = self.next_journal(*place) - same_journal
        before = self._sequences.get(place, 0) if same_journal and journal else 0
        journal = max(journal, 1)
        shift = before if control_last else before + 1
        for offset, line in enumerate(invoice.lines, start=1):
            line.sequence = shift + offset
        sequence = before + len(invoice.lines) + 1 if control_last else before + 1
        invoice.row = (place[1], journal, sequence)
        invoice.voucher = self.next_number(*place, invoice.series)
        self.add_invoice(invoice)

    def add_invoice(self, invoice: Invoice) -> None:
        """Add a numbered invoice with its voucher."""
        self.invoices[invoice.key] = invoice
        self.by_number[invoice.key[:4]].append(invoice)
        self.by_row[invoice.division, invoice.row] = invoice
        if invoice.batch_number:
            self.by_batch_number[invoice.batch_number] = invoice
        if invoice.image is not None:
            self.by_image[invoice.image.pid] = invoice
            self.scanned[invoice.number].append(invoice)
        self._add_row(invoice, None)
        self.add_voucher(_invoice_voucher(invoice))
        invoice.ever_eligible = why_not(invoice) is None

    def add_payment(self, invoice: Invoice, payment: PaymentRow) -> None:
        """Enter a payment row; the invoice's balances are the caller's to move."""
        invoice.payments.append(payment)
        self._add_row(invoice, payment)

    def add_voucher(self, voucher: Voucher) -> None:
        """Enter a voucher and note its numbers as used."""
        self.vouchers[voucher.division, voucher.year, voucher.number].append(voucher)
        place = (voucher.division, voucher.year)
        self._journals[place] = max(voucher.journal, self._journals.get(place, 0))
        self._sequences[place] = max(line.sequence for line in voucher.lines)
        series = (voucher.division, voucher.year, voucher.series)
        self._numbers[series] = max(voucher.number, self._numbers.get(series, 0))

    def next_journal(self, division: str, year: int) -> int:
        """Give the journal number that follows the last one used."""
        return self._journals.get((division, year), 0) + 1

    def next_number(self, division: str, year: int, series: str) -> int:
        """Give the voucher number that follows the last one of its series."""
        return self._numbers.get((division, year, series), 60_000) + 1

    def vouchers_of(self, division: str) -> Iterator[Voucher]:
        """Walk the vouchers of a division ("" for all), in the order of their entry."""
        for vouchers in self.vouchers.values():
            yield from (voucher for voucher in vouchers if division in ("", voucher.division))

    def _add_row(self, invoice: Invoice, payment: PaymentRow | None) -> None:
        row = LedgerRow(payment.row if payment else invoice.row, invoice, payment)
        bisect.insort(self.ledger[invoice.division], row, key=lambda held: held.row)


def _invoice_voucher(invoice: Invoice) -> Voucher:
    codes = (CONTROL_ACCOUNT, "", "", "", "", "", "")
    side = "C" if invoice.cents > 0 else "D"
    control = VoucherLine(invoice.row[2], INVOICE, codes, -invoice.cents, side, invoice.number)
    return Voucher(
        division=invoice.division,
        year=invoice.row[0],
        series=invoice.series,
        number=invoice.voucher,
        journal=invoice.row[1],
        accounting_date=invoice.accounting_date,
        currency=invoice.currency,
        lines=sorted([control, *invoice.lines], key=lambda line: line.sequence),
    )
