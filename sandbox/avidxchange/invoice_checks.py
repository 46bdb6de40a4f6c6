"""Every check the pretend AvidXchange makes on one submitted invoice, each with the contract's refusal code."""

from datetime import datetime

from sandbox.avidxchange.books import AvidBooks
from sandbox.avidxchange.fields import Fields
from sandbox.avidxchange.images import read_image
from sandbox.avidxchange.options import AvidOptions
from sandbox.avidxchange.records import Invoice, Line

KNOWN = frozenset(
    {
        "ExternalId",
        "InvoiceNumber",
        "VendorExternalId",
        "InvoiceDate",
        "DueDate",
        "GrossAmount",
        "DiscountAmount",
        "Currency",
        "Memo",
        "CustomerAccountNumber",
        "EntityCode",
        "PONumbers",
        "Lines",
        "Image",
    }
)
LINE_KNOWN = frozenset({"LineNumber", "Amount", "Description", "PONumber", "POLineNumber", "Codes"})
CODE_KNOWN = frozenset({"GroupName", "CodeValue"})


def check_invoice(fields: Fields, books: AvidBooks, options: AvidOptions, *, batch: str, now: datetime) -> Invoice:
    """Read one invoice; it may be taken only when `fields.errors` is empty afterwards."""
    currency = fields.text("Currency", 3, required=True)
    fields.text("Memo", 255)
    fields.text("CustomerAccountNumber", 100)
    invoice = Invoice(
        invoice_id="",
        external_id=fields.text("ExternalId", 100, required=True),
        invoice_number=fields.text("InvoiceNumber", 50, required=True),
        vendor_external_id=fields.text("VendorExternalId", 100, required=True),
        entity=fields.text("EntityCode", 50, required=True),
        gross=fields.money("GrossAmount"),
        discount=fields.money("DiscountAmount"),
        invoice_date=fields.day("InvoiceDate"),
        due_date=fields.day("DueDate"),
        lines=_lines(fields),
        po_numbers=_po_numbers(fields),
        image_sha256=read_image(fields, max_bytes=options.max_image_bytes),
        batch=batch,
        last_modified=now,
    )
    if fields.errors:
        return invoice
    if currency != options.currency:
        fields.refuse("CURRENCY", "Currency", f"must be {options.currency}")
    if sum(line.amount for line in invoice.lines) != invoice.gross:
        fields.refuse("LINES_DO_NOT_SUM", "Lines", f"do not sum to {invoice.gross}")
    if abs(invoice.discount) > abs(invoice.gross):
        fields.refuse("FIELD_INVALID", "DiscountAmount", "is more than the invoice")
    _check_references(fields, invoice, books)
    if options.unique_numbers:
        _check_number(fields, invoice, books)
    return invoice


def _lines(fields: Fields) -> tuple[Line, ...]:
    lines = []
    numbers: set[int] = set()
    for reader in fields.children("Lines", LINE_KNOWN, required=True):
        number = reader.positive("LineNumber")
        if number in numbers:
            reader.refuse("FIELD_INVALID", "LineNumber", f"{number} occurs twice")
        numbers.add(number)
        codes = tuple(
            (code.text("GroupName", 50, required=True), code.text("CodeValue", 50, required=True))
            for code in reader.children("Codes", CODE_KNOWN)
        )
        lines.append(
            Line(
                number=number,
                amount=reader.money("Amount"),
                description=reader.text("Description", 255) or None,
                po_number=reader.text("PONumber", 50) or None,
                po_line=reader.text("POLineNumber", 50) or None,
                codes=codes,
            )
        )
    return tuple(lines)


def _po_numbers(fields: Fields) -> tuple[str, ...]:
    numbers = fields.many("PONumbers")
    for number in numbers:
        if type(number) is not str or not number:
            fields.refuse("FIELD_INVALID", "PONumbers", "must hold purchase order numbers as text")
            return ()
    return tuple(numbers)


def _check_number(fields: Fields, invoice: Invoice, books: AvidBooks) -> None:
    same_number = books.by_number.get((invoice.vendor_external_id, invoice.invoice_number), ())
    if any(other.live and other.external_id != invoice.external_id for other in same_number):
        fields.refuse("DUPLICATE_INVOICE", "InvoiceNumber", f"{invoice.invoice_number} is here already")


def _check_references(fields: Fields, invoice: Invoice, books: AvidBooks) -> None:
    vendor = books.vendors.true.get(invoice.vendor_external_id)
    if vendor is None:
        fields.refuse("VENDOR_NOT_FOUND", "VendorExternalId", f"{invoice.vendor_external_id} is unknown")
    elif not vendor.active:
        fields.refuse("VENDOR_INACTIVE", "VendorExternalId", f"{invoice.vendor_external_id} is inactive")
    for group, value in sorted({code for line in invoice.lines for code in line.codes}):
        code = books.codes.true.get((group, value))
        if code is None or not code.active:
            fields.refuse("CODE_NOT_FOUND", "Codes", f"{group} {value} is unknown or inactive")
    if books.purchase_orders is None:
        return
    named = {line.po_number for line in invoice.lines if line.po_number}
    for number in sorted({*invoice.po_numbers, *named}):
        owner = books.purchase_orders.get(number)
        if owner is None:
            fields.refuse("PO_NOT_FOUND", "PONumbers", f"{number} is unknown")
        elif owner != invoice.vendor_external_id:
            fields.refuse("PO_VENDOR_MISMATCH", "PONumbers", f"{number} belongs to another vendor")
