"""What the fake payables system keeps: invoices as they stood in a body, with the history of their status."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec


class _Line(msgspec.Struct, rename="pascal"):
    amount: Decimal
    codes: list[dict[str, str]]


class _Image(msgspec.Struct, rename="pascal"):
    sha256: str


class Sent(msgspec.Struct, rename="pascal"):
    """An invoice as it stood in a body."""

    external_id: str
    invoice_number: str
    vendor_external_id: str
    gross_amount: Decimal
    currency: str
    lines: list[_Line]
    image: _Image | None = None


class Body(msgspec.Struct, rename="pascal"):
    """A batch as it stood in a request."""

    external_id: str
    invoices: list[Sent]


class Held(msgspec.Struct):
    """An invoice in the books; history: (when, status, reason), oldest first.

    shown: from when on each is there, and how much later look-ups show it (None: the fake's lag at that time).
    """

    invoice_id: str
    sent: Sent
    history: list[tuple[datetime, str, str]]
    shown: list[tuple[datetime, timedelta | None]]


class BatchTimes(NamedTuple):
    """When a batch was taken and creates its last invoice; lags: how much later it is shown, and shown as closed."""

    taken: datetime
    closed: datetime
    lags: tuple[timedelta | None, timedelta | None]


def doubles(invoices: Sequence[Held], invoice: Sent) -> bool:
    """Whether a live one has the same vendor and number under another ExternalId."""
    twins = (one for one in invoices if one.sent.external_id != invoice.external_id)
    return any(
        (one.sent.vendor_external_id, one.sent.invoice_number) == (invoice.vendor_external_id, invoice.invoice_number)
        and one.history[-1][1] not in ("Rejected", "Void")
        for one in twins
    )
