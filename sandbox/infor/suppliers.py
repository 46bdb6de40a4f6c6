"""Suppliers, their addresses and e-mail addresses: CRS620MI, CRS111MI."""

from sandbox.infor.engine import Call, Row
from sandbox.infor.records import Supplier
from sandbox.infor.refusals import NokError

_SUPPLIER_EMAILS = "02"


def list_suppliers(call: Call) -> list[Row]:
    """List suppliers from FRSU to TOSU, changed at or after LMTS."""
    first, last, since = call.text("FRSU"), call.text("TOSU"), call.number("LMTS")
    found = []
    for number in sorted(call.tenant.books.suppliers):
        held = call.tenant.books.suppliers[number]
        if number < first or (last and number > last):
            continue
        if int(held.changed_at.timestamp() * 1000) >= since:
            found.append(_row(call, held))
    return found


def get_basic_data(call: Call) -> list[Row]:
    """Describe one supplier."""
    held = _find(call)
    return [_row(call, held) | {"STAT": held.status, "VRNO": held.vat_number}]


def list_addresses(call: Call) -> list[Row]:
    """List a supplier's addresses; none is XRE0103."""
    held = _find(call)
    if not held.addresses:
        raise NokError("XRE0103", "SUNO")
    return [
        {
            "CONO": str(call.tenant.books.company),
            "SUNO": held.number,
            "ADTE": f"{address.kind:02d}",
            "ADID": f"A{place:03d}",
            "STDT": "",
            "SUNM": address.name,
            "ADR1": address.lines[0],
            "ADR2": address.lines[1],
            "ADR3": address.lines[2],
            "ADR4": address.lines[3],
            "TOWN": address.town,
            "ECAR": address.state,
            "PONO": address.postal_code,
            "CSCD": address.country,
        }
        for place, address in enumerate(held.addresses, start=1)
    ]


def list_emails(call: Call) -> list[Row]:
    """List the e-mail addresses of EMKY; unknown keys have none."""
    kind, key = call.text("EMTP"), call.text("EMKY")
    held = call.tenant.books.suppliers.get(key)
    if kind != _SUPPLIER_EMAILS or held is None:
        return []
    return [{"EMTP": kind, "EMKY": key, "EMAL": email} for email in held.emails]


def _find(call: Call) -> Supplier:
    held = call.tenant.books.suppliers.get(call.text("SUNO"))
    if held is None:
        raise NokError("WSU0103", "SUNO", call.text("SUNO"))
    return held


def _row(call: Call, held: Supplier) -> Row:
    return {
        "CONO": str(call.tenant.books.company),
        "SUNO": held.number,
        "SUNM": held.name,
        "PHNO": held.phone,
        "CSCD": held.country,
        "ECAR": held.state,
        "CUCD": held.currency,
        "TEPY": held.terms,
        "PYME": held.payment_method,
        "SUCL": held.group,
        "TINO": held.tax_id,
        "PRSU": held.payee,
        "SUTY": "0",
    }
