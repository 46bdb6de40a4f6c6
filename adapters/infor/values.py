"""M3's values as they stand in answers: texts padded with blanks, numbers as texts, dates as yyyyMMdd."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from domain.errors import MalformedError
from domain.money import Money

Row = Mapping[str, str]
_DATE_CHARACTERS = 8


def text(row: Row, field: str) -> str:
    """Give a field without the blanks around it; "" when it is absent."""
    return row.get(field, "").strip()


def needed(row: Row, field: str, *, record: str) -> str:
    """Give a field that must be there; raises MalformedError."""
    value = text(row, field)
    if not value:
        raise MalformedError(f"{record}: {field} is missing in Infor's answer", record=record)
    return value


def whole(row: Row, field: str, *, record: str) -> int:
    """Give a whole number, 0 when absent; "12.00" is 12; raises MalformedError."""
    held = text(row, field)
    if not held:
        return 0
    try:
        number = Decimal(held)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number != number.to_integral_value():
        raise MalformedError(f"{record}: {field} is no whole number in Infor's answer", record=record)
    return int(number)


def day(row: Row, field: str, *, record: str) -> date | None:
    """Give a date; None when it is blank or zero; raises MalformedError."""
    held = text(row, field)
    if not held.strip("0"):
        return None
    if len(held) == _DATE_CHARACTERS and held.isascii() and held.isdigit():
        try:
            return date(int(held[:4]), int(held[4:6]), int(held[6:]))
        except ValueError:
            pass  # falls through to the one verdict on bad dates below
    raise MalformedError(f"{record}: {field} is no date yyyyMMdd in Infor's answer", record=record)


def money(row: Row, field: str, *, currency: str, record: str, sign: int = 1) -> Money:
    """Give an amount that must be there, times `sign`; raises MalformedError."""
    amount = Money.parse(needed(row, field, record=record), currency, record=record)
    return -amount if sign < 0 else amount


def code_is(row: Row, field: str, code: str) -> bool:
    """Compare a code whether or not it was padded with blanks or leading zeros ("01" is 1, "" is 0)."""
    held = text(row, field)
    return (held.lstrip("0") or "0") == (code.lstrip("0") or "0")


def written(moment: date) -> str:
    """Write a date as M3 takes it."""
    return f"{moment.year:04d}{moment.month:02d}{moment.day:02d}"
