"""EXPORTMI/Select: writes the queries and takes the rows apart again; no network in here."""

from collections.abc import Iterable, Sequence

import msgspec

from adapters.infor.capabilities import QUERY_CHARACTERS
from domain.errors import RefusedError

HEAD_COLUMNS = (
    "EPDIVI",
    "EPYEA4",
    "EPJRNO",
    "EPJSNO",
    "EPSPYN",
    "EPSUNO",
    "EPSINO",
    "EPINYR",
    "EPVONO",
    "EPVSER",
    "EPIVDT",
    "EPDUDT",
    "EPACDT",
    "EPCUCD",
    "EPCUAM",
    "EPAPRV",
    "EPPYST",
    "EPLMDT",
)
CURSOR_COLUMNS = ("EPYEA4", "EPJRNO", "EPJSNO")
_CURSOR_AT = tuple(HEAD_COLUMNS.index(column) for column in CURSOR_COLUMNS)

Cursor = tuple[int, int, int]
Condition = tuple[str, str, str]  # column, operator, value


class SplitRows(msgspec.Struct, frozen=True):
    """Rows taken apart: `good` as values by column, `bad` as they came (wrong number of columns).

    last: the cursor of the last row, None when there is no row or it cannot be told.
    """

    good: list[dict[str, str]]
    bad: list[str]
    last: Cursor | None


def quoted(value: str) -> str:
    """Write a value, a quote inside it doubled."""
    return "'" + value.replace("'", "''") + "'"


def condition(terms: Sequence[Condition]) -> str:
    """Join comparisons with `and`."""
    return " and ".join(f"{column} {sign} {quoted(value)}" for column, sign, value in terms)


def select(columns: Sequence[str], table: str, where: str) -> str:
    """Write a query; raises RefusedError (FIELD_TOO_LONG) where it would be cut off."""
    query = f"{','.join(columns)} from {table} where {where}"
    if len(query) > QUERY_CHARACTERS:
        text = f"the query over {table} has {len(query)} characters, at most {QUERY_CHARACTERS} are taken"
        raise RefusedError(text, code="FIELD_TOO_LONG", field="QERY")
    return query


def after(base: Sequence[Condition], cursor: Cursor | None) -> str:
    """Write the condition for rows past a cursor, without parentheses: the base repeated in each term."""
    if cursor is None:
        return condition(base)
    terms = []
    for place, column in enumerate(CURSOR_COLUMNS):
        same = [(name, "=", str(cursor[at])) for at, name in enumerate(CURSOR_COLUMNS[:place])]
        terms.append(condition([*base, *same, (column, ">", str(cursor[place]))]))
    return " or ".join(terms)


def heads_query(base: Sequence[Condition], cursor: Cursor | None) -> str:
    """Ask FPLEDG for invoices past a cursor, in primary-key order."""
    return select(HEAD_COLUMNS, "FPLEDG", after(base, cursor))


def batch_queries(keys: Iterable[tuple[str, str]], *, table: str, division_column: str, key_column: str) -> list[str]:
    """Ask which (division, KEY1) pairs a table shows, in as many queries as the length of one demands."""
    queries: list[str] = []
    where = ""
    for division, key in keys:
        term = condition([(division_column, "=", division), (key_column, "=", key)])
        wider = f"{where} or {term}" if where else term
        if where and len(f"{key_column} from {table} where {wider}") > QUERY_CHARACTERS:
            queries.append(select((key_column,), table, where))
            wider = term
        where = wider
    if where:
        queries.append(select((key_column,), table, where))
    return queries


def split_rows(lines: Sequence[str], separator: str) -> SplitRows:
    """Take the reply's rows apart; a header row is dropped, a row whose column count is wrong is set aside."""
    parted = [line.split(separator) for line in lines]
    if parted and _is_header(parted[0]):
        parted, lines = parted[1:], lines[1:]
    good: list[dict[str, str]] = []
    bad: list[str] = []
    for line, values in zip(lines, parted, strict=True):
        if len(values) == len(HEAD_COLUMNS):
            good.append(dict(zip(HEAD_COLUMNS, values, strict=True)))
        else:
            bad.append(line)
    return SplitRows(good, bad, _cursor(parted[-1]) if parted else None)


def _is_header(values: Sequence[str]) -> bool:
    # M3 may write the columns with or without the two-letter prefix of the table.
    names = [value.strip().upper() for value in values if value.strip()]
    return tuple(names) in (HEAD_COLUMNS, tuple(column[2:] for column in HEAD_COLUMNS))


def _cursor(values: Sequence[str]) -> Cursor | None:
    # The key stands before every column that can hold a separator: readable even where the row is not.
    try:
        year, journal, sequence = (int(values[at].strip()) for at in _CURSOR_AT)
    except (IndexError, ValueError):
        return None
    return year, journal, sequence
