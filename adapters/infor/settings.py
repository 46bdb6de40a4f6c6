"""The adapter's settings: what a customer chose, and every assumption only a customer's tenant can settle."""

import msgspec


class ParmField(msgspec.Struct, frozen=True):
    """One field of PARM, the line of the customer's GLS840 interface.

    align: left | right. format: text | date (yyyyMMdd) | date6 (yyMMdd) | amount (point, two decimals) |
    cents | blank, or `literal:...` for a fixed text.
    """

    name: str
    width: int
    align: str = "left"
    format: str = "text"


DEFAULT_PARM_LAYOUT = (
    ParmField("I1", 2, format="literal:I1"),
    ParmField("RNNO", 9, format="blank"),
    ParmField("GRNR", 8, format="blank"),
    ParmField("DIVI", 3),
    ParmField("SUNO", 10),
    ParmField("SPYN", 10),
    ParmField("SINO", 24),
    ParmField("INYR", 4),
    ParmField("CKNO", 15),
    ParmField("CUAM", 17, align="right", format="amount"),
    ParmField("CUCD", 3),
    ParmField("PYDT", 8, format="date"),
    ParmField("ACDT", 8, format="date"),
    ParmField("BKID", 5),
    ParmField("VTXT", 40),
)


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What is marked as assumed in the wire contract; a tenant that differs is met by changing a value here.

    separators: candidates for EXPORTMI's SEPC, tried in turn. page_rows: rows asked for per page of a list.
    round_rows: a tenant caps lists at a multiple of this, so that only other row counts end a list.
    """

    ordinary_address: int = 1
    remit_to_address: int = 10
    supplier_emails: str = "02"
    invoice_code: str = "40"
    payment_code: str = "50"
    approved: str = "1"
    payment_stop: str = "1"
    reconciled: str = "1"
    blocked_code: str = "1"
    separators: tuple[str, ...] = ("~", "^", "|", ";", "`", "\\")
    page_rows: int = 1000
    round_rows: int = 50
    batch_table: str = "FGLINH"
    batch_division: str = "GHDIVI"
    batch_key: str = "GHKEY1"
    document_type: str = "M3_SupplierInvoice"
    document_attributes: tuple[tuple[str, str], ...] = (
        ("M3_Company", "company"),
        ("M3_Division", "division"),
        ("BOD_SupplierPartyID", "supplier"),
        ("BOD_SupplierInvoiceID", "number"),
        ("M3_InvoiceYear", "year"),
    )


class InforSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the adapter needs of a connection's settings.

    amount_sign: 1 or -1, the sign of an invoice's CUAM. parm_width: PARM is filled with blanks up to it.
    user: USID of a batch head, "" leaves it to M3.
    """

    company: int
    divisions: tuple[str, ...]
    amount_sign: int = 1
    user: str = ""
    parm_layout: tuple[ParmField, ...] = DEFAULT_PARM_LAYOUT
    parm_width: int = 180
    call_timeout_seconds: float = 60.0
    largest_image_bytes: int = 64 * 1024 * 1024
    assumed: Assumptions = Assumptions()
