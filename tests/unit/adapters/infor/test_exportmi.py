import pytest

from adapters.infor import exportmi
from domain.errors import RefusedError

BASE = [("EPDIVI", "=", "AAA"), ("EPTRCD", "=", "40"), ("EPAPRV", "=", "1"), ("EPLMDT", ">=", "20260101")]
ROW = "AAA,2026,7,1,V1,V1,INV,2026,9,INV,20260301,20260401,20260301,USD,10.00,1,0,20260302"


def line(separator: str, **changed: str) -> str:
    row = dict(zip(exportmi.HEAD_COLUMNS, ROW.split(","), strict=True)) | changed
    return separator.join(row.values())


def test_the_first_query_is_the_contracts_own() -> None:
    assert exportmi.heads_query(BASE, None) == (
        "EPDIVI,EPYEA4,EPJRNO,EPJSNO,EPSPYN,EPSUNO,EPSINO,EPINYR,EPVONO,EPVSER,EPIVDT,EPDUDT,EPACDT,EPCUCD,EPCUAM,"
        "EPAPRV,EPPYST,EPLMDT from FPLEDG where EPDIVI = 'AAA' and EPTRCD = '40' and EPAPRV = '1' "
        "and EPLMDT >= '20260101'"
    )


def test_a_cursor_is_written_out_without_parentheses() -> None:
    a = "EPDIVI = 'AAA' and EPTRCD = '40' and EPAPRV = '1' and EPLMDT >= '20260101'"
    assert exportmi.after(BASE, (2026, 7, 1)) == (
        f"{a} and EPYEA4 > '2026' or {a} and EPYEA4 = '2026' and EPJRNO > '7' "
        f"or {a} and EPYEA4 = '2026' and EPJRNO = '7' and EPJSNO > '1'"
    )
    assert len(exportmi.heads_query(BASE, (2026, 9999999, 9999999))) <= 982


def test_a_quote_inside_a_value_is_doubled() -> None:
    assert exportmi.quoted("O'Neil") == "'O''Neil'"


def test_a_query_that_would_be_cut_off_is_not_written() -> None:
    with pytest.raises(RefusedError, match="982") as refused:
        exportmi.select(("A",), "T", "x" * 982)
    assert refused.value.code == "FIELD_TOO_LONG"


def test_batch_keys_are_asked_for_in_as_many_queries_as_fit() -> None:
    keys = [("AAA", f"T{place:014d}") for place in range(50)]
    queries = exportmi.batch_queries(keys, table="FGLINH", division_column="GHDIVI", key_column="GHKEY1")
    assert all(len(query) <= 982 for query in queries)
    assert sum(query.count("GHKEY1 = ") for query in queries) == 50
    assert queries[0].startswith(f"GHKEY1 from FGLINH where GHDIVI = 'AAA' and GHKEY1 = '{keys[0][1]}' or GHDIVI")
    assert exportmi.batch_queries([], table="T", division_column="D", key_column="K") == []


def test_the_header_is_dropped_and_a_row_of_wrong_width_is_set_aside() -> None:
    lines = [",".join(exportmi.HEAD_COLUMNS), line(","), line(",", EPSINO="A,B", EPJRNO="8")]
    split = exportmi.split_rows(lines, ",")
    assert [row["EPSINO"] for row in split.good] == ["INV"]
    assert split.bad == [lines[2]]
    assert split.last == (2026, 8, 1)


def test_without_rows_there_is_no_cursor() -> None:
    assert exportmi.split_rows([], "~") == exportmi.SplitRows([], [], None)
    assert exportmi.split_rows(["nonsense"], "~").last is None
