"""Strict reading of request bodies: raw JSON numbers for money, limits, and a refusal for all that is wrong."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from starlette.requests import Request

from sandbox.avidxchange.options import MEGABYTE
from sandbox.avidxchange.wire import RefusedRequestError


class FloatText(str):
    """A JSON number with a fraction or an exponent, exactly as the caller wrote it."""

    __slots__ = ()


DECODER = msgspec.json.Decoder(float_hook=FloatText)
MONEY = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{2}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


async def read_object(request: Request, *, limit_bytes: int, keys: frozenset[str]) -> dict[str, Any]:
    """Read a JSON object with exactly these top-level keys; else refuse with 400, or 413 when too large."""
    if not request.headers.get("content-type", "").lower().startswith("application/json"):
        raise RefusedRequestError(400, "the body must be application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise RefusedRequestError(413, f"the body is larger than {limit_bytes // MEGABYTE} MB")
    try:
        parsed = DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefusedRequestError(400, f"the body is not JSON: {error}") from error
    if type(parsed) is not dict or parsed.keys() != keys:
        raise RefusedRequestError(400, f"the body must have the keys {', '.join(sorted(keys))} and no other")
    return parsed


def records_of(value: Any, *, name: str, most: int) -> list[Any]:
    """Return a list of one to `most` records, or refuse the request."""
    if type(value) is not list or not value:
        raise RefusedRequestError(400, f"{name} must be a list of at least one record")
    if len(value) > most:
        raise RefusedRequestError(400, f"{name} has {len(value)} records, at most {most} are taken")
    return value


class Fields:
    """Reads one record field by field and collects every refusal as (code, message)."""

    def __init__(
        self, record: Any, *, path: str = "", errors: list[tuple[str, str]] | None = None, known: frozenset[str]
    ) -> None:
        self.errors: list[tuple[str, str]] = [] if errors is None else errors
        self._path = path
        self._record: dict[str, Any] = {}
        if type(record) is not dict:
            self.refuse("FIELD_INVALID", "", "must be an object")
            return
        self._record = record
        for name in record.keys() - known:
            self.refuse("FIELD_INVALID", name, "is not a field of this record")

    def refuse(self, code: str, name: str, why: str) -> None:
        """Remember one refusal of a field of this record."""
        self.errors.append((code, f"{self._path}{name} {why}"))

    def text(self, name: str, limit: int, *, required: bool = False) -> str:
        """Return a text of at most `limit` characters, empty where it is missing."""
        value = self._record.get(name)
        if value is None or value == "":
            if required:
                self.refuse("FIELD_REQUIRED", name, "is required")
            return ""
        if type(value) is not str:
            self.refuse("FIELD_INVALID", name, "must be text")
            return ""
        if len(value) > limit:
            self.refuse("FIELD_TOO_LONG", name, f"has {len(value)} characters, at most {limit} are allowed")
        return value

    def money(self, name: str) -> Decimal:
        """Return an amount written as a JSON number with exactly two decimals, never as text."""
        value = self._record.get(name)
        if value is None:
            self.refuse("FIELD_REQUIRED", name, "is required")
        elif type(value) is not FloatText or not MONEY.fullmatch(value):
            self.refuse("FIELD_INVALID", name, "must be a JSON number with two decimals")
        else:
            return Decimal(value)
        return Decimal("0.00")

    def flag(self, name: str) -> bool:
        """Return true or false as JSON knows them."""
        value = self._record.get(name)
        if value is None:
            self.refuse("FIELD_REQUIRED", name, "is required")
        elif type(value) is not bool:
            self.refuse("FIELD_INVALID", name, "must be true or false")
        return value is True

    def positive(self, name: str) -> int:
        """Return a whole number above zero."""
        value = self._record.get(name)
        if value is None:
            self.refuse("FIELD_REQUIRED", name, "is required")
        elif type(value) is not int or value < 1:
            self.refuse("FIELD_INVALID", name, "must be a positive whole number")
        else:
            return value
        return 1

    def day(self, name: str) -> date:
        """Return a date written YYYY-MM-DD."""
        value = self._record.get(name)
        if value is None or value == "":
            self.refuse("FIELD_REQUIRED", name, "is required")
        elif type(value) is str and DAY.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                self.refuse("FIELD_INVALID", name, "is no date of the calendar")
        else:
            self.refuse("FIELD_INVALID", name, "must be a date YYYY-MM-DD")
        return date.min

    def many(self, name: str, *, required: bool = False) -> list[Any]:
        """Return a list, empty where it is missing."""
        value = self._record.get(name)
        if value is None or (value == [] and required):
            if required:
                self.refuse("FIELD_REQUIRED", name, "is required")
            return []
        if type(value) is not list:
            self.refuse("FIELD_INVALID", name, "must be a list")
            return []
        return value

    def child(self, name: str, known: frozenset[str]) -> "Fields | None":
        """Return the reader of a nested object, None where it is missing or null."""
        value = self._record.get(name)
        if value is None:
            return None
        return Fields(value, path=f"{self._path}{name}.", errors=self.errors, known=known)

    def children(self, name: str, known: frozenset[str], *, required: bool = False) -> "list[Fields]":
        """Return one reader per object of a nested list."""
        return [
            Fields(value, path=f"{self._path}{name}[{index}].", errors=self.errors, known=known)
            for index, value in enumerate(self.many(name, required=required))
        ]
