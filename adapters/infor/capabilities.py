"""What of M3 this adapter uses, declared as data: transactions with their input fields, and the limits it keeps."""

import msgspec

BULK_TRANSACTIONS = 100  # practice of the gateway: more in one request is not taken
QUERY_CHARACTERS = 982  # QERY of EXPORTMI/Select


class Transaction(msgspec.Struct, frozen=True):
    """One transaction: its input fields with their lengths.

    optional: the adapter works without it, by another way or by doing without.
    """

    path: str
    fields: dict[str, int]
    mandatory: frozenset[str]
    optional: bool = False

    @property
    def program(self) -> str:
        """The program, for example CRS620MI."""
        return self.path.partition("/")[0]

    @property
    def name(self) -> str:
        """The transaction's own name."""
        return self.path.partition("/")[2]


def _declare(path: str, fields: str, *, optional: bool = False) -> Transaction:
    """Read "*SUNO 10, CONO 3": a star marks what is mandatory, the number is the longest value."""
    parts = [part.split() for part in fields.split(",") if part.strip()]
    return Transaction(
        path,
        {name.lstrip("*"): int(length) for name, length in parts},
        frozenset(name.lstrip("*") for name, _ in parts if name.startswith("*")),
        optional,
    )


_INVOICE = "*SPYN 10, *SINO 24, *INYR 4, *SUNO 10"

USER_DATA = _declare("MNS150MI/GetUserData", "USID 10")
DIVISIONS = _declare("MNS100MI/LstDivisions", "*CONO 3, DIVI 3")
DIVISION = _declare("MNS100MI/GetBasicData", "*CONO 3, DIVI 3")
SERVER_TIME = _declare("GENERAL/GetServerTime", "")
SUPPLIERS = _declare("CRS620MI/LstSuppliers", "CONO 3, FRSU 10, TOSU 10, LMTS 18")
SUPPLIER = _declare("CRS620MI/GetBasicData", "*SUNO 10, CONO 3")
ADDRESSES = _declare("CRS620MI/LstAddresses", "*SUNO 10")
EMAILS = _declare("CRS111MI/List", "*EMTP 2, EMKY 10")
CODES = _declare("CRS630MI/LstAccountID", "*AITP 1, DIVI 3, AITM 10, LNCD 2")
GL_SETTINGS = _declare("CRS750MI/GetGLSettings", "DIVI 3")
EXPORT = _declare("EXPORTMI/Select", f"*QERY {QUERY_CHARACTERS}, SEPC 1, HDRS 1")
INVOICE_TOTALS = _declare("APS200MI/GetInvTotInfo", f"*DIVI 3, {_INVOICE}")
INVOICE_ROWS = _declare("APS200MI/LstInvoiceTrans", f"{_INVOICE}, CONO 3, DIVI 3, TRCD 2", optional=True)
VOUCHER_LINES = _declare("GLS200MI/LstVoucherLines", "*DIVI 3, *YEA4 4, *VONO 8, CONO 3, VSER 3, JRNO 7")
VOUCHERS_BY_DATE = _declare("GLS200MI/LstVouchersByDt", "*FRDT 10, *TODT 10, DIVI 3")
PO_BATCHES = _declare("APS450MI/LstInvBySupInv", "*SPYN 10, *SUNO 10, *SINO 24, DIVI 3")
PO_LINES = _declare("APS450MI/LstLines", "*INBN 10, DIVI 3, TRNO 7")
BATCH_HEAD = _declare("GLS840MI/AddBatchHead", "*CONO 3, *KEY1 15, *INTN 15, *DESC 40, DIVI 3, USID 10")
BATCH_LINE = _declare("GLS840MI/AddBatchLine", "*CONO 3, *KEY1 15, *LINE 7, *PARM 900, DIVI 3")
BATCH_CHECK = _declare("GLS840MI/CtrlBatch", "*CONO 3, *KEY1 15, DIVI 3")
BATCH_HANDOVER = _declare("GLS840MI/UpdBatch", "*CONO 3, *KEY1 15, DIVI 3")
REPOSITORY = _declare("MRS001MI/LstTransactions", "*MINM 10, INCG 1", optional=True)

TRANSACTIONS = (
    USER_DATA,
    DIVISIONS,
    DIVISION,
    SERVER_TIME,
    SUPPLIERS,
    SUPPLIER,
    ADDRESSES,
    EMAILS,
    CODES,
    GL_SETTINGS,
    EXPORT,
    INVOICE_TOTALS,
    INVOICE_ROWS,
    VOUCHER_LINES,
    VOUCHERS_BY_DATE,
    PO_BATCHES,
    PO_LINES,
    BATCH_HEAD,
    BATCH_LINE,
    BATCH_CHECK,
    BATCH_HANDOVER,
    REPOSITORY,
)
POSTING_STEPS = {each.name: each for each in (BATCH_HEAD, BATCH_LINE, BATCH_CHECK, BATCH_HANDOVER)}


def required(missing: tuple[str, ...]) -> tuple[str, ...]:
    """Give those of the missing transactions the adapter cannot do without."""
    optional = {each.path for each in TRANSACTIONS if each.optional}
    return tuple(path for path in missing if path not in optional)
