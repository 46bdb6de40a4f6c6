"""Money: integer minor units with their currency; decimals only at the edges, binary floats nowhere."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import msgspec

from domain.errors import MalformedError

MINOR_DIGITS = 2  # the trade here is in dollars; other currencies are recorded, never sent
_CENT = Decimal("0.01")


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount in minor units (cents) of a currency (ISO 4217)."""

    minor: int
    currency: str = "USD"

    @classmethod
    def parse(cls, text: str, currency: str = "USD", *, record: str = "") -> "Money":
        """Read a decimal text such as "1250.00" or "-5"; more than two decimals is malformed, never rounded."""
        try:
            amount = Decimal(text.strip() or "0")
            exact = amount.is_finite() and amount == amount.quantize(_CENT)
        except InvalidOperation:
            raise MalformedError(f"{text!r} is no amount of money", record=record) from None
        if not exact:
            raise MalformedError(f"{text!r} is no amount with at most two decimals", record=record)
        return cls(int(amount.scaleb(MINOR_DIGITS)), currency)

    def __add__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.minor), self.currency)

    def __str__(self) -> str:
        """Give a plain decimal with two digits, for example "-12.05"; the currency stands beside it."""
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{abs(self.minor) // 100}.{abs(self.minor) % 100:02d}"

    @property
    def is_zero(self) -> bool:
        """Whether nothing is left."""
        return self.minor == 0

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise MalformedError(f"{self.currency} and {other.currency} cannot be added")


def total(amounts: Iterable[Money], currency: str = "USD") -> Money:
    """Add up amounts of one currency; an empty sum is zero of `currency`."""
    result: Money | None = None
    for amount in amounts:
        result = amount if result is None else result + amount
    return result if result is not None else Money(0, currency)
