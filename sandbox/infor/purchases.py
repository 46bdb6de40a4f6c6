"""Purchase order lines of an invoice and the notes on it: APS450MI, APS251MI."""

from sandbox.infor.engine import Call, Row
from sandbox.infor.ledger import find_invoice
from sandbox.infor.records import Invoice, money
from sandbox.infor.refusals import NokError

_POSTED_BATCH = {"IBTP": "20", "SUPA": "90"}


def list_batch_numbers(call: Call) -> list[Row]:
    """List the invoice batches of a supplier's invoice number; none is XRE0103."""
    wanted = tuple(call.text(name) for name in ("SPYN", "SUNO", "SINO"))
    found = sorted(
        held.batch_number for held in call.tenant.books.by_number.get((call.division, *wanted), []) if held.batch_number
    )
    if not found:
        raise NokError("XRE0103", "SINO", wanted[2])
    return [{"INBN": str(number)} | _POSTED_BATCH for number in found]


def list_lines(call: Call) -> list[Row]:
    """List the lines of an invoice batch from TRNO on."""
    held = call.tenant.books.by_batch_number.get(call.number("INBN"))
    if held is None or (call.division and held.division != call.division):
        raise NokError("XRE0103", "INBN", call.text("INBN"))
    start = call.number("TRNO", 1)
    return [
        {
            "TRNO": str(place),
            "RDTP": line.kind,
            "NLAM": money(line.cents),
            "CUCD": held.currency,
            "PUNO": line.number,
            "PNLI": str(line.line) if line.number else "",
            "PNLS": "0" if line.number else "",
            "IVQA": "1.00",
            "ITNO": line.item,
        }
        for place, line in enumerate(held.purchase_lines, start=1)
        if place >= start
    ]


def add_note(call: Call) -> list[Row]:
    """Add a line of information to the invoice at a ledger row."""
    row = (call.number("YEA4"), call.number("JRNO"), call.number("JSNO"))
    held = call.tenant.books.by_row.get((call.division, row))
    if held is None:
        raise NokError("XRE0103", "JRNO", str(row[1]))
    held.notes.append((call.number("PEXN"), call.text("PEXI")))
    return []


def list_notes(call: Call) -> list[Row]:
    """List the notes of an invoice, all or those of one category."""
    held: Invoice = find_invoice(call)
    category = call.number("PEXN")
    rows = [
        {"PEXN": str(kind), "PEXI": text, "PEXS": str(place)}
        for place, (kind, text) in enumerate(held.notes, start=1)
        if category in (0, kind)
    ]
    if not rows:
        raise NokError("XRE0103", "PEXN", str(category))
    return rows
