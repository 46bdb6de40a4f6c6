"""The books as JSON: what is true in the pretend Infor, for demos and tests to compare with."""

from collections import Counter
from typing import Any

from sandbox.infor.books import InforBooks
from sandbox.infor.idm import digest
from sandbox.infor.records import Invoice, LedgerCode, PaymentRow, Supplier, VoucherLine, money, why_not


def whole_books(books: InforBooks) -> dict[str, Any]:
    """Show everything; amounts are text with two decimals and carry the invoice's sign."""
    return {
        "company": books.company,
        "divisions": sorted(books.divisions),
        "invoices": [_invoice(books, held) for held in books.invoices.values()],
        "suppliers": [_supplier(held) for held in books.suppliers.values()],
        "payment_rows": [
            _payment(books, held, payment) for held in books.invoices.values() for payment in held.payments
        ],
        "codes": [_code(code) for codes in books.codes.values() for code in codes],
        "batches": [
            {
                "key1": batch.key1,
                "division": batch.division,
                "interface": batch.interface,
                "state": batch.state,
                "lines": len(batch.lines),
                "reopened": batch.reopened,
            }
            for batch in books.batches
        ],
        "calls": {"http": books.http_calls} | dict(books.calls),
    }


def key_text(books: InforBooks, invoice: Invoice) -> str:
    """Write an invoice's natural key, joined with `|`."""
    return "|".join((str(books.company), *invoice.key))


def _invoice(books: InforBooks, held: Invoice) -> dict[str, Any]:
    reason = why_not(held)
    return {
        "key": key_text(books, held),
        "ledger_row": "|".join(map(str, (books.company, held.division, *held.row))),
        "number": held.number,
        "vendor": f"{books.company}|{held.payee}",
        "currency": held.currency,
        "gross": money(held.cents),
        "discount": money(held.discount_cents),
        "outstanding": money(held.open_cents),
        "paid": money(held.paid_cents),
        "closed": held.closed_on is not None,
        "approved": held.approved,
        "eligible": reason is None,
        "why_not": reason,
        "ever_eligible": held.ever_eligible,
        "must_hold": held.must_hold or None,
        "duplicate_number": held.duplicate_number,
        "lines": _lines(held),
        "po_numbers": list(dict.fromkeys(line.number for line in held.purchase_lines if line.number)),
        "notes": [text for _category, text in held.notes],
        "image_sha256": digest(held.image) if held.image else None,
        "image_kind": held.image.kind if held.image else None,
    }


def _lines(held: Invoice) -> list[dict[str, Any]]:
    """Show the coding; a line names its PO line only where one amount meets exactly one on either side."""
    coded = Counter(line.cents for line in held.lines)
    ordered = Counter(line.cents for line in held.purchase_lines if line.number)
    by_amount = {line.cents: line for line in held.purchase_lines if line.number}
    return [_cost_line(line, coded, ordered, by_amount) for line in held.lines]


def _cost_line(
    line: VoucherLine, coded: Counter[int], ordered: Counter[int], by_amount: dict[int, Any]
) -> dict[str, Any]:
    meets = coded[line.cents] == ordered[line.cents] == 1
    return {
        "amount": money(line.cents),
        "codes": {str(place): code for place, code in enumerate(line.codes, start=1) if code},
        "description": line.text,
        "po": by_amount[line.cents].number if meets else None,
        "po_line": str(by_amount[line.cents].line) if meets else None,
    }


def _supplier(held: Supplier) -> dict[str, Any]:
    return {
        "suno": held.number,
        "name": held.name,
        "status": held.status,
        "payee": held.payee,
        "emails": held.emails,
        "addresses": [address.kind for address in held.addresses],
    }


def _payment(books: InforBooks, held: Invoice, payment: PaymentRow) -> dict[str, Any]:
    return {
        "invoice": key_text(books, held),
        "amount": money(payment.cents),
        "discount": money(payment.discount_cents),
        "text": payment.text,
        "voucher": f"{payment.series}-{payment.number}",
        "accounting_date": payment.accounting_date.isoformat(),
        "reversal": payment.reversal,
        "reversed": payment.reversed,
    }


def _code(code: LedgerCode) -> dict[str, Any]:
    return {
        "dimension": code.dimension,
        "division": code.division,
        "code": code.value,
        "description": code.description,
        "blocked": code.blocked,
        "valid_from": code.valid_from.isoformat() if code.valid_from else None,
        "valid_to": code.valid_to.isoformat() if code.valid_to else None,
    }
