"""Reads a line of the payment interface: 180 characters, every field at its place."""

import re
from datetime import UTC, date, datetime

import msgspec

from sandbox.infor.refusals import NokError

_LENGTH = 180
_LAYOUT = (
    ("I1", 2),
    ("RNNO", 9),
    ("GRNR", 8),
    ("DIVI", 3),
    ("SUNO", 10),
    ("SPYN", 10),
    ("SINO", 24),
    ("INYR", 4),
    ("CKNO", 15),
    ("CUAM", 17),
    ("CUCD", 3),
    ("PYDT", 8),
    ("ACDT", 8),
    ("BKID", 5),
    ("VTXT", 40),
)
_AMOUNT = re.compile(r" *(-?)(\d+)\.(\d\d)")
_DIGITS = ("RNNO", "GRNR")
_FILLED = ("DIVI", "SUNO", "SPYN", "SINO", "INYR", "CKNO", "CUCD", "VTXT")


class PaymentLine(msgspec.Struct, frozen=True):
    """One invoice paid: `cents` is the net, negative for a credit note or a reversal."""

    division: str
    supplier: str
    payee: str
    number: str
    year: str
    check_number: str
    cents: int
    currency: str
    paid_on: date
    accounting_date: date
    text: str

    @property
    def invoice_key(self) -> tuple[str, str, str, str, str]:
        """Name the invoice that is paid."""
        return (self.division, self.payee, self.supplier, self.number, self.year)


def read_parm(parm: str) -> PaymentLine:
    """Read a line; raises NokError GL84001 naming the field that is not as the layout says."""
    if len(parm) != _LENGTH:
        raise NokError("GL84001", "PARM", f"{len(parm)} characters instead of {_LENGTH}")
    fields, place = {}, 0
    for name, width in _LAYOUT:
        fields[name] = parm[place : place + width]
        place += width
    if parm[place:].strip():
        raise _wrong("FILLER")
    if fields["I1"] != "I1":
        raise _wrong("I1")
    for name in _DIGITS:
        if fields[name].strip() and not fields[name].strip().isdecimal():
            raise _wrong(name)
    for name in _FILLED:
        if not fields[name].strip() or fields[name].startswith(" "):
            raise _wrong(name)
    if not fields["INYR"].isdecimal():
        raise _wrong("INYR")
    return PaymentLine(
        division=fields["DIVI"].rstrip(),
        supplier=fields["SUNO"].rstrip(),
        payee=fields["SPYN"].rstrip(),
        number=fields["SINO"].rstrip(),
        year=fields["INYR"],
        check_number=fields["CKNO"].rstrip(),
        cents=_amount(fields["CUAM"]),
        currency=fields["CUCD"],
        paid_on=_date("PYDT", fields["PYDT"]),
        accounting_date=_date("ACDT", fields["ACDT"]),
        text=fields["VTXT"].rstrip(),
    )


def _amount(text: str) -> int:
    match = _AMOUNT.fullmatch(text)
    cents = int(match[2] + match[3]) if match else 0
    if match is None or not cents:
        raise _wrong("CUAM")
    return -cents if match[1] else cents


def _date(name: str, text: str) -> date:
    if not text.isdecimal():
        raise _wrong(name)
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise _wrong(name) from None


def _wrong(name: str) -> NokError:
    return NokError("GL84001", "PARM", name)
