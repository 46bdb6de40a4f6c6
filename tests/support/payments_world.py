"""Payments, postings and their surroundings as tests speak of them: builders with everyday defaults."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.event import Event, Meta, Recorded
from domain.identifiers import InvoiceKey, PinnedIdentity
from domain.money import Money
from domain.payments.events import PaymentContent, Remittance
from domain.postings.events import EvidenceRow, PostingLine, PostingPlan, PostingStarted
from domain.rules import RemoteWindows, Rules

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
IDENTITY = PinnedIdentity("ACME_TST", 100, "https://avid.test")
STREAM = UUID("00000000-0000-0000-0000-000000000001")
WINDOWS = RemoteWindows(
    call_timeout=timedelta(seconds=60), search_lag=timedelta(seconds=60), settle=timedelta(seconds=121)
)
INV_77 = "100|AAA|V1001|V1001|INV-77|2026"
CM_9 = "100|AAA|V1001|V1001|CM-9|2026"
STARTED = PostingStarted(
    key1="T1", attempt=1, attempt_id="a", description="", parms=(), deadline=NOW, look_at=NOW, incarnation=STREAM
)
OTHER_DIVISION = "100|BBB|V1001|V1001|INV-80|2026"


def usd(text: str) -> Money:
    """Dollars."""
    return Money.parse(text)


def rules(**changes: Any) -> Rules:
    """Rules of an everyday connection."""
    base = Rules(
        name="acme",
        identity=IDENTITY,
        company=100,
        divisions=("AAA", "BBB"),
        start_date=date(2026, 1, 1),
        payment_interface="AVXPAY",
        bank_id="USB01",
        first_posting="trust",
        infor=WINDOWS,
        avidxchange=WINDOWS,
    )
    return msgspec.structs.replace(base, **changes)


def remittance(external_id: str = INV_77, net: str = "1570.00", discount: str = "30.00") -> Remittance:
    """What a payment pays of one invoice."""
    return Remittance(
        invoice_external_id=external_id,
        invoice_number=external_id.split("|")[-2],
        gross=usd(net) + usd(discount),
        discount=usd(discount),
        net=usd(net),
    )


def payment(*remittances: Remittance, **changes: Any) -> PaymentContent:
    """A settled check over the given remittances (by default one of 1570.00)."""
    paid = remittances or (remittance(),)
    amount = Money(sum(r.net.minor for r in paid), "USD")
    base = PaymentContent(
        payment_id="77001",
        batch_id="PB-9",
        status="Issued to Supplier",
        status_id="14",
        standing="settled",
        method="Check",
        amount=amount,
        payment_date=date(2026, 1, 20),
        settled_date=date(2026, 1, 21),
        cleared_date=None,
        vendor_external_id="100|V1001",
        number="7700456",
        card_last4="",
        card_number_dropped=False,
        return_code="",
        replaces_payment_id="",
        modified="2026-01-21T09:12:44",
        remittances=paid,
    )
    return msgspec.structs.replace(base, **changes)


def plan(*lines: tuple[str, str, str], **changes: Any) -> PostingPlan:
    """A posting plan; lines are (invoice ExternalId, net, discount)."""
    chosen = lines or ((INV_77, "1570.00", "30.00"),)
    base = PostingPlan(
        key1="TAAAAAAAAAAAAAA",
        kind="T",
        payment_id="77001",
        division="AAA",
        company=100,
        generation=1,
        interface="AVXPAY",
        number="7700456",
        payment_date=date(2026, 1, 20),
        accounting_date=date(2026, 1, 21),
        bank_id="USB01",
        lines=tuple(
            PostingLine(line=n, invoice=invoice_key(name), net=usd(net), discount=usd(discount))
            for n, (name, net, discount) in enumerate(chosen, 1)
        ),
    )
    return msgspec.structs.replace(base, **changes)


def invoice_key(external_id: str) -> InvoiceKey:
    """Read an ExternalId that a test knows to be well formed."""
    key = InvoiceKey.parse(external_id)
    assert key is not None
    return key


def row(external_id: str = INV_77, amount: str = "1570.00", text: str = "77001 INV-77", **changes: Any) -> EvidenceRow:
    """A payment row read back from Infor."""
    base = EvidenceRow(
        invoice=invoice_key(external_id),
        ledger_row="100|AAA|2026|900|1",
        voucher="90001",
        amount=usd(amount),
        accounting_date=date(2026, 1, 21),
        text=text,
    )
    return msgspec.structs.replace(base, **changes)


def recorded(events: Iterable[Event], *, at: datetime = NOW, stream: UUID = STREAM) -> list[Recorded]:
    """Put events into a stream, in order."""
    meta = Meta(connection=IDENTITY.id, recorded_at=at, occurred_at=at, correlation_id="test")
    return [
        Recorded(stream=stream, version=version, position=version, meta=meta, event=event)
        for version, event in enumerate(events, 1)
    ]
