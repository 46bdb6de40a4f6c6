"""How the pretend AvidXchange writes its answers: JSON shapes, paging, refusals and the confirmed oddities."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from random import Random
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.avidxchange.options import AvidOptions
from sandbox.clock import chance

NUMBER_MONEY = msgspec.json.Encoder(decimal_format="number")
TEXT_MONEY = msgspec.json.Encoder(decimal_format="string")
REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Payload Too Large",
}


class RefusedRequestError(Exception):
    """A whole request is refused before anything is processed: status, and what to say about it."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Accent(msgspec.Struct, frozen=True):
    """Which oddities one answer has."""

    numeric_ids: bool = False
    blank_times: bool = False
    text_money: bool = False
    single_object: bool = False
    text_flags: bool = False
    page_count: bool = False
    no_paging: bool = False

    def number(self, text: str | None) -> str | int | None:
        """Write an id or number as text or, where that loses nothing, as a JSON number."""
        if self.numeric_ids and text and text.isascii() and text.isdigit() and str(int(text)) == text:
            return int(text)
        return text

    def moment(self, when: datetime) -> str:
        """Write a date-time without its zone, which is UTC."""
        return when.strftime("%Y-%m-%d %H:%M:%S" if self.blank_times else "%Y-%m-%dT%H:%M:%S")

    def json(self, body: Any, *, status: int = 200) -> Response:
        """Encode an answer; Decimals become JSON numbers, or text where the accent says so."""
        encoder = TEXT_MONEY if self.text_money else NUMBER_MONEY
        return Response(encoder.encode(body), status_code=status, media_type="application/json")


class Outcome(msgspec.Struct):
    """What became of one record of a write: its Item, and its refusals as (code, message)."""

    item: dict[str, Any]
    errors: list[tuple[str, str]] = msgspec.field(default_factory=list)


class Wire:
    """Builds the answers of one pretend account."""

    def __init__(self, options: AvidOptions) -> None:
        self._options = options
        self._random: Random = chance("accent", options.seed)

    def accent(self) -> Accent:
        """Draw the oddities of the next answer."""
        share = self._options.quirks
        draws = [share > 0 and self._random.random() < share for _ in Accent.__struct_fields__]
        accent = Accent(**dict(zip(Accent.__struct_fields__, draws, strict=True)))
        return msgspec.structs.replace(accent, text_money=True) if self._options.string_money else accent

    def results(self, build: Callable[[Accent], list[Outcome]]) -> Response:
        """Answer a write: one result per record, in the order of the request."""
        accent = self.accent()
        results = [_result(outcome, accent) for outcome in build(accent)]
        single = accent.single_object and len(results) == 1
        return accent.json({"Results": results[0] if single else results})

    def listing(
        self, request: Request, records: Sequence[Any], write: Callable[[Any, Accent], dict[str, Any]]
    ) -> Response:
        """Answer one page of a list; only the records of that page are written out."""
        accent = self.accent()
        number, size = self._page(request)
        pages = max(1, -(-len(records) // size))
        items = [write(record, accent) for record in records[(number - 1) * size : number * size]]
        body: dict[str, Any] = {"Items": items}
        if not (accent.no_paging and pages == 1):
            body["Paging"] = {
                "PageSize": size,
                "PageNumber": number,
                "PageCount" if accent.page_count else "Pages": pages,
                "PageItems": len(items),
                "TotalItems": len(records),
                "Links": [{"Rel": "next", "Href": _next_page(request, number)}] if number < pages else [],
            }
        return accent.json(body)

    def _page(self, request: Request) -> tuple[int, int]:
        number = whole_number(request, "pageNumber", 1)
        size = whole_number(request, "pageSize", self._options.page_size_default)
        if size > self._options.page_size_cap:
            raise RefusedRequestError(400, f"pageSize is at most {self._options.page_size_cap}")
        return number, size


def exception(status: int, detail: str) -> Response:
    """Answer with AvidXchange's error body."""
    body: dict[str, Any] = {"reason": REASONS.get(status, "Error"), "detail": detail}
    if status != 401:  # noqa: PLR2004 - the one status whose confirmed shape has two fields only
        body = {"avidMessageId": "sandbox", "source": "AvidConnect", **body}
    return Response(NUMBER_MONEY.encode({"exception": body}), status_code=status, media_type="application/json")


def whole_number(request: Request, name: str, default: int) -> int:
    """Read a positive whole number from the query; anything else is refused."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise RefusedRequestError(400, f"{name} must be a positive whole number")
    return int(text)


def day(request: Request, name: str) -> date | None:
    """Read a date `YYYY-MM-DD` from the query; None when it is not there."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        parsed = date.fromisoformat(text)
    except ValueError as error:
        raise RefusedRequestError(400, f"{name} must be a date YYYY-MM-DD") from error
    if parsed.isoformat() != text:
        raise RefusedRequestError(400, f"{name} must be a date YYYY-MM-DD")
    return parsed


def wanted_ids(request: Request, name: str) -> list[str] | None:
    """Read a comma-separated list of ids; the text as a whole counts as one too, for ids with a comma."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not text:
        raise RefusedRequestError(400, f"{name} is empty")
    return list(dict.fromkeys([text, *text.split(",")]))


def only_known(request: Request, *names: str) -> None:
    """Refuse query parameters this resource does not have, besides the paging ones."""
    known = {*names, "pageNumber", "pageSize"}
    for name in request.query_params:
        if name not in known:
            raise RefusedRequestError(400, f"unknown query parameter {name}")


def _result(outcome: Outcome, accent: Accent) -> dict[str, Any]:
    failed = bool(outcome.errors)
    errors: Any = [{"Code": code, "Message": message} for code, message in outcome.errors]
    if accent.single_object and len(errors) == 1:
        errors = errors[0]
    successful: Any = "false" if failed and accent.text_flags else not failed
    return {"Successful": successful, "Item": outcome.item, "Errors": errors}


def _next_page(request: Request, number: int) -> str:
    return f"{request.url.path}?{urlencode({**request.query_params, 'pageNumber': str(number + 1)})}"
