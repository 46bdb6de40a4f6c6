"""M3's values as they stand in answers: texts padded with blanks, numbers as texts, dates as yyyyMMdd."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from domain.errors import MalformedError
from domain.money import MINOR_DIGITS, Money

Row = Mapping[str, str]
LONGEST_NUMBER_DIGITS = 18  # M3's longest (LMTS), and what any store takes
LONGEST_AMOUNT_DIGITS = 15  # before the point, of N17 with two decimals
_TOO_MUCH = 10 ** (LONGEST_AMOUNT_DIGITS + MINOR_DIGITS)
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
    sound = number.is_finite() and number.adjusted() < LONGEST_NUMBER_DIGITS
    if not sound or number != number.to_integral_value():
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
    if abs(amount.minor) >= _TOO_MUCH:
        raise MalformedError(f"{record}: {field} is longer than M3's amounts in Infor's answer", record=record)
    return -amount if sign < 0 else amount


def code_is(row: Row, field: str, code: str) -> bool:
    """Compare a code whether or not it was padded with blanks or leading zeros ("01" is 1, "" is 0)."""
    held = text(row, field)
    return (held.lstrip("0") or "0") == (code.lstrip("0") or "0")


def written(moment: date) -> str:
    """Write a date as M3 takes it."""
    return f"{moment.year:04d}{moment.month:02d}{moment.day:02d}"
