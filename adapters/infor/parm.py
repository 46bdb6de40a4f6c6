"""Writes PARM, the fixed-position line of the customer's GLS840 interface; pure: the same plan, the same bytes."""

from datetime import date

from adapters.infor.errors import FIELD_TOO_LONG
from adapters.infor.settings import InforSettings, ParmField
from adapters.infor.values import written
from domain.errors import MisconfiguredError, RefusedError
from domain.money import Money
from domain.postings.events import PostingLine, PostingPlan

LITERAL = "literal:"
LONGEST_PARM = 900
TEXT_WIDTH = 40  # VTXT: the payment id stands first and whole, the invoice number as far as it fits
_ALIGNS = ("left", "right")
_FORMATS = ("text", "date", "date6", "amount", "cents", "blank")

Value = str | date | Money


def encode_parms(plan: PostingPlan, settings: InforSettings) -> tuple[str, ...]:
    """Write PARM per line, in LINE order; raises RefusedError (FIELD_TOO_LONG, FIELD_INVALID) naming the field."""
    lines = sorted(plan.lines, key=lambda line: line.line)
    return tuple(_parm(plan, line, settings) for line in lines)


def check_layout(settings: InforSettings) -> None:
    """Check the layout once; raises MisconfiguredError that says what is wrong with which field."""
    width = sum(field.width for field in settings.parm_layout)
    if not settings.parm_width or not width <= settings.parm_width <= LONGEST_PARM:
        text = f"the fields of the PARM layout take {width} characters, its width is {settings.parm_width}"
        raise MisconfiguredError(f"{text} (at most {LONGEST_PARM})")
    for field in settings.parm_layout:
        fixed = field.format.removeprefix(LITERAL) if field.format.startswith(LITERAL) else None
        if field.width < 1 or (fixed is not None and len(fixed) > field.width):
            raise MisconfiguredError(f"the PARM layout gives {field.name} a width of {field.width}")
        if field.align not in _ALIGNS or (fixed is None and field.format not in _FORMATS):
            text = f"the PARM layout says {field.align!r}, {field.format!r} of {field.name}"
            raise MisconfiguredError(f"{text}: align is left or right, format one of {', '.join(_FORMATS)}, literal:…")
        if fixed is None and field.format != "blank" and field.name not in _KNOWN:
            raise MisconfiguredError(f"the PARM layout names {field.name}, known are {', '.join(sorted(_KNOWN))}")


def voucher_text(payment_id: str, number: str) -> str:
    """Write VTXT: the payment id, a blank, the invoice number cut to what is left."""
    return f"{payment_id} {number}"[:TEXT_WIDTH].rstrip() if len(payment_id) <= TEXT_WIDTH else payment_id


def _parm(plan: PostingPlan, line: PostingLine, settings: InforSettings) -> str:
    values = _values(plan, line)
    written_fields = (_field(field, values.get(field.name, "")) for field in settings.parm_layout)
    return "".join(written_fields).ljust(settings.parm_width)


def _values(plan: PostingPlan, line: PostingLine) -> dict[str, Value]:
    invoice = line.invoice
    return {
        "CONO": str(plan.company),
        "DIVI": plan.division,
        "KEY1": plan.key1,
        "LINE": str(line.line),
        "SUNO": invoice.supplier,
        "SPYN": invoice.payee,
        "SINO": invoice.number,
        "INYR": str(invoice.year),
        "CKNO": plan.number,
        "CUAM": line.net,
        "CDCU": line.discount,
        "CUCD": line.net.currency,
        "PYDT": plan.payment_date,
        "ACDT": plan.accounting_date,
        "BKID": plan.bank_id,
        "VTXT": voucher_text(plan.payment_id, invoice.number),
    }


_KNOWN = frozenset(
    {
        "CONO",
        "DIVI",
        "KEY1",
        "LINE",
        "SUNO",
        "SPYN",
        "SINO",
        "INYR",
        "CKNO",
        "CUAM",
        "CDCU",
        "CUCD",
        "PYDT",
        "ACDT",
        "BKID",
        "VTXT",
    }
)


def _field(field: ParmField, value: Value) -> str:
    text = _text(field, value)
    if len(text) > field.width:
        words = f"{field.name} has {len(text)} characters, PARM takes {field.width}"
        raise RefusedError(words, code=FIELD_TOO_LONG, field=field.name)
    if not text.isprintable():
        raise RefusedError(f"{field.name} holds a character PARM cannot", code="FIELD_INVALID", field=field.name)
    return text.rjust(field.width) if field.align == "right" else text.ljust(field.width)


def _text(field: ParmField, value: Value) -> str:
    if field.format.startswith(LITERAL):
        return field.format.removeprefix(LITERAL)
    if field.format == "blank":
        return ""
    if isinstance(value, Money):
        return str(value.minor) if field.format == "cents" else str(value)
    if isinstance(value, date):
        return written(value)[2:] if field.format == "date6" else written(value)
    return value
