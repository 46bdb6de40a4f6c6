"""What the examples share: one invoice of a property manager, its payment, and the times it went through."""

from datetime import UTC, datetime
from uuid import UUID

from domain.event import Meta
from domain.identifiers import InvoiceKey, LedgerRow, PinnedIdentity, key1

IDENTITY = PinnedIdentity("ACMEPROP_PRD", 100, "acme-property-management")
KEY = InvoiceKey(100, "B07", "V10234", "V10198", "HVAC-88123", 2026)
ROW = LedgerRow(100, "B07", 2026, 4711, 2)
PAYMENT_ID = "9004471"
KEY1 = key1(IDENTITY, payment_id=PAYMENT_ID, division="B07", generation=1, kind="T")
REVERSAL_KEY1 = key1(IDENTITY, payment_id=PAYMENT_ID, division="B07", generation=1, kind="R")
INCARNATION = UUID("5f0a4d0e-7c61-4c55-9b0f-2d6c1c1f8a31")
ATTEMPT_ID = "b0f6d0d3a6e94f0d8b2c7a1e5d4c3b2a"
PERSON = "ann.miller"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

META = Meta(
    connection=IDENTITY.id,
    recorded_at=datetime(2026, 3, 2, 8, 15, 30, 123456, tzinfo=UTC),
    occurred_at=datetime(2026, 3, 2, 8, 15, 12, tzinfo=UTC),
    correlation_id="poll:invoices:2026-03-02T08:15:00",
    causation_id="invoice.approved:3",
    actor="tieout",
    mapping_version=1,
)


def at(hour: int, minute: int = 0, second: int = 0, *, day: int = 2) -> datetime:
    """Give a time in March 2026, UTC."""
    return datetime(2026, 3, day, hour, minute, second, tzinfo=UTC)
