"""An invoice in Infor and at AvidXchange."""

from datetime import date

from domain.event import Event
from domain.identifiers import InvoiceKey
from domain.invoices import events as e
from domain.invoices.content import CodeRef, CodingLine, ImageRef, InvoiceContent
from domain.money import Money
from tests.golden.examples.common import DIGEST, KEY, KEY1, PAYMENT_ID, ROW

CONTENT = InvoiceContent(
    key=KEY,
    row=ROW,
    voucher=60_412,
    series="INV",
    invoice_date=date(2026, 2, 24),
    due_date=date(2026, 3, 26),
    accounting_date=date(2026, 2, 25),
    gross=Money(1_284_050, "USD"),
    discount=Money(25_681, "USD"),
    payment_method="CHK",
    lines=(
        CodingLine(
            number=1,
            amount=Money(1_200_000, "USD"),
            description="Chiller overhaul",
            codes=(CodeRef(1, "610200"), CodeRef(3, "BLDG-07")),
            po_number="4500017",
            po_line="10",
        ),
        CodingLine(
            number=2,
            amount=Money(84_050, "USD"),
            description="Freight",
            codes=(CodeRef(1, "610900"),),
            po_number="4500017",
            po_line="20",
        ),
    ),
    po_numbers=("4500017",),
    problems=("LINES_DO_NOT_SUM",),
)
OTHER_KEY = InvoiceKey(100, "B07", "V10234", "V10198", "HVAC-88123A", 2026)

EXAMPLES: tuple[Event, ...] = (
    e.LedgerRowNamed(row=ROW, key=KEY),
    e.InvoiceApproved(content=CONTENT, digest=DIGEST),
    e.InvoiceNotEligible(
        key=KEY,
        row=ROW,
        gross=Money(1_284_050, "USD"),
        reason="PAYMENT_STOP",
        detail="IVBL 1",
        voucher=60_412,
        series="INV",
        invoice_date=date(2026, 2, 24),
        due_date=date(2026, 3, 26),
        accounting_date=date(2026, 2, 25),
    ),
    e.InvoiceChangedInInfor(content=CONTENT, digest=DIGEST, live=True),
    e.InvoiceKeyChanged(row=ROW, old_key=KEY, new_key=OTHER_KEY),
    e.InvoiceWithdrawnInInfor(key=KEY, detail="the approval was taken back"),
    e.InvoiceAtRiskInInfor(key=KEY, risks=("PROPOSED", "STOPPED"), detail="PCUA 0.00, OCUA 12840.50"),
    e.InvoiceImageFetched(
        key=KEY,
        image=ImageRef(digest=DIGEST, size=184_220, content_type="application/pdf", file_name="HVAC-88123.pdf"),
    ),
    e.InvoiceImageMissing(key=KEY, reason="IMAGE_TOO_LARGE", hold=True, detail="9120334 bytes, 7000000 at most"),
    e.InvoiceHeld(
        key=KEY,
        reason="CODE_NOT_CONFIRMED",
        detail="dimension 3, value BLDG-07 is not confirmed at AvidXchange",
        waits_for="code:100|3|BLDG-07",
    ),
    e.InvoiceReleased(key=KEY, why="Infor says again what was read first"),
    e.InvoiceStatusReported(
        key=KEY, avid_invoice_id="5012877", status="In Workflow", status_reason="waits for J. Ortiz"
    ),
    e.InvoiceRejectedByAvid(
        key=KEY, avid_invoice_id="5012877", status="Rejected", status_reason="duplicate of HVAC-88122"
    ),
    e.InvoicePaymentStarted(posting=KEY1, payment_id=PAYMENT_ID, net=Money(1_258_369, "USD")),
    e.InvoicePaymentPosted(
        posting=KEY1,
        payment_id=PAYMENT_ID,
        net=Money(1_258_369, "USD"),
        discount=Money(25_681, "USD"),
        voucher="90001",
        ledger_row="100|B07|2026|5102|1",
        reversal=True,
    ),
    e.InvoicePaymentEnded(posting=KEY1, payment_id=PAYMENT_ID, why="the payment was reversed before its handover"),
    e.InvoicePartlyPaid(key=KEY, outstanding=Money(25_681, "USD")),
    e.InvoiceClosed(key=KEY),
    e.InvoiceReopened(key=KEY, outstanding=Money(1_284_050, "USD")),
    e.InvoicesTracked(division="B07", added=(KEY.external_id,), dropped=(OTHER_KEY.external_id,)),
    e.InvoiceIndexTurned(division="B07", generation=2),
)
