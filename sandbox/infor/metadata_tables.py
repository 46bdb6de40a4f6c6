"""Which transactions the pretend tenant has, and their fields: the subset of M3 the contract names."""

from sandbox.infor.metadata import Transaction, read_fields

_LEDGER_OUT = (
    "TRCD N2; SPYN A10; SUNO A10; SINO A24; INYR N4; JRNO N7; JSNO N7; VSER A3; VONO N8; IVBL N1; BLBY A10; "
    "BLDT D10; APRV N1; CUCD A3; CUAM N17; VTAM N17; IVDT D10; DUDT D10; ACDT D10; PYME A3; TEPY A3; "
    "RECO N1; REDE D10; PYST N1; PAIN A60"
)
_VOUCHER_OUT = (
    "CONO N3; DIVI A3; YEA4 N4; JRNO N7; JSNO N7; TRCD N2; ACDT D10; VSER A3; VONO N8; AIT1 A10; AIT2 A10; "
    "AIT3 A10; AIT4 A10; AIT5 A10; AIT6 A10; AIT7 A10; CUCD A3; ACAM N17; DBCR A1; CUAM N17; VTCD N2; VTXT A40"
)
_SUPPLIER_OUT = (
    "CONO N3; SUNO A10; SUNM A36; PHNO A16; CSCD A3; ECAR A2; CUCD A3; TEPY A3; PYME A3; SUCL A3; TINO A15; "
    "PRSU A10; SUTY N1"
)
_ADDRESS_OUT = (
    "CONO N3; SUNO A10; ADTE N2; ADID A6; STDT D10; SUNM A36; ADR1 A36; ADR2 A36; ADR3 A36; ADR4 A36; "
    "TOWN A20; ECAR A2; PONO A10; CSCD A3"
)
_INVOICE_KEY = "*SPYN A10; *SINO A24; *INYR N4; *SUNO A10"

# program/transaction, input, output, a list?, needs the company?
_DECLARED: tuple[tuple[str, str, str, bool, bool], ...] = (
    (
        "MNS150MI/GetUserData",
        "USID A10",
        "CONO N3; DIVI A3; LANC A2; DTFM A3; DCFM A1; TIZO A5; TX40 A40; CONM A40; USID A10; NAME A36; USTA A2",
        False,
        False,
    ),
    ("MNS100MI/LstDivisions", "*CONO N3; DIVI A3", "CONO N3; DIVI A3; TX15 A15; FACI A3; FACN A30", True, True),
    ("MNS100MI/GetBasicData", "*CONO N3; DIVI A3", "CONO N3; DIVI A3; TX15 A15; LOCD A3", False, True),
    ("GENERAL/GetServerTime", "", "DATE D10; TIME N6; LMTS N18", False, False),
    ("CRS620MI/LstSuppliers", "CONO N3; FRSU A10; TOSU A10; LMTS N18", _SUPPLIER_OUT, True, True),
    ("CRS620MI/GetBasicData", "*SUNO A10; CONO N3", f"{_SUPPLIER_OUT}; STAT A2; VRNO A16", False, True),
    (
        "CRS620MI/LstAddresses",
        "*SUNO A10",
        _ADDRESS_OUT,
        True,
        True,
    ),
    ("CRS111MI/List", "*EMTP A2; EMKY A10", "EMTP A2; EMKY A10; EMAL A60", True, True),
    (
        "CRS630MI/LstAccountID",
        "*AITP N1; DIVI A3; AITM A10; LNCD A2",
        "CONO N3; DIVI A3; AITP N1; AITM A10; TX40 A40; TX15 A15; LCCD N1; VFDT D10; VTDT D10; LMDT D10; LMTS N18",
        True,
        True,
    ),
    (
        "CRS750MI/GetGLSettings",
        "DIVI A3",
        "DIVI A3; FAC1 A1; FAC2 A1; FAC3 A1; FAC4 A1; FAC5 A1; FAC6 A1; FAC7 A1",
        False,
        True,
    ),
    ("EXPORTMI/Select", "*QERY A982; SEPC A1; HDRS N1", "REPL A3985", True, False),
    (
        "APS200MI/GetInvTotInfo",
        f"*DIVI A3; {_INVOICE_KEY}",
        f"YEA4 N4; {_LEDGER_OUT}; LMDT D10; LMTS N18; ACAM N17; PCUA N17; OCUA N17; CDCU N17; LOCD A3",
        False,
        True,
    ),
    (
        "APS200MI/LstInvoiceTrans",
        f"{_INVOICE_KEY}; CONO N3; DIVI A3; TRCD N2",
        f"CONO N3; DIVI A3; {_LEDGER_OUT}",
        True,
        True,
    ),
    (
        "GLS200MI/LstVoucherLines",
        "*DIVI A3; *YEA4 N4; *VONO N8; CONO N3; VSER A3; JRNO N7",
        _VOUCHER_OUT,
        True,
        True,
    ),
    ("GLS200MI/LstVouchersByDt", "*FRDT D10; *TODT D10; DIVI A3", _VOUCHER_OUT, True, True),
    (
        "APS450MI/LstInvBySupInv",
        "*SPYN A10; *SUNO A10; *SINO A24; DIVI A3",
        "INBN N10; IBTP A2; SUPA N2",
        True,
        True,
    ),
    (
        "APS450MI/LstLines",
        "*INBN N10; DIVI A3; TRNO N7",
        "TRNO N7; RDTP N2; NLAM N17; CUCD A3; PUNO A10; PNLI N3; PNLS N3; IVQA N17; ITNO A15; REPN N10; SUDO A20",
        True,
        True,
    ),
    (
        "APS251MI/AddInfoCat",
        "*YEA4 N4; *JRNO N7; *JSNO N7; *PEXN N3; *PEXI A45; DIVI A3; PEXS N3",
        "",
        False,
        True,
    ),
    (
        "APS251MI/GetInvInfo",
        "*SPYN A10; *SUNO A10; *SINO A24; *INYR N4; CONO N3; DIVI A3; PEXN N3",
        "PEXN N3; PEXI A45; PEXS N3",
        True,
        True,
    ),
    (
        "GLS840MI/AddBatchHead",
        "*CONO N3; *KEY1 A15; *INTN A15; *DESC A40; DIVI A3; USID A10",
        "CONO N3",
        False,
        True,
    ),
    (
        "GLS840MI/AddBatchLine",
        "*CONO N3; *KEY1 A15; *LINE N7; *PARM A900; DIVI A3",
        "CONO N3",
        False,
        True,
    ),
    ("GLS840MI/CtrlBatch", "*CONO N3; *KEY1 A15; DIVI A3", "CONO N3", False, True),
    ("GLS840MI/UpdBatch", "*CONO N3; *KEY1 A15; DIVI A3", "CONO N3", False, True),
    ("MRS001MI/LstTransactions", "*MINM A10; INCG A1", "MINM A10; TRNM A15; TRDS A60; SIMU A1", True, False),
    (
        "MRS001MI/LstFields",
        "*MINM A10; *TRNM A15; *TRTP A1",
        "MINM A10; TRNM A15; TRTP A1; FLNM A10; FLDS A60; FRPO N4; TOPO N4; LENG N4; TYPE A1; MAND A1",
        True,
        False,
    ),
)


def all_transactions() -> dict[str, Transaction]:
    """Give every transaction by "PROGRAM/Transaction"."""
    found = {}
    for path, inputs, outputs, several, company in _DECLARED:
        program, name = path.split("/")
        found[path] = Transaction(program, name, read_fields(inputs), read_fields(outputs), several, company)
    return found
