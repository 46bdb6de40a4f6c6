"""A saying: the system a fact comes from and how it is put in words, with a few helpers for the words."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from domain.money import Money

INFOR = "infor"
AVIDXCHANGE = "avidxchange"
TIEOUT = "tieout"


class Saying(NamedTuple):
    """Where a fact comes from, and its sentence."""

    system: str
    say: Callable[[Any], str]


def infor(say: Callable[[Any], str]) -> Saying:
    """A fact that Infor told."""
    return Saying(INFOR, say)


def avid(say: Callable[[Any], str]) -> Saying:
    """A fact that AvidXchange told."""
    return Saying(AVIDXCHANGE, say)


def ours(say: Callable[[Any], str]) -> Saying:
    """A fact of our own work, or of a person's."""
    return Saying(TIEOUT, say)


def money(amount: Money) -> str:
    """Write an amount with its currency."""
    return f"{amount} {amount.currency}"


def listing(words: Iterable[str]) -> str:
    """Write several words, "none" without any."""
    return ", ".join(words) or "none"


def after(text: str, *, before: str = ": ") -> str:
    """Write a part that may be missing."""
    return f"{before}{text}" if text else ""
