import json

import pytest

from adapters.infor.answers import Kind, Outcome, read_answer, read_termination
from domain.errors import MalformedError
from tests.unit.adapters.infor.scripted_gateway import bulk, ended, nok, rows, skipped, terminated


def read(content: object, asked: int) -> list[Outcome]:
    return read_answer(json.dumps(content).encode(), ["Get"] * asked)


def test_records_may_be_missing_and_null_values_are_blank() -> None:
    found = read(bulk({"transaction": "Get"}, rows("Get", {"CUAM": "1.00"})), 2)
    assert [each.rows for each in found] == [(), ({"CUAM": "1.00"},)]
    odd = {"results": [{"transaction": "get ", "records": [{"A": None, "B": 3}]}]}
    assert read(odd, 1)[0].rows == ({"A": "", "B": "3"},)


def test_a_refusal_is_told_by_its_code_and_its_padding_is_taken_out() -> None:
    (found,) = read(bulk(nok("Get", "XRE0103", "SINO")), 1)
    assert (found.kind, found.code, found.field) == (Kind.REFUSED, "XRE0103", "SINO")
    assert found.text == "Es gibt das nicht XRE0103 SINO"


def test_behind_a_termination_nothing_was_processed() -> None:
    answer = bulk(rows("Get", {"A": "1"}), terminated("Get", "InputFieldTooLong"), skipped("Get"), terminated="X")
    found = read(answer, 3)
    assert [each.kind for each in found] == [Kind.ROWS, Kind.TERMINATED, Kind.SKIPPED]
    assert found[1].code == "InputFieldTooLong"


def test_a_termination_nobody_owns_up_to_leaves_the_last_begun_unknown() -> None:
    answer = bulk(rows("Get", {"A": "1"}), {"transaction": "Get"}, skipped("Get"), terminated="X")
    assert [each.kind for each in read(answer, 3)] == [Kind.ROWS, Kind.BROKEN, Kind.SKIPPED]


def test_results_that_are_not_there_are_missing() -> None:
    assert [each.kind for each in read(bulk(rows("Get")), 2)] == [Kind.ROWS, Kind.MISSING]


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"exception": "x"},
        {"results": [{"transaction": "Upd"}]},
        {"results": [{"transaction": "Get"}, {"transaction": "Get"}]},
        {"results": [{"transaction": "Get"}], "nrOfFailedTransactions": 1},
        {"results": [{"transaction": "Get", "records": [{"A": 1.5}]}]},
    ],
)
def test_what_is_no_answer_to_the_question_is_malformed(content: object) -> None:
    with pytest.raises(MalformedError):
        read(content, 1)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"results":[', b"\xff", b"[" * 20_000])
def test_a_page_or_cut_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        read_answer(body, ["Get"])


def test_the_body_of_a_bad_request_may_be_empty() -> None:
    assert read_termination(b"").kind == ""
    assert read_termination(json.dumps(ended("TransactionNotFound")).encode()).kind == "TransactionNotFound"
