"""The pretend AvidXchange's books as JSON: what is true there, for people, demos and tests to compare."""

from typing import Any

from sandbox.avidxchange.books import AvidBooks
from sandbox.avidxchange.records import Invoice, Payment


def account(books: AvidBooks) -> dict[str, Any]:
    """Return vendors, codes, invoices, payments, doubles and call counts; amounts are text with two decimals."""
    return {
        "vendors": [
            {
                "vendor_id": vendor.vendor_id,
                "external_id": vendor.external_id,
                "name": vendor.content["Name"],
                "status": vendor.status,
                "active": vendor.active,
                "address": vendor.content["Address"],
                "remit_to": vendor.content["RemitToAddress"],
            }
            for vendor in books.vendors.true.values()
        ],
        "codes": [
            {"group": code.group, "value": code.value, "description": code.description, "active": code.active}
            for code in books.codes.true.values()
        ],
        "invoices": [_invoice(invoice) for invoice in books.invoices.true.values()],
        "payments": [_payment(payment) for payment in books.payments.values()],
        "batches": [
            {"external_id": batch.external_id, "status": batch.status, "invoices": batch.invoice_count}
            for batch in books.batches.true.values()
        ],
        "doubles": books.doubles(),
        "calls": dict(books.calls),
    }


def _invoice(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_id": invoice.invoice_id,
        "external_id": invoice.external_id,
        "invoice_number": invoice.invoice_number,
        "vendor_external_id": invoice.vendor_external_id,
        "entity": invoice.entity,
        "gross": str(invoice.gross),
        "discount": str(invoice.discount),
        "applied": str(invoice.applied),
        "invoice_date": invoice.invoice_date.isoformat(),
        "due_date": invoice.due_date.isoformat(),
        "status": invoice.status,
        "status_reason": invoice.reason,
        "live": invoice.live,
        "lines": [
            {
                "number": line.number,
                "amount": str(line.amount),
                "description": line.description,
                "po": line.po_number,
                "po_line": line.po_line,
                "codes": dict(line.codes),
            }
            for line in invoice.lines
        ],
        "po_numbers": list(invoice.po_numbers),
        "image_sha256": invoice.image_sha256,
        "batch": invoice.batch,
    }


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "payment_id": payment.payment_id,
        "status": payment.status,
        "settled": payment.settled,
        "method": payment.method,
        "amount": str(payment.amount),
        "payment_date": payment.payment_date.isoformat(),
        "settled_date": payment.settled_date.isoformat() if payment.settled_date else None,
        "vendor_external_id": payment.vendor_external_id,
        "check_number": payment.check_number,
        "ach_trace": payment.ach_trace,
        "card_last4": payment.card_last4,
        "return_code": payment.return_code,
        "replaces": payment.replaces,
        "remittances": [
            {
                "invoice_external_id": one.invoice_external_id,
                "invoice_number": one.invoice_number,
                "entity": one.entity,
                "gross": str(one.gross),
                "discount": str(one.discount),
                "net": str(one.net),
            }
            for one in payment.remittances
        ],
    }
