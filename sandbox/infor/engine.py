"""Runs one transaction: company, fields, handler, and the shape of its output."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from sandbox.infor.metadata import Transaction, check_record
from sandbox.infor.refusals import MalformedRequestError, NokError, TerminationError
from sandbox.infor.tenant import Tenant

Row = dict[str, str]

_DEFAULT_MAXRECS = 100
_DATE_FORMATS = {"YMD8": "%Y%m%d", "MDY8": "%m%d%Y", "DMY8": "%d%m%Y", "YMD6": "%y%m%d", "MDY6": "%m%d%y"}


class Call(msgspec.Struct, frozen=True):
    """What a handler is given: the checked fields and the company and division it acts for."""

    tenant: Tenant
    record: dict[str, str]
    division: str
    max_rows: int

    def text(self, field: str) -> str:
        """Give a field, "" when it was not sent; blanks at its end mean nothing."""
        return self.record.get(field, "").rstrip()

    def number(self, field: str, default: int = 0) -> int:
        """Give a whole number."""
        held = self.record.get(field, "").strip()
        return int(held.split(".")[0]) if held else default


Handler = Callable[[Call], list[Row]]


class Options(msgspec.Struct, frozen=True):
    """How the caller wants to be answered."""

    company: str | None = None
    division: str = ""
    max_rows: int | None = None
    columns: tuple[str, ...] = ()
    date_format: str = "YMD8"
    leave_out_empty: bool = False
    right_trim: bool = True


class Engine:
    """The tenant's transactions with their handlers."""

    def __init__(self, tenant: Tenant, transactions: dict[str, Transaction], handlers: dict[str, Handler]) -> None:
        without = tenant.options.without
        self._tenant = tenant
        self._handlers = handlers
        self.transactions = {path: held for path, held in transactions.items() if path not in without}

    def run(self, path: str, record: dict[str, str], options: Options) -> list[Row]:
        """Run `path` ("PROGRAM/Transaction") on one record and give its rows.

        Raises NokError for a business error and TerminationError for a request M3 refuses to run.
        """
        transaction = self.transactions.get(path)
        if transaction is None:
            raise TerminationError("TransactionNotFound", f"Transaction {path} does not exist")
        self._tenant.books.calls[path] += 1
        check_record(transaction, record)
        columns = _columns(transaction, options)
        self._check_company(transaction, record, options)
        limit = self._limit(options)
        division = record.get("DIVI", options.division)
        call = Call(self._tenant, record, division.rstrip(), limit)
        rows = self._handlers[path](call)
        return [_shape(transaction, columns, row, options) for row in rows[:limit]]

    def _limit(self, options: Options) -> int:
        asked = _DEFAULT_MAXRECS if options.max_rows is None else options.max_rows
        cap = self._tenant.options.maxrecs_cap
        return min(asked, cap) if asked else cap

    def _check_company(self, transaction: Transaction, record: dict[str, str], options: Options) -> None:
        named = record.get("CONO") or options.company
        if not named and not transaction.company:
            return
        if not named or int(named.split(".")[0]) != self._tenant.options.company:
            raise NokError("XAU0008", "CONO")


def _columns(transaction: Transaction, options: Options) -> tuple[str, ...]:
    for name in options.columns:
        if name not in transaction.outputs:
            raise TerminationError("OutputFieldNotFound", f"Field {name} is unknown in {transaction.path}")
    if options.date_format not in _DATE_FORMATS:
        raise MalformedRequestError(options.date_format)
    return options.columns or tuple(transaction.outputs)


def _shape(transaction: Transaction, columns: tuple[str, ...], row: Row, options: Options) -> Row:
    shaped = {name: row.get(name, "") for name in columns}
    if options.date_format != "YMD8":
        for name, value in shaped.items():
            if value and transaction.outputs[name].type == "D":
                moment = datetime.strptime(value + "+0000", "%Y%m%d%z")
                shaped[name] = moment.strftime(_DATE_FORMATS[options.date_format])
    if options.leave_out_empty:
        return {name: value for name, value in shaped.items() if value}
    if options.right_trim:
        return shaped
    return {name: value.ljust(_pad(transaction, name)) for name, value in shaped.items()}


def _pad(transaction: Transaction, name: str) -> int:
    field = transaction.outputs[name]
    return field.length if field.type == "A" else 0
