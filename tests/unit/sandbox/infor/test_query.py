import pytest

from sandbox.infor.query import Condition, parse
from sandbox.infor.refusals import NokError
from tests.unit.sandbox.infor.desk import Desk

_COLUMNS = "EPYEA4,EPJRNO,EPJSNO"


def test_and_binds_before_or_and_quotes_are_doubled() -> None:
    query = parse("A,B from FPLEDG where A = 'it''s' and B > 3 or B <> ' or '")
    assert query.columns == ("A", "B")
    assert query.terms == (
        (Condition("A", "=", "it's"), Condition("B", ">", "3")),
        (Condition("B", "<>", " or "),),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "A FROM FPLEDG",
        "A from FPLEDG where",
        "A from FPLEDG where A",
        "A from FPLEDG where A = ",
        "A from FPLEDG where A = 'x",
        "A from FPLEDG where (A = 'x')",
        "A from FPLEDG where A like 'x'",
        "A from FPLEDG where A = 'x' AND B = 1",
        "A from FPLEDG where A = x",
        "A, from FPLEDG",
    ],
)
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(NokError):
        parse(text)


def test_a_cursor_pages_through_a_division_in_key_order(desk: Desk) -> None:
    division = max(desk.books.ledger, key=lambda code: len(desk.books.ledger[code]))
    base = f"EPDIVI = '{division}' and EPTRCD = '40'"
    whole = desk.select(f"{_COLUMNS} from FPLEDG where {base}", maxrecs="0")
    rows, where = [], base
    while page := desk.select(f"{_COLUMNS} from FPLEDG where {where}", maxrecs="3", HDRS="1"):
        assert page[0] == "EPYEA4~EPJRNO~EPJSNO"
        assert len(page) <= 3
        rows += page[1:]
        year, journal, sequence = page[-1].split("~")
        where = (
            f"{base} and EPYEA4 > {year} or {base} and EPYEA4 = {year} and EPJRNO > {journal}"
            f" or {base} and EPYEA4 = {year} and EPJRNO = {journal} and EPJSNO > {sequence}"
        )
    assert rows == whole
    assert rows == sorted(rows, key=lambda row: [int(part) for part in row.split("~")])
    assert len(rows) > 3


def test_conditions_select_what_they_say(desk: Desk) -> None:
    where = "EPTRCD = '40' and EPAPRV != '1'"
    waiting = desk.select(f"EPSINO,EPDIVI from FPLEDG where {where}", maxrecs="0")
    assert sorted(waiting) == sorted(
        f"{held.number}~{held.division}" for held in desk.books.invoices.values() if not held.approved
    )
    since = desk.select("EPLMDT from FPLEDG where EPLMDT >= '20260309' and EPTRCD = '40'", maxrecs="0")
    assert set(since) == {"20260309", "20260310"}


def test_no_rows_bring_no_records_not_even_the_header(desk: Desk) -> None:
    query = "EPSINO from FPLEDG where EPSINO = 'nothing'"
    answer = desk.get("EXPORTMI/Select", QERY=query, HDRS="1").json()
    assert answer["results"] == [{"transaction": "Select"}]


def test_a_star_as_separator_names_every_value(desk: Desk) -> None:
    row = desk.rows("EXPORTMI/Select", QERY="EPDIVI,EPINYR from FPLEDG", SEPC="*", maxrecs="1")[0]
    assert row["REPL"].startswith("EPDIVIAAA*EPINYR20")


def test_unknown_tables_and_columns_and_the_company_are_refused(desk: Desk) -> None:
    for query in ("X from CIDMAS", "EPXXXX from FPLEDG", "EPDIVI from FPLEDG where EPCONO = 100"):
        assert desk.code("EXPORTMI/Select", QERY=query) == "EXP0001"
    long = desk.get("EXPORTMI/Select", QERY="EPDIVI from FPLEDG where EPSINO = '" + "x" * 982)
    assert long.json()["terminationErrorType"] == "InputFieldTooLong"
