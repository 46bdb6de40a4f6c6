"""What the store's statements are written in: one text for both databases, and the few words that differ."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import msgspec

Params = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """A cursor within a transaction: `?` and `:name` for values, rows read by column name."""

    def execute(self, statement: str, params: Params = ..., /) -> Any:
        """Run one statement."""

    def executemany(self, statement: str, rows: Iterable[Params], /) -> Any:
        """Run one statement for many rows."""

    def fetchone(self) -> Any:
        """Give the next row, None when there is none."""

    def fetchall(self) -> list[Any]:
        """Give the rows that are left."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """Where SQLite and PostgreSQL say the same thing differently.

    greatest: the function that gives the largest of its arguments; for_share: keeps a row from being changed until
    the transaction ends; skip_locked: takes rows and leaves out those another transaction holds (SQLite has one
    writer at a time and needs neither); types: column types by the name the schema gives them.
    """

    greatest: str
    for_share: str
    skip_locked: str
    types: Mapping[str, str]

    def columns(self, text: str) -> str:
        """Write a table's columns, which the schema gives in SQLite's words."""
        return _TYPES.sub(lambda found: self.types[found.group()], text)


_TYPES = re.compile(r"\b(?:TEXT|INTEGER|REAL|BLOB)\b")
SQLITE = Dialect(
    greatest="MAX",
    for_share="",
    skip_locked="",
    types={"TEXT": "TEXT", "INTEGER": "INTEGER", "REAL": "REAL", "BLOB": "BLOB"},
)
POSTGRES = Dialect(
    greatest="GREATEST",
    for_share=" FOR SHARE",
    skip_locked=" FOR UPDATE OF pending SKIP LOCKED",
    # Our time stamps and sort keys are compared as bytes, whatever language the server speaks.
    types={"TEXT": 'TEXT COLLATE "C"', "INTEGER": "BIGINT", "REAL": "DOUBLE PRECISION", "BLOB": "BYTEA"},
)
_MARKS = re.compile(r"'(?:[^']|'')*'|\?|(?<![:\w]):([a-z_]+)|%")


@lru_cache(maxsize=1024)
def for_psycopg(statement: str) -> bytes:
    """Write `?` and `:name` as psycopg's `%s` and `%(name)s`; quoted texts stay as they are."""
    return _MARKS.sub(_mark, statement).encode()


def _mark(found: re.Match[str]) -> str:
    if found[1]:
        return f"%({found[1]})s"
    return "%s" if found[0] == "?" else found[0].replace("%", "%%")


def marks(values: Iterable[object]) -> str:
    """Give one `?` for each value."""
    return ", ".join("?" for _ in values)
