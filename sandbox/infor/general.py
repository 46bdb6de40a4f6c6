"""Who am I, which divisions are there, what time is it: MNS150MI, MNS100MI, GENERAL."""

from sandbox.infor.engine import Call, Row
from sandbox.infor.refusals import NokError


def get_user_data(call: Call) -> list[Row]:
    """Describe the service account."""
    books = call.tenant.books
    first = next(iter(books.divisions.values()))
    return [
        {
            "CONO": str(books.company),
            "DIVI": first.code,
            "LANC": "DE" if call.tenant.options.language == "DE" else "GB",
            "DTFM": "YMD",
            "DCFM": ".",
            "TIZO": "UTC",
            "TX40": "Harborline Property Management",
            "CONM": first.name,
            "USID": "SVCAVX",
            "NAME": "Integration service account",
            "USTA": "20",
        }
    ]


def list_divisions(call: Call) -> list[Row]:
    """List the company's divisions from DIVI on."""
    books = call.tenant.books
    start = call.text("DIVI")
    return [
        {
            "CONO": str(books.company),
            "DIVI": held.code,
            "TX15": held.name,
            "FACI": held.facility,
            "FACN": held.name,
        }
        for code, held in sorted(books.divisions.items())
        if code >= start
    ]


def get_division(call: Call) -> list[Row]:
    """Describe one division; a blank one is the company itself."""
    books = call.tenant.books
    if not call.division:
        return [{"CONO": str(books.company), "TX15": "Harborline", "LOCD": "USD"}]
    held = books.divisions.get(call.division)
    if held is None:
        raise NokError("XRE0103", "DIVI")
    return [{"CONO": str(books.company), "DIVI": held.code, "TX15": held.name, "LOCD": held.currency}]


def get_server_time(call: Call) -> list[Row]:
    """Tell the server's own clock."""
    now = call.tenant.now()
    return [
        {
            "DATE": now.strftime("%Y%m%d"),
            "TIME": now.strftime("%H%M%S"),
            "LMTS": str(int(now.timestamp() * 1000)),
        }
    ]
