"""Suppliers, codes and invoices for the contract's tests."""

from datetime import UTC, date, datetime

from domain.event import Personal
from domain.identifiers import InvoiceKey, LedgerRow
from domain.invoices.content import CodeRef, CodingLine, ImageRef, InvoiceContent
from domain.ledger_codes.events import CodeContent
from domain.money import Money
from domain.ports.payables import BatchMember
from domain.suppliers.events import Address, SupplierContent

FAR_OFF = datetime(2100, 1, 1, tzinfo=UTC)  # the deadline of upserts that are in time, by every clock


def supplier(number: str = "V1001", *, name: str = "Acme Roofing LLC", status: str = "20") -> SupplierContent:
    """A supplier with an address."""
    address = Address(
        line1=Personal("1 Main St"),
        city=Personal("Charlotte"),
        state=Personal("NC"),
        postal_code=Personal("28202"),
        country="US",
    )
    return SupplierContent(
        company=100,
        number=number,
        name=name,
        status=status,
        tax_id=Personal("12-3456789"),
        address=address,
        phone=Personal(""),
        email=Personal("ar@acme.test"),
    )


def code(value: str = "600100", *, dimension: int = 1, group: str = "Accounting Codes") -> CodeContent:
    """An active code."""
    return CodeContent(
        company=100, dimension=dimension, value=value, group=group, description=f"Code {value}", active=True
    )


def invoice(
    number: str = "INV-77", *, minor: int = 125_000, lines: tuple[int, ...] | None = None, payee: str = "V1001"
) -> BatchMember:
    """An invoice coded to account 600100 and, in a dimension nobody configured, to project P9."""
    key = InvoiceKey(100, "AAA", payee, payee, number, 2026)
    coding = tuple(
        CodingLine(
            number=index,
            amount=Money(part),
            description="Roof repair",
            codes=(CodeRef(1, "600100"), CodeRef(2, "B014"), CodeRef(5, "P9")),
        )
        for index, part in enumerate(lines or (minor,), start=1)
    )
    content = InvoiceContent(
        key=key,
        row=LedgerRow(100, "AAA", 2026, 5001, 1),
        voucher=9001,
        series="A",
        invoice_date=date(2026, 1, 2),
        due_date=date(2026, 2, 1),
        accounting_date=None,
        gross=Money(minor),
        discount=Money(0),
        payment_method="",
        lines=coding,
    )
    return BatchMember(key=key, content=content, image=None)


def pdf(digest: str, size: int) -> ImageRef:
    """A PDF that is in the blob store."""
    return ImageRef(digest=digest, size=size, content_type="application/pdf", file_name="INV-77.pdf")
