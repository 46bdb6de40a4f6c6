"""Reading AvidXchange's JSON liberally: lists that may be single objects, ids that may be numbers, exact money."""

from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from adapters.http_messages import Reply
from adapters.unreadable import UNREADABLE
from domain.errors import MalformedError, TransientError
from domain.money import MINOR_DIGITS, Money

Text = str | int | None  # ids and numbers come as either; kept as text
LONGEST_AMOUNT_DIGITS = 15
LONGEST_DETAIL = 300
LONGEST_COUNT = 15  # digits, of pages and records
_NULL = b"null"
_NO_FAULTS = (_NULL, b'""')  # as serializers write a list that has nothing in it
_T = TypeVar("_T")


class Named(msgspec.Struct, rename="pascal"):
    """A status or method: a number and its name."""

    id: Text = None
    description: Text = None


class Paging(msgspec.Struct, rename="pascal"):
    """How a list is cut into pages; every part may be missing."""

    page_size: Text = None
    pages: Text = None
    page_count: Text = None
    total_items: Text = None


class Page(msgspec.Struct):
    """One page of a list; records are read one by one, so that a bad one leaves its neighbours alone."""

    items: list[msgspec.Raw]
    pages: int | None
    total: int | None
    size: int | None


class Fault(msgspec.Struct, rename="pascal"):
    """Why a record was refused."""

    code: Text = None
    message: Text = None


class Result(msgspec.Struct):
    """One record's result of a write; successful is None when it says neither yes nor no."""

    successful: bool | None
    item: msgspec.Raw
    faults: list[Fault]


class _List(msgspec.Struct, rename="pascal"):
    items: msgspec.Raw
    paging: Paging | None = None


class _Results(msgspec.Struct, rename="pascal"):
    results: msgspec.Raw


class _Result(msgspec.Struct, rename="pascal"):
    successful: bool | str | None = None
    item: msgspec.Raw = msgspec.Raw(b"{}")
    errors: msgspec.Raw = msgspec.Raw(b"[]")


class _Exception(msgspec.Struct):
    reason: Text = None
    detail: Text = None


class _ExceptionBody(msgspec.Struct):
    exception: _Exception


def read_page(reply: Reply) -> Page:
    """Read a page of a list. Raises TransientError when the answer is no such page (HTML, cut JSON)."""
    try:
        body = msgspec.json.decode(reply.body, type=_List)
        paging = body.paging or Paging()
        total = _whole(paging.total_items)
        # A null alone proves no absence: it is an empty list where the total says the same.
        items = [] if total == 0 and bytes(body.items) == _NULL else many(body.items)
        return Page(
            items=items,
            pages=_whole(paging.pages) or _whole(paging.page_count),
            total=total,
            size=_whole(paging.page_size),
        )
    except (*UNREADABLE, ValueError):
        raise TransientError(f"AvidXchange answered {reply.status} with something that is no list") from None


def read_results(reply: Reply) -> list[Result]:
    """Read the results of a write. Raises MalformedError when there are none to be read."""
    try:
        raws = many(msgspec.json.decode(reply.body, type=_Results).results)
    except UNREADABLE:
        text = f"AvidXchange answered {reply.status} with something that holds no results"
        raise MalformedError(text) from None
    return [result for raw in raws if (result := _result(raw)) is not None]


def read_refusal(reply: Reply) -> tuple[str, str]:
    """Give (reason, detail) of an error body, blanks where it cannot be read. Never ask for a failed log-in's."""
    try:
        told = msgspec.json.decode(reply.body, type=_ExceptionBody).exception
    except UNREADABLE:
        return "", ""
    return text(told.reason)[:LONGEST_DETAIL], text(told.detail)[:LONGEST_DETAIL]


def many(raw: msgspec.Raw) -> list[msgspec.Raw]:
    """Read a list, or a single object in its place. Raises msgspec.DecodeError for anything else."""
    if bytes(raw).lstrip()[:1] == b"{":
        return [raw]
    return msgspec.json.decode(raw, type=list[msgspec.Raw])


def read_record(raw: msgspec.Raw, kind: type[_T], *, record: str) -> _T:
    """Read one record by its type. Raises MalformedError; its text names fields, never values."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except UNREADABLE as error:
        why = str(error) if isinstance(error, msgspec.ValidationError) else "it is no JSON"
        raise MalformedError(f"{record} cannot be read: {why}", record=record) from None


def text(value: Text) -> str:
    """Give an id, number or name as text without blanks around it; missing = ""."""
    return "" if value is None else str(value).strip()


def money(value: Decimal | None, currency: str, *, field: str, record: str) -> Money:
    """Give an amount exactly. Raises MalformedError when missing, or with more than two decimals."""
    if value is None:
        raise MalformedError(f"{record} has no {field}", record=record)
    # Longer ones would leave the decimal context's 28 digits when they are checked for whole cents.
    sound = value.is_finite() and value.adjusted() < LONGEST_AMOUNT_DIGITS
    if not sound or value != round(value, MINOR_DIGITS):
        raise MalformedError(f"{record}: {field} is no amount with at most two decimals", record=record)
    return Money.parse(format(value, "f"), currency, record=record)


def day(value: Text, *, field: str, record: str) -> date | None:
    """Read a date, also out of a date-time; missing or blank = None."""
    written = text(value)
    if not written:
        return None
    try:
        return date.fromisoformat(written[:10])
    except ValueError:
        raise MalformedError(f"{record}: {field} is no date", record=record) from None


def moment(value: Text) -> str:
    """Give a date-time in one form, `YYYY-MM-DDTHH:MM:SS` (UTC); what cannot be read is given back as it is."""
    written = text(value)
    try:
        return datetime.fromisoformat(written).replace(tzinfo=None).isoformat(timespec="seconds")
    except ValueError:
        return written


def _result(raw: msgspec.Raw) -> Result | None:
    """Read one result; one that cannot be read answers nobody, which leaves its record in doubt."""
    try:
        told = msgspec.json.decode(raw, type=_Result)
        faults = _faults(told.errors)
    except UNREADABLE:
        return None
    successful = told.successful
    if isinstance(successful, str):
        successful = {"true": True, "false": False}.get(successful.strip().casefold())
    return Result(successful=successful, item=told.item, faults=faults)


def _faults(raw: msgspec.Raw) -> list[Fault]:
    """Read why a record was refused; a null among the errors, or in their place, is no error."""
    if bytes(raw) in _NO_FAULTS:
        return []
    return [msgspec.json.decode(one, type=Fault) for one in many(raw) if bytes(one) != _NULL]


def _whole(value: Text) -> int | None:
    """Read a count; raises ValueError."""
    written = text(value)
    if len(written) > LONGEST_COUNT:
        raise ValueError("no list is that long")
    return int(written) if written else None
