"""M3 REST, version 2: one transaction by GET, up to a hundred by POST, and the three shapes of an error."""

from typing import Any

import msgspec
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.infor.engine import Engine, Options, Row
from sandbox.infor.refusals import MalformedRequestError, NokError, TerminationError

_MOST_TRANSACTIONS = 100
_OPTIONS = {
    "cono",
    "divi",
    "maxrecs",
    "returncols",
    "dateformat",
    "excludeempty",
    "righttrim",
    "extendedresult",
    "metadata",
}


class BulkTransaction(msgspec.Struct):
    """One transaction of a bulk request."""

    transaction: str
    record: dict[str, str | int | None] = {}
    selected_columns: list[str] = msgspec.field(default_factory=list, name="selectedColumns")


class BulkRequest(msgspec.Struct):
    """A bulk request: one program, many transactions."""

    program: str
    transactions: list[BulkTransaction]
    cono: int | str | None = None
    divi: str = ""
    max_rows: int | None = msgspec.field(default=None, name="maxReturnedRecords")
    leave_out_empty: bool = msgspec.field(default=False, name="excludeEmptyValues")
    right_trim: bool = msgspec.field(default=True, name="rightTrim")
    date_format: str = msgspec.field(default="YMD8", name="dateFormat")


def rest_routes(engine: Engine, language: str) -> list[Route]:
    """Give the routes below `/{tenant}/M3/m3api-rest/v2`."""

    async def one(request: Request) -> Response:
        path = f"{request.path_params['program']}/{request.path_params['transaction']}"
        try:
            record, options = _read_query(request.query_params)
            return _one(engine, path, record, options, language)
        except MalformedRequestError:
            return Response(status_code=400)

    async def bulk(request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await request.body(), type=BulkRequest)
            rows_asked = _whole(request.query_params.get("maxrecs"))
        except (msgspec.DecodeError, UnicodeDecodeError, MalformedRequestError):
            return Response(status_code=400)
        if not 1 <= len(asked.transactions) <= _MOST_TRANSACTIONS:
            return Response(status_code=400)
        if rows_asked is not None:
            asked.max_rows = rows_asked
        return _bulk(engine, asked, language)

    return [
        Route("/execute/{program}/{transaction}", one, methods=["GET"]),
        Route("/execute", bulk, methods=["POST"]),
    ]


def _one(engine: Engine, path: str, record: dict[str, str], options: Options, language: str) -> Response:
    name = path.split("/")[1]
    try:
        rows = engine.run(path, record, options)
    except NokError as no:
        return _answer(200, [_nok(name, no, language)])
    except TerminationError as end:
        return _answer(400, [], end)
    return _answer(200, [_good(name, rows)])


def _bulk(engine: Engine, asked: BulkRequest, language: str) -> Response:
    results: list[dict[str, Any]] = []
    ended: TerminationError | None = None
    for each in asked.transactions:
        if ended is not None:
            results.append({"transaction": each.transaction, "notProcessed": True})
            continue
        try:
            rows = engine.run(f"{asked.program}/{each.transaction}", _record(each), _options(asked, each))
            results.append(_good(each.transaction, rows))
        except NokError as no:
            results.append(_nok(each.transaction, no, language))
        except TerminationError as end:
            ended = end
            results.append(_terminated(each.transaction, end))
        except MalformedRequestError as end:
            ended = TerminationError("InputNotReadable", str(end))
            results.append(_terminated(each.transaction, ended))
    return _answer(200, results, ended)


def _record(each: BulkTransaction) -> dict[str, str]:
    return {name: str(value) for name, value in each.record.items() if value is not None}


def _options(asked: BulkRequest, each: BulkTransaction) -> Options:
    return Options(
        company=_company(str(asked.cono) if asked.cono is not None else ""),
        division=asked.divi.strip(),
        max_rows=asked.max_rows,
        columns=tuple(each.selected_columns),
        date_format=asked.date_format,
        leave_out_empty=asked.leave_out_empty,
        right_trim=asked.right_trim,
    )


def _read_query(query: QueryParams) -> tuple[dict[str, str], Options]:
    given = dict(query.multi_items())
    record = {name: value for name, value in given.items() if name.isupper()}
    if unknown := given.keys() - record.keys() - _OPTIONS:
        raise MalformedRequestError(", ".join(sorted(unknown)))
    columns = given.get("returncols", "")
    return record, Options(
        company=_company(given.get("cono", "")),
        division=given.get("divi", "").strip(),
        max_rows=_whole(given.get("maxrecs")),
        columns=tuple(filter(None, (name.strip() for name in columns.split(",")))),
        date_format=given.get("dateformat") or "YMD8",
        leave_out_empty=given.get("excludeempty", "false").lower() == "true",
        right_trim=given.get("righttrim", "true").lower() != "false",
    )


def _company(text: str) -> str | None:
    bare = text.strip()
    if bare and not (bare.isascii() and bare.isdigit()):
        raise MalformedRequestError("cono")
    return bare or None


def _whole(text: str | None) -> int | None:
    if text is None or not text.strip():
        return None
    if not (text.isascii() and text.isdigit()):
        raise MalformedRequestError("maxrecs")
    return int(text)


def _good(name: str, rows: list[Row]) -> dict[str, Any]:
    return {"transaction": name, "records": rows} if rows else {"transaction": name}


def _nok(name: str, no: NokError, language: str) -> dict[str, Any]:
    return {
        "transaction": name,
        "errorMessage": no.text(language),
        "errorType": "ServerReturnedNOK",
        "errorCode": no.code,
        "errorField": no.field,
        "errorCfg": "",
    }


def _terminated(name: str, end: TerminationError) -> dict[str, Any]:
    return {"transaction": name, "errorMessage": end.reason, "errorType": end.kind}


def _answer(status: int, results: list[dict[str, Any]], ended: TerminationError | None = None) -> Response:
    failed = sum("errorMessage" in result for result in results)
    skipped = sum("notProcessed" in result for result in results)
    body: dict[str, Any] = {
        "results": results,
        "wasTerminated": ended is not None,
        "nrOfSuccessfullTransactions": len(results) - failed - skipped,
        "nrOfFailedTransactions": failed or int(ended is not None),
    }
    if ended is not None:
        body["terminationReason"] = ended.reason
        body["terminationErrorType"] = ended.kind
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")
