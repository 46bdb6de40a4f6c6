"""Facts about one invoice as tests speak of them."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.event import Event
from domain.identifiers import InvoiceKey, LedgerRow, PinnedIdentity
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.coding import content_digest
from domain.invoices.content import CodeRef, CodingLine, ImageRef, InvoiceContent, LedgerState
from domain.invoices.evolution import head_of
from domain.invoices.invoice import Invoice, fold
from domain.money import Money
from domain.ports.ledger import InvoiceHead
from domain.ports.payables import InvoiceFound
from domain.rules import RemoteWindows, Rules
from tests.support.history import START, Given, given

WINDOWS = RemoteWindows(
    call_timeout=timedelta(seconds=60), search_lag=timedelta(seconds=60), settle=timedelta(seconds=121)
)
RULES = Rules(
    name="acme",
    identity=PinnedIdentity("ACME_TST", 100, "https://avid.test"),
    company=100,
    divisions=("AAA",),
    start_date=date(2026, 1, 1),
    payment_interface="AVXPAY",
    gl_accounts="off",
    infor=WINDOWS,
    avidxchange=WINDOWS,
)
KEY = InvoiceKey(100, "AAA", "V1001", "V1001", "INV-77", 2026)
OTHER_KEY = InvoiceKey(100, "AAA", "V1001", "V1001", "INV-77A", 2026)
ROW = LedgerRow(100, "AAA", 2026, 900, 1)
STORE = UUID("00000000-0000-4000-8000-00000000000a")
OTHER_STORE = UUID("00000000-0000-4000-8000-00000000000b")
DEADLINE = START + timedelta(minutes=10)
LOOK_AT = DEADLINE + timedelta(minutes=15)
LAG = timedelta(seconds=60)
IMAGE = ImageRef(digest="d1", size=9, content_type="application/pdf", file_name="INV-77.pdf")


def content(**changes: Any) -> InvoiceContent:
    line = CodingLine(number=1, amount=Money(125_000), description="Roof", codes=(CodeRef(1, "610100"),))
    base = InvoiceContent(
        key=KEY,
        row=ROW,
        voucher=50_001,
        series="INV",
        invoice_date=date(2026, 3, 1),
        due_date=date(2026, 4, 1),
        accounting_date=date(2026, 3, 1),
        gross=Money(125_000),
        discount=Money(0),
        payment_method="CHK",
        lines=(line,),
    )
    return msgspec.structs.replace(base, **changes)


def head(**changes: Any) -> InvoiceHead:
    return msgspec.structs.replace(head_of(content()), **changes)


def ledger(**changes: Any) -> LedgerState:
    base = LedgerState(
        gross=Money(125_000),
        paid=Money(0),
        outstanding=Money(125_000),
        discount=Money(0),
        approved=True,
        stopped=False,
        payment_status=0,
        reconciled=False,
        payment_method="CHK",
    )
    return msgspec.structs.replace(base, **changes)


def rules(**changes: Any) -> Rules:
    return msgspec.structs.replace(RULES, **changes)


def approved(**changes: Any) -> e.InvoiceApproved:
    read = content(**changes)
    return e.InvoiceApproved(content=read, digest=content_digest(read))


def not_eligible(reason: str = "PAYMENT_STOP", **changes: Any) -> e.InvoiceNotEligible:
    base = e.InvoiceNotEligible(key=KEY, row=ROW, gross=Money(125_000), reason=reason, detail="IVBL 1")
    return msgspec.structs.replace(base, **changes)


def forgotten(key: InvoiceKey = KEY, **changes: Any) -> s.InvoiceFoundForgotten:
    base = s.InvoiceFoundForgotten(
        key=key,
        avid_invoice_id="500123",
        vendor_external_id=key.vendor_external_id,
        invoice_number=key.number,
        gross=Money(125_000),
        status="In Workflow",
        live=True,
    )
    return msgspec.structs.replace(base, **changes)


FETCHED = e.InvoiceImageFetched(key=KEY, image=IMAGE)
WITHDRAWN = e.InvoiceWithdrawnInInfor(key=KEY, detail="the approval was taken back")


def started(attempt: int = 1, *, members: int = 50, store: UUID = STORE, batch: str = "TO-1") -> Event:
    return s.InvoiceSubmissionStarted(
        key=KEY,
        batch=batch,
        position=1,
        members=members,
        attempt=attempt,
        attempt_id=f"a{attempt}",
        record_digest="r",
        batch_digest="b",
        image="d1",
        deadline=DEADLINE,
        look_at=LOOK_AT,
        incarnation=store,
    )


def doubted(attempt: int = 1) -> Event:
    return s.InvoiceSubmissionDoubted(attempt_id=f"a{attempt}", why="no answer", look_at=LOOK_AT)


def submitted(attempt: int = 1, invoice_id: str = "500123") -> Event:
    return s.InvoiceSubmitted(key=KEY, attempt_id=f"a{attempt}", avid_invoice_id=invoice_id, status="Received")


def found_live(invoice_id: str = "500123") -> Event:
    return s.InvoiceFoundByLookup(key=KEY, attempt_id="", avid_invoice_id=invoice_id, status="Received")


def rejected(status: str = "Rejected", invoice_id: str = "500123") -> Event:
    return e.InvoiceRejectedByAvid(key=KEY, avid_invoice_id=invoice_id, status=status, status_reason="")


def refused(*, whole: bool = False, members: int = 50) -> Event:
    return s.InvoiceSubmissionRefused(
        key=KEY, attempt_id="a1", code="PO_NOT_FOUND", text="no", whole_batch=whole, members=members
    )


def absent(members: int = 50, attempt: int = 1) -> Event:
    return s.InvoiceAbsentAfterSettling(attempt_id=f"a{attempt}", members=members)


def twice(*ids: str) -> Event:
    return s.InvoiceFoundTwice(key=KEY, avid_invoice_ids=ids or ("500123", "500124"))


def different(invoice_id: str = "500123") -> Event:
    return s.InvoiceFoundDifferent(key=KEY, avid_invoice_id=invoice_id, field="GrossAmount", ours="1", theirs="2")


def held(reason: str = "SUPPLIER_NOT_CONFIRMED") -> Event:
    return e.InvoiceHeld(key=KEY, reason=reason, detail="", waits_for=None)


def looked(begun: datetime, answered: datetime, *, conclusive: bool = True) -> Event:
    return s.InvoiceLookedUp(
        attempt_id="a1",
        begun_at=begun,
        answered_at=answered,
        conclusive=conclusive,
        batch_status="",
        look_at=answered + LAG,
    )


def payment_started(posting: str = "T1") -> Event:
    return e.InvoicePaymentStarted(posting=posting, payment_id="P1", net=Money(125_000))


def payment_posted(minor: int = 125_000, *, discount: int = 0, reversal: bool = False, row: str = "r1") -> Event:
    return e.InvoicePaymentPosted(
        posting="T1",
        payment_id="P1",
        net=Money(minor),
        discount=Money(discount),
        voucher="v",
        ledger_row=row,
        reversal=reversal,
    )


def found(invoice_id: str = "500123", **changes: Any) -> InvoiceFound:
    base = InvoiceFound(
        avid_invoice_id=invoice_id,
        external_id=KEY.external_id,
        invoice_number="INV-77",
        vendor_external_id="100|V1001",
        gross=Money(125_000),
        status="Received",
        status_reason="",
    )
    return msgspec.structs.replace(base, **changes)


def invoice(*events: Event) -> Given[Invoice]:
    return given(events, fold=fold)


def state_of(events: Iterable[Event]) -> Invoice:
    return given(events, fold=fold).state
