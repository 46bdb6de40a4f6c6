"""EXPORTMI/Select over the three tables the contract names: FPLEDG, FGLINH, FGLINL."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from sandbox.infor.engine import Call, Row
from sandbox.infor.query import Condition, Query, parse
from sandbox.infor.records import INVOICE, PAYMENT, Batch, BatchLine, LedgerRow, day, money
from sandbox.infor.refusals import NokError
from sandbox.infor.tenant import Tenant

Value = str | int
Columns = dict[str, Callable[[LedgerRow], Value]]

_NAMED = ("*", "#")  # separators that put the field's name before every value


def _date_number(text: str) -> int:
    return int(text or "0")


def _changed(row: LedgerRow) -> int:
    on = row.payment.changed_on if row.payment else row.invoice.changed_at.date()
    return _date_number(day(on))


_LEDGER: Columns = {
    "EPDIVI": lambda row: row.invoice.division,
    "EPYEA4": lambda row: row.row[0],
    "EPJRNO": lambda row: row.row[1],
    "EPJSNO": lambda row: row.row[2],
    "EPTRCD": lambda row: int(PAYMENT if row.payment else INVOICE),
    "EPSPYN": lambda row: row.invoice.payee,
    "EPSUNO": lambda row: row.invoice.supplier,
    "EPSINO": lambda row: row.invoice.number,
    "EPINYR": lambda row: row.invoice.year,
    "EPVONO": lambda row: row.payment.number if row.payment else row.invoice.voucher,
    "EPVSER": lambda row: row.payment.series if row.payment else row.invoice.series,
    "EPIVDT": lambda row: _date_number(day(row.invoice.invoice_date)),
    "EPDUDT": lambda row: _date_number(day(row.invoice.due_date)),
    "EPACDT": lambda row: _date_number(day((row.payment or row.invoice).accounting_date)),
    "EPCUCD": lambda row: row.invoice.currency,
    "EPCUAM": lambda row: money(-row.payment.cents if row.payment else row.invoice.cents),
    "EPAPRV": lambda row: int(row.payment is None and row.invoice.approved),
    "EPIVBL": lambda row: int(row.payment is None and row.invoice.stopped_on is not None),
    "EPPYST": lambda row: int(row.invoice.payment_status if row.payment is None else "0"),
    "EPPYME": lambda row: row.invoice.payment_method,
    "EPTEPY": lambda row: row.invoice.terms,
    "EPLMDT": _changed,
}
_UNCOMPARABLE = {"EPCUAM"}  # a decimal, not text


def select(call: Call) -> list[Row]:
    """Answer a query: one field REPL a row, the header first when asked for and there are rows."""
    query = parse(call.record["QERY"])
    rows = _TABLES.get(query.table, _no_table)(call.tenant, query)
    separator = call.record.get("SEPC") or ";"
    most = call.max_rows - 1 if call.number("HDRS") == 1 else call.max_rows
    lines: list[str] = []
    for values in rows:
        if len(lines) >= most:
            break
        lines.append(_line(query, values, separator))
    if lines and call.number("HDRS") == 1:
        lines.insert(0, separator.join(query.columns))
    return [{"REPL": line} for line in lines]


def _line(query: Query, values: list[str], separator: str) -> str:
    if separator in _NAMED:
        values = [column + value for column, value in zip(query.columns, values, strict=True)]
    return separator.join(values)


def _from_ledger(tenant: Tenant, query: Query) -> Iterator[list[str]]:
    _check_columns(query, _LEDGER.keys(), _LEDGER.keys() - _UNCOMPARABLE)
    read = [_LEDGER[column] for column in query.columns]
    terms = [[(_LEDGER[c.column], c) for c in term] for term in query.terms]
    for division in _divisions(tenant, query):
        for row in tenant.books.ledger.get(division, []):
            if not terms or any(all(c.holds(get(row)) for get, c in term) for term in terms):
                yield [str(get(row)) for get in read]


def _divisions(tenant: Tenant, query: Query) -> list[str]:
    """Narrow the walk to the divisions every term asks for, as an index would."""
    named = [{c.value.rstrip() for c in term if c.column == "EPDIVI" and c.sign == "="} for term in query.terms]
    if named and all(named):
        return sorted(set().union(*named))
    return sorted(tenant.books.ledger)


def _from_heads(tenant: Tenant, query: Query) -> Iterator[list[str]]:
    batches = sorted(_visible(tenant), key=lambda batch: (batch.division, batch.key1))
    rows: list[dict[str, Value]] = [
        {"GHDIVI": batch.division, "GHKEY1": batch.key1, "GHINTN": batch.interface} for batch in batches
    ]
    return _plain(query, ("GHDIVI", "GHKEY1", "GHINTN"), rows)


def _from_lines(tenant: Tenant, query: Query) -> Iterator[list[str]]:
    rows: list[dict[str, Value]] = [
        {"GLDIVI": batch.division, "GLKEY1": batch.key1, "GLLINE": line.number}
        for batch, line in _visible_lines(tenant)
    ]
    rows.sort(key=lambda row: (row["GLDIVI"], row["GLKEY1"], row["GLLINE"]))
    return _plain(query, ("GLDIVI", "GLKEY1", "GLLINE"), rows)


def _plain(query: Query, columns: tuple[str, ...], rows: list[dict[str, Value]]) -> Iterator[list[str]]:
    _check_columns(query, columns, columns)
    for row in rows:
        if not query.terms or any(_all_hold(term, row) for term in query.terms):
            yield [str(row[column]) for column in query.columns]


def _all_hold(term: tuple[Condition, ...], row: dict[str, Value]) -> bool:
    return all(condition.holds(row[condition.column]) for condition in term)


def _visible(tenant: Tenant) -> Iterator[Batch]:
    """Walk the batches as a look-up sees them: each write and each end one search lag late."""
    now = tenant.now()
    for batch in tenant.books.batches:
        if _seen(batch.written_at, batch.gone_at, now, tenant.search_lag):
            yield batch


def _visible_lines(tenant: Tenant) -> Iterator[tuple[Batch, BatchLine]]:
    now = tenant.now()
    for batch in tenant.books.batches:
        for line in batch.lines.values():
            if _seen(line.written_at, batch.gone_at, now, tenant.search_lag):
                yield batch, line


def _seen(written_at: datetime, gone_at: datetime | None, now: datetime, lag: timedelta) -> bool:
    return written_at + lag <= now and (gone_at is None or now < gone_at + lag)


def _check_columns(query: Query, known: Iterable[str], comparable: Iterable[str]) -> None:
    compared = {condition.column for term in query.terms for condition in term}
    if wrong := (set(query.columns) - set(known)) | (compared - set(comparable)):
        raise NokError("EXP0001", "QERY", min(wrong))


def _no_table(_tenant: Tenant, query: Query) -> Iterator[list[str]]:
    raise NokError("EXP0001", "QERY", query.table)


_TABLES: dict[str, Callable[[Tenant, Query], Iterator[list[str]]]] = {
    "FPLEDG": _from_ledger,
    "FGLINH": _from_heads,
    "FGLINL": _from_lines,
}
