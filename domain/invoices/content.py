"""What an invoice is: its content as learned from Infor, and its state there."""

from datetime import date

import msgspec

from domain.identifiers import InvoiceKey, LedgerRow
from domain.money import Money


class CodeRef(msgspec.Struct, frozen=True, order=True):
    """A code on a coding line: M3's dimension (1 = GL account) and value."""

    dimension: int
    value: str


class CodingLine(msgspec.Struct, frozen=True, kw_only=True):
    """One cost line of the voucher; debit positive, credit negative."""

    number: int
    amount: Money
    description: str
    codes: tuple[CodeRef, ...]
    po_number: str | None = None
    po_line: str | None = None


class InvoiceContent(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of an approved invoice that goes to AvidXchange, as read from Infor.

    gross: positive for an invoice, negative for a credit memo (the amount sign applied); discount: CDCU.
    problems: what hinders sending (for example `LINES_DO_NOT_SUM`); empty when nothing does.
    """

    key: InvoiceKey
    row: LedgerRow
    voucher: int
    series: str
    invoice_date: date
    due_date: date | None
    accounting_date: date | None
    gross: Money
    discount: Money
    payment_method: str
    lines: tuple[CodingLine, ...]
    po_numbers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class LedgerState(msgspec.Struct, frozen=True, kw_only=True):
    """What M3's payables ledger says of an invoice now (APS200MI/GetInvTotInfo).

    gross, paid, outstanding, discount: CUAM, PCUA, OCUA, CDCU with the amount sign applied;
    payment_status: PYST (1 proposed, 4 paid); stopped: IVBL; reconciled: RECO.
    """

    gross: Money
    paid: Money
    outstanding: Money
    discount: Money
    approved: bool
    stopped: bool
    payment_status: int
    reconciled: bool
    payment_method: str = ""


class ImageRef(msgspec.Struct, frozen=True, kw_only=True):
    """An image in the blob store; size in bytes, digest SHA-256 as lower-case hex."""

    digest: str
    size: int
    content_type: str
    file_name: str
