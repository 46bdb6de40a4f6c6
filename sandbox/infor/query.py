"""Reads the query of EXPORTMI: `COL,COL from TABLE where COL = 'x' and COL > 1 or ...`.

Keywords are lower case, `and` binds before `or`, a quote inside a value is doubled, nothing else is allowed.
"""

import operator
import re
from collections.abc import Callable

import msgspec

from sandbox.infor.refusals import NokError

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z0-9_.\-]+)|(<>|!=|>=|<=|=|>|<|,))")
_OPERATORS: dict[str, Callable[[str | int, str | int], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Condition(msgspec.Struct, frozen=True):
    """One comparison of a column with a value."""

    column: str
    sign: str
    value: str

    def holds(self, held: str | int) -> bool:
        """Compare; a column that holds a number compares as a number."""
        if isinstance(held, int):
            return _OPERATORS[self.sign](held, _integer(self.value, self.column))
        return _OPERATORS[self.sign](held, self.value.rstrip())


class Query(msgspec.Struct, frozen=True):
    """A query: columns, table, and terms joined by `or`, each a row of conditions joined by `and`."""

    columns: tuple[str, ...]
    table: str
    terms: tuple[tuple[Condition, ...], ...]


def parse(text: str) -> Query:
    """Read a query; raises NokError when it is not understood."""
    tokens = _tokens(text)
    columns = [_word(tokens)]
    while tokens[:1] == [","]:
        tokens.pop(0)
        columns.append(_word(tokens))
    _expect(tokens, "from")
    table = _word(tokens)
    terms: list[tuple[Condition, ...]] = []
    if tokens:
        _expect(tokens, "where")
        terms.append(_term(tokens))
    while tokens:
        _expect(tokens, "or")
        terms.append(_term(tokens))
    return Query(tuple(columns), table, tuple(terms))


def _tokens(text: str) -> list[str]:
    tokens, place, text = [], 0, text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _not_understood(text[place : place + 20])
        tokens.append(match.group(0).strip())
        place = match.end()
    return tokens


def _term(tokens: list[str]) -> tuple[Condition, ...]:
    conditions = [_condition(tokens)]
    while tokens[:1] == ["and"]:
        tokens.pop(0)
        conditions.append(_condition(tokens))
    return tuple(conditions)


def _condition(tokens: list[str]) -> Condition:
    column = _word(tokens)
    sign = _next(tokens)
    if sign not in _OPERATORS:
        raise _not_understood(sign)
    value = _next(tokens)
    if value.startswith("'"):
        return Condition(column, sign, value[1:-1].replace("''", "'"))
    if value in _OPERATORS or value == ",":
        raise _not_understood(value)
    return Condition(column, sign, str(_integer(value, column)))


def _integer(text: str, column: str) -> int:
    bare = text.strip()
    if not bare.removeprefix("-").isdecimal():
        raise _not_understood(f"{column} {text}")
    return int(bare)


def _word(tokens: list[str]) -> str:
    token = _next(tokens)
    if not token.isalnum() or not token.isupper():
        raise _not_understood(token)
    return token


def _next(tokens: list[str]) -> str:
    if not tokens:
        raise _not_understood("end of query")
    return tokens.pop(0)


def _expect(tokens: list[str], keyword: str) -> None:
    if (token := _next(tokens)) != keyword:
        raise _not_understood(token)


def _not_understood(where: str) -> NokError:
    return NokError("EXP0001", "QERY", where)
