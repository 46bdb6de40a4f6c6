"""GL accounts and dimension values: CRS630MI, CRS750MI."""

import bisect

from sandbox.infor.engine import Call, Row
from sandbox.infor.records import LedgerCode, day

_USED_DIMENSIONS = 3


def list_codes(call: Call) -> list[Row]:
    """List the codes of one dimension and exactly one division (blank: company wide), from AITM on."""
    held = call.tenant.books.codes.get((call.number("AITP"), call.division), [])
    first = bisect.bisect_left(held, call.text("AITM"), key=lambda code: code.value)
    return [_row(call, code) for code in held[first:]]


def get_settings(call: Call) -> list[Row]:
    """Tell which dimensions are used."""
    used = {f"FAC{number}": "1" if number <= _USED_DIMENSIONS else "0" for number in range(1, 8)}
    return [{"DIVI": call.division} | used]


def _row(call: Call, code: LedgerCode) -> Row:
    return {
        "CONO": str(call.tenant.books.company),
        "DIVI": code.division,
        "AITP": str(code.dimension),
        "AITM": code.value,
        "TX40": code.description,
        "TX15": code.description[:15].rstrip(),
        "LCCD": "1" if code.blocked else "0",
        "VFDT": day(code.valid_from),
        "VTDT": day(code.valid_to),
        "LMDT": day(code.changed_at.date()),
        "LMTS": str(int(code.changed_at.timestamp() * 1000)),
    }
