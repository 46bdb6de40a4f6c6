"""M3's rows in our words: suppliers, codes, invoices, vouchers, purchase order lines; pure functions."""

from collections.abc import Iterable, Sequence

from adapters.infor.settings import InforSettings
from adapters.infor.values import Row, code_is, day, money, needed, text, whole
from domain.errors import MalformedError
from domain.event import Personal
from domain.identifiers import InvoiceKey, LedgerRow
from domain.invoices.content import LedgerState
from domain.ledger_codes.events import CodeFact
from domain.money import Money
from domain.ports.ledger import InvoiceHead, PoLine, VoucherLine
from domain.suppliers.events import Address, SupplierContent

DIMENSIONS = 7


def supplier(
    basic: Row, addresses: Sequence[Row], emails: Sequence[Row], *, settings: InforSettings
) -> SupplierContent:
    """Map GetBasicData with the supplier's addresses and e-mail addresses."""
    number = needed(basic, "SUNO", record="supplier")
    name = needed(basic, "SUNM", record=number)
    assumed = settings.assumed
    ordinary = _first_of_type(addresses, assumed.ordinary_address)
    remit_to = _first_of_type(addresses, assumed.remit_to_address)
    check_name = text(remit_to, "SUNM") if remit_to is not None else ""
    country = text(basic, "CSCD")
    return SupplierContent(
        company=settings.company,
        number=number,
        name=name,
        status=needed(basic, "STAT", record=number),
        name_on_check=check_name if check_name not in ("", name) else None,
        tax_id=_personal(text(basic, "TINO")),
        address=_address(ordinary, country),
        remit_to=_address(remit_to, country),
        phone=_personal(text(basic, "PHNO")),
        email=_personal(next((found for row in emails if (found := text(row, "EMAL"))), "")),
        group=text(basic, "SUCL"),
        payee=text(basic, "PRSU"),
    )


def code_fact(row: Row, *, settings: InforSettings) -> CodeFact:
    """Map a row of LstAccountID; the description is TX40, else TX15."""
    record = f"{text(row, 'AITP')}/{text(row, 'AITM')}"
    return CodeFact(
        division=text(row, "DIVI"),
        description=text(row, "TX40") or text(row, "TX15"),
        blocked=code_is(row, "LCCD", settings.assumed.blocked_code),
        valid_from=day(row, "VFDT", record=record),
        valid_to=day(row, "VTDT", record=record),
    )


def invoice_head(row: Row, *, settings: InforSettings) -> InvoiceHead:
    """Map a row of FPLEDG by its column names; raises MalformedError."""
    ledger_row = LedgerRow(
        settings.company,
        text(row, "EPDIVI"),
        whole(row, "EPYEA4", record="FPLEDG"),
        whole(row, "EPJRNO", record="FPLEDG"),
        whole(row, "EPJSNO", record="FPLEDG"),
    )
    record = ledger_row.natural_key
    key = InvoiceKey(
        settings.company,
        text(row, "EPDIVI"),
        needed(row, "EPSPYN", record=record),
        needed(row, "EPSUNO", record=record),
        needed(row, "EPSINO", record=record),
        whole(row, "EPINYR", record=record),
    )
    if row.get("EPSINO", "").startswith(" "):
        raise MalformedError(f"{record}: the number of invoice {key.number!r} begins with a blank", record=record)
    invoice_date = day(row, "EPIVDT", record=record)
    if invoice_date is None or not key.year:
        raise MalformedError(f"{record}: the invoice has no date or no year", record=record)
    return InvoiceHead(
        key=key,
        row=ledger_row,
        voucher=whole(row, "EPVONO", record=record),
        series=text(row, "EPVSER"),
        invoice_date=invoice_date,
        due_date=day(row, "EPDUDT", record=record),
        accounting_date=day(row, "EPACDT", record=record),
        gross=money(
            row,
            "EPCUAM",
            currency=needed(row, "EPCUCD", record=record),
            record=record,
            sign=settings.amount_sign,
        ),
        approved=code_is(row, "EPAPRV", settings.assumed.approved),
        payment_status=whole(row, "EPPYST", record=record),
        changed=day(row, "EPLMDT", record=record),
    )


def ledger_state(row: Row, *, settings: InforSettings, record: str) -> LedgerState:
    """Map GetInvTotInfo, the amount sign applied; amounts M3 leaves blank are zero, but for CUAM and OCUA."""
    currency = needed(row, "CUCD", record=record)
    sign = settings.amount_sign

    def amount(field: str) -> Money:
        return money({field: text(row, field) or "0"}, field, currency=currency, record=record, sign=sign)

    needed(row, "CUAM", record=record)
    needed(row, "OCUA", record=record)
    assumed = settings.assumed
    return LedgerState(
        gross=amount("CUAM"),
        paid=amount("PCUA"),
        outstanding=amount("OCUA"),
        discount=amount("CDCU"),
        approved=code_is(row, "APRV", assumed.approved),
        stopped=code_is(row, "IVBL", assumed.payment_stop),
        payment_status=whole(row, "PYST", record=record),
        reconciled=code_is(row, "RECO", assumed.reconciled),
        payment_method=text(row, "PYME"),
    )


def voucher_line(row: Row, *, currency: str, record: str) -> VoucherLine:
    """Map a row of LstVoucherLines; the amount as M3 signs it, in the row's currency (else `currency`)."""
    return VoucherLine(
        sequence=whole(row, "JSNO", record=record),
        transaction_code=text(row, "TRCD"),
        accounts=tuple(text(row, f"AIT{number}") for number in range(1, DIMENSIONS + 1)),
        amount=money(row, "CUAM", currency=text(row, "CUCD") or currency, record=record),
        side=text(row, "DBCR").upper(),
        text=text(row, "VTXT"),
    )


def po_line(row: Row, *, currency: str, record: str) -> PoLine:
    """Map a row of APS450MI/LstLines that names a purchase order."""
    return PoLine(
        po_number=text(row, "PUNO"),
        po_line=text(row, "PNLI"),
        amount=money({"NLAM": text(row, "NLAM") or "0"}, "NLAM", currency=text(row, "CUCD") or currency, record=record),
    )


def _first_of_type(addresses: Iterable[Row], kind: int) -> Row | None:
    fitting = [row for row in addresses if code_is(row, "ADTE", str(kind))]
    return min(fitting, key=lambda row: text(row, "ADID"), default=None)


def _address(row: Row | None, country: str) -> Address | None:
    if row is None:
        return None
    more = [part for field in ("ADR2", "ADR3", "ADR4") if (part := text(row, field))]
    parts = {
        "line1": _personal(text(row, "ADR1")),
        "line2": _personal(", ".join(more)),
        "city": _personal(text(row, "TOWN")),
        "state": _personal(text(row, "ECAR")),
        "postal_code": _personal(text(row, "PONO")),
    }
    if not any(parts.values()):
        return None
    return Address(**parts, country=text(row, "CSCD") or country)


def _personal(value: str) -> Personal | None:
    return Personal(value) if value else None
