"""Invoices, their payments and vouchers as M3's programs show them: APS200MI, GLS200MI."""

from sandbox.infor.engine import Call, Row
from sandbox.infor.records import INVOICE, PAYMENT, Invoice, PaymentRow, Voucher, VoucherLine, day, money
from sandbox.infor.refusals import NokError


def find_invoice(call: Call) -> Invoice:
    """Find the invoice the record names; XRE0103 when there is none."""
    names = ("SPYN", "SUNO", "SINO")
    payee, supplier, number = (call.text(name) for name in names)
    key = (call.division, payee, supplier, number, str(call.number("INYR")))
    held = call.tenant.books.invoices.get(key)
    if held is None:
        raise NokError("XRE0103", "SINO", number)
    return held


def get_totals(call: Call) -> list[Row]:
    """Show one invoice with its balances."""
    held = find_invoice(call)
    row = _invoice_row(held)
    row.update(
        {
            "YEA4": str(held.row[0]),
            "LMDT": day(held.changed_at.date()),
            "LMTS": str(int(held.changed_at.timestamp() * 1000)),
            "ACAM": money(held.cents),
            "PCUA": money(held.paid_cents),
            "OCUA": money(held.open_cents),
            "CDCU": money(held.discount_cents),
            "LOCD": "USD",
        }
    )
    return [row]


def list_transactions(call: Call) -> list[Row]:
    """List an invoice's ledger rows: itself (40) and its payments (50), all or those of TRCD."""
    held = find_invoice(call)
    base = {"CONO": str(call.tenant.books.company), "DIVI": held.division}
    rows = [base | _invoice_row(held)]
    rows += [base | _payment_row(held, payment) for payment in held.payments]
    wanted = str(call.number("TRCD")) if call.text("TRCD") else ""
    rows = [row for row in rows if wanted in ("", row["TRCD"])]
    if not rows:
        raise NokError("XRE0103", "TRCD", wanted)
    return rows


def list_voucher_lines(call: Call) -> list[Row]:
    """List the lines of a voucher; without VSER those of every series that has the number."""
    vouchers = call.tenant.books.vouchers.get((call.division, call.number("YEA4"), call.number("VONO")), [])
    series, journal = call.text("VSER"), call.number("JRNO")
    rows = [
        _voucher_row(call, voucher, line)
        for voucher in vouchers
        if series in ("", voucher.series) and journal in (0, voucher.journal)
        for line in voucher.lines
    ]
    if not rows:
        raise NokError("XRE0103", "VONO", call.text("VONO"))
    return rows


def list_vouchers_by_date(call: Call) -> list[Row]:
    """List the voucher lines of a span of accounting dates."""
    first, last = call.text("FRDT"), call.text("TODT")
    rows = [
        _voucher_row(call, voucher, line)
        for voucher in call.tenant.books.vouchers_of(call.division)
        if first <= day(voucher.accounting_date) <= last
        for line in voucher.lines
    ]
    rows.sort(key=lambda row: (row["DIVI"], row["ACDT"], int(row["JRNO"]), int(row["JSNO"])))
    return rows


def _invoice_row(held: Invoice) -> Row:
    stopped = held.stopped_on is not None
    return _common(held) | {
        "TRCD": INVOICE,
        "JRNO": str(held.row[1]),
        "JSNO": str(held.row[2]),
        "VSER": held.series,
        "VONO": str(held.voucher),
        "IVBL": "1" if stopped else "0",
        "BLBY": "APCLERK" if stopped else "",
        "BLDT": day(held.stopped_on),
        "APRV": "1" if held.approved else "0",
        "CUAM": money(held.cents),
        "ACDT": day(held.accounting_date),
        "RECO": "1" if held.closed_on else "0",
        "REDE": day(held.closed_on),
        "PYST": held.payment_status,
    }


def _payment_row(held: Invoice, payment: PaymentRow) -> Row:
    return _common(held) | {
        "TRCD": PAYMENT,
        "JRNO": str(payment.row[1]),
        "JSNO": str(payment.row[2]),
        "VSER": payment.series,
        "VONO": str(payment.number),
        "IVBL": "0",
        "APRV": "0",
        "CUAM": money(-payment.cents),  # a payment takes from what the invoice put into the ledger
        "ACDT": day(payment.accounting_date),
        "RECO": "1" if held.closed_on else "0",
        "REDE": day(held.closed_on),
        "PYST": "0",
    }


def _common(held: Invoice) -> Row:
    return {
        "SPYN": held.payee,
        "SUNO": held.supplier,
        "SINO": held.number,
        "INYR": str(held.year),
        "CUCD": held.currency,
        "VTAM": "0.00",
        "IVDT": day(held.invoice_date),
        "DUDT": day(held.due_date),
        "PYME": held.payment_method,
        "TEPY": held.terms,
    }


def _voucher_row(call: Call, voucher: Voucher, line: VoucherLine) -> Row:
    row = {f"AIT{number}": code for number, code in enumerate(line.codes, start=1)}
    row.update(
        {
            "CONO": str(call.tenant.books.company),
            "DIVI": voucher.division,
            "YEA4": str(voucher.year),
            "JRNO": str(voucher.journal),
            "JSNO": str(line.sequence),
            "TRCD": line.trcd,
            "ACDT": day(voucher.accounting_date),
            "VSER": voucher.series,
            "VONO": str(voucher.number),
            "CUCD": voucher.currency,
            "ACAM": money(line.cents),
            "CUAM": money(line.cents),
            "DBCR": line.side,
            "VTXT": line.text,
        }
    )
    return row
