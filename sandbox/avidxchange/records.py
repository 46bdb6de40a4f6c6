"""The records a pretend AvidXchange keeps, money as Decimal with two places and times aware in UTC."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

DEAD_INVOICE_STATUSES = frozenset({"Rejected", "Void"})
SETTLED_STATUSES = frozenset({"Issued to Supplier", "ACH Credit Issued", "VCC Issued", "Cleared"})
REVERSED_STATUSES = frozenset({"Void", "Stopped", "Refunded", "Returned"})
ZERO = Decimal("0.00")

STATUS_IDS = {
    "Pending Approval": 1,
    "Held": 2,
    "Processing": 3,
    "Error": 4,
    "Debit Requested": 10,
    "Funds Received": 11,
    "Sent to Check Printer": 13,
    "Issued to Supplier": 14,
    "ACH Credit Issued": 15,
    "VCC Processing": 16,
    "VCC Issued": 17,
    "Cleared": 18,
    "Void": 20,
    "Stopped": 21,
    "Refunded": 22,
    "Returned": 23,
}
METHOD_IDS = {"Check": 1, "ACH": 2, "Virtual Card": 3}
SETTLED_STATUS_OF = {"Check": "Issued to Supplier", "ACH": "ACH Credit Issued", "Virtual Card": "VCC Issued"}
UNKNOWN_ID = 99


class Vendor(msgspec.Struct):
    """A payee as last put; `content` is the record as the caller wrote it, without its ExternalId."""

    vendor_id: str
    external_id: str
    content: dict[str, Any]
    status: str
    active: bool
    last_modified: datetime


class Code(msgspec.Struct):
    """One value of a named group of enterprise codes."""

    group: str
    value: str
    description: str
    active: bool
    last_modified: datetime


class Batch(msgspec.Struct):
    """One accepted invoice batch; its external id may repeat, `batch_id` does not."""

    batch_id: str
    external_id: str
    status: str
    invoice_count: int
    last_modified: datetime


class Line(msgspec.Struct):
    """One coding line of an invoice."""

    number: int
    amount: Decimal
    description: str | None
    po_number: str | None
    po_line: str | None
    codes: tuple[tuple[str, str], ...]


class Invoice(msgspec.Struct):
    """One invoice received for payment; `applied` is the gross that payments have taken so far."""

    invoice_id: str
    external_id: str
    invoice_number: str
    vendor_external_id: str
    entity: str
    gross: Decimal
    discount: Decimal
    invoice_date: date
    due_date: date
    lines: tuple[Line, ...]
    po_numbers: tuple[str, ...]
    image_sha256: str | None
    batch: str
    last_modified: datetime
    status: str = "Received"
    reason: str | None = None
    applied: Decimal = ZERO

    @property
    def live(self) -> bool:
        """Tell whether AvidXchange still means to pay this invoice, or has."""
        return self.status not in DEAD_INVOICE_STATUSES


class Remittance(msgspec.Struct):
    """What one payment applies to one invoice; net = gross - discount."""

    invoice_id: str
    invoice_external_id: str
    invoice_number: str
    entity: str
    gross: Decimal
    discount: Decimal

    @property
    def net(self) -> Decimal:
        """Return the money that moves for this invoice."""
        return self.gross - self.discount


class HistoryEntry(msgspec.Struct):
    """One step of a payment's life as `paymenthistory` tells it."""

    entry_id: str
    process: str
    description: str
    comment: str | None
    at: datetime


class Payment(msgspec.Struct):
    """One payment to one vendor over one or several invoices."""

    payment_id: str
    batch_id: str
    vendor_external_id: str
    method: str
    amount: Decimal
    payment_date: date
    remittances: list[Remittance]
    last_modified: datetime
    status: str = "Pending Approval"
    settled_date: date | None = None
    cleared_date: date | None = None
    check_number: str | None = None
    ach_trace: str | None = None
    card_last4: str | None = None
    return_code: str | None = None
    replaces: str | None = None
    history: list[HistoryEntry] = msgspec.field(default_factory=list)

    @property
    def settled(self) -> bool:
        """Tell whether the money counts as gone."""
        return self.status in SETTLED_STATUSES
