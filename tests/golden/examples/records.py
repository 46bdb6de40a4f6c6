"""Suppliers and ledger codes."""

from datetime import date

from domain.event import Event, Personal
from domain.ledger_codes import events as c
from domain.suppliers import events as s
from tests.golden.examples.common import DIGEST, PERSON

SUPPLIER = s.SupplierContent(
    company=100,
    number="V10234",
    name="Müller & Sons HVAC, Inc.",
    status="20",
    name_on_check="Mueller Receivables LLC",
    tax_id=Personal("12-3456789"),
    address=s.Address(
        line1=Personal("4100 Industrial Pkwy"),
        line2=Personal("Suite 210"),
        city=Personal("Charlotte"),
        state=Personal("NC"),
        postal_code=Personal("28208"),
        country="US",
    ),
    remit_to=s.Address(
        line1=Personal("PO Box 30117"),
        line2=Personal("Lockbox 77"),
        city=Personal("Raleigh"),
        state=Personal("NC"),
        postal_code=Personal("27622"),
        country="US",
    ),
    phone=Personal("+1 704 555 0148"),
    email=Personal("ar@mueller-hvac.example"),
    group="HVAC",
    payee="V10900",
)
CODE = c.CodeContent(
    company=100,
    dimension=3,
    value="BLDG-07",
    group="Building",
    description="Harbor Point, 7 Wharf St",
    active=True,
    facts=(
        c.CodeFact(
            division="B07",
            description="Harbor Point",
            blocked=False,
            valid_from=date(2019, 1, 1),
            valid_to=date(2029, 12, 31),
        ),
    ),
)

EXAMPLES: tuple[Event, ...] = (
    s.SupplierRecorded(content=SUPPLIER, to_send=True),
    s.SupplierChanged(content=SUPPLIER, to_send=True),
    s.SupplierBlocked(content=SUPPLIER, to_send=True),
    s.SupplierUnblocked(content=SUPPLIER, to_send=True),
    s.SupplierConfirmed(
        key="100|V10234", vendor_id="77120", enrolment="Enrolled", digest=DIGEST, of_version=1, opens_gate=True
    ),
    s.SupplierRefused(
        key="100|V10234",
        code="FIELD_TOO_LONG",
        text="Name has 131 characters, 100 at most",
        of_version=2,
        field="Name",
        limit=100,
        length=131,
    ),
    s.SupplierRetryOrdered(person=PERSON, reason="the name was shortened in M3"),
    c.LedgerCodeRecorded(content=CODE, to_send=True),
    c.LedgerCodeChanged(content=CODE, to_send=True),
    c.LedgerCodeBlocked(content=CODE, to_send=True),
    c.LedgerCodeConfirmed(key="100|3|BLDG-07", digest=DIGEST, of_version=1, opens_gate=True),
    c.LedgerCodeRefused(
        key="100|3|BLDG-07",
        code="FIELD_TOO_LONG",
        text="CodeDescription has 270 characters, 255 at most",
        of_version=2,
        field="CodeDescription",
        limit=255,
        length=270,
        shuts_gate=True,
    ),
    c.LedgerCodeRetryOrdered(person=PERSON, reason="the description was shortened"),
    c.LedgerCodesOnlyThere(dimension=3, group="Building", values=("BLDG-99",)),
    c.LedgerCodesListed(dimension=3, added=("BLDG-07", "BLDG-12"), gone=("BLDG-02",)),
)
