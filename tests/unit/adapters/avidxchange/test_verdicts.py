"""The verdict table of the batch, row by row."""

import pytest

from adapters.avidxchange.errors import codes_forbidden, explain, judge_batch, judge_fault, read_error, upsert_error
from adapters.http import Reply, WriteFaultError
from domain.errors import MisconfiguredError, RefusedError, TieoutError, TransientError
from domain.ports.answers import Verdict

IDS = ["100|AAA|V1|V1|A|2026", "100|AAA|V1|V1|B|2026"]
A, B = IDS


def reply(status: int, body: str = "", *, whole: bool = True) -> Reply:
    return Reply(status=status, headers={}, body=body.encode(), retry_after=3.0, whole=whole)


def result(external_id: str, *, successful: str = "true", invoice_id: str = '"500123"', errors: str = "[]") -> str:
    item = f'{{"InvoiceId":{invoice_id},"ExternalId":"{external_id}","Status":"Received"}}'
    return f'{{"Successful":{successful},"Item":{item},"Errors":{errors}}}'


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (400, Verdict.REFUSED),
        (413, Verdict.REFUSED),
        (401, Verdict.NOT_SENT),
        (403, Verdict.NOT_SENT),
        (404, Verdict.NOT_SENT),
        (405, Verdict.NOT_SENT),
        (429, Verdict.NOT_SENT),
        (201, Verdict.DOUBT),
        (204, Verdict.DOUBT),
        (302, Verdict.DOUBT),
        (408, Verdict.DOUBT),
        (409, Verdict.DOUBT),
        (418, Verdict.DOUBT),
        (500, Verdict.DOUBT),
        (502, Verdict.DOUBT),
        (503, Verdict.DOUBT),
        (504, Verdict.DOUBT),
    ],
)
def test_a_status_judges_the_whole_batch(status: int, verdict: Verdict) -> None:
    answer = judge_batch(reply(status, '{"Results":[' + result(A) + "]}"), IDS)
    assert (answer.verdict, answer.records, answer.code, answer.retry_after) == (verdict, {}, f"HTTP_{status}", 3.0)
    assert answer.to_mend == (status in (401, 403, 404, 405))


NESTED = '{"Results":[{"Successful":true,"Item":{"InvoiceId":' + "[" * 20_000


@pytest.mark.parametrize(
    "body", ["", "<html></html>", "{", "[]", "{}", '{"Results":null}', '{"Results":"no"}', "\x00", NESTED]
)
def test_an_unreadable_200_is_doubt(body: str) -> None:
    assert judge_batch(reply(200, body), IDS).verdict is Verdict.DOUBT


def test_a_200_whose_body_broke_off_is_doubt_even_if_it_reads() -> None:
    body = '{"Results":[' + result(A) + "]}"
    assert judge_batch(reply(200, body, whole=False), IDS).verdict is Verdict.DOUBT


def test_results_are_matched_by_external_id_whatever_their_order() -> None:
    refused = result(A, successful="false", invoice_id="null", errors='[{"Code":"PO_NOT_FOUND","Message":"7 unknown"}]')
    answer = judge_batch(reply(200, f'{{"Results":[{result(B)},{refused}]}}'), IDS)
    assert answer.verdict is Verdict.CONFIRMED
    assert answer.records[B].verdict is Verdict.CONFIRMED
    assert (answer.records[B].item_id, answer.records[B].status) == ("500123", "Received")
    said = answer.records[A]
    assert (said.verdict, said.code, said.text) == (Verdict.REFUSED, "PO_NOT_FOUND", "7 unknown")


def test_single_objects_text_flags_and_numeric_ids_are_read() -> None:
    errors = '{"Code":"VENDOR_INACTIVE","Message":"is inactive"}'
    refused = judge_batch(reply(200, f'{{"Results":{result(A, successful=chr(34) + "false" + chr(34), errors=errors)}}}'), [A])  # fmt: skip  # noqa: E501 - one answer, readable only as one line
    assert (refused.records[A].verdict, refused.records[A].code) == (Verdict.REFUSED, "VENDOR_INACTIVE")
    confirmed = judge_batch(reply(200, f'{{"Results":{result(A, successful=chr(34) + "True" + chr(34), invoice_id="77")}}}'), [A])  # fmt: skip  # noqa: E501 - likewise
    assert confirmed.records[A].item_id == "77"


@pytest.mark.parametrize("errors", ["null", "[null]", '""'])
def test_errors_that_are_null_are_no_errors(errors: str) -> None:
    body = f'{{"Results":[{result(A, errors=errors)},{result(B, successful="false", errors=errors)}]}}'
    answer = judge_batch(reply(200, body), IDS)
    assert (answer.records[A].verdict, answer.records[A].item_id) == (Verdict.CONFIRMED, "500123")
    assert (answer.records[B].verdict, answer.records[B].code) == (Verdict.REFUSED, "REFUSED")


@pytest.mark.parametrize(
    "broken",
    [
        result(A, invoice_id="null"),
        result(A, successful="null"),
        result(A, successful='"maybe"'),
        result("100|AAA|V1|V1|OTHER|2026"),
        '{"Successful":true}',
        '{"Successful":true,"Item":null}',
        '{"Successful":true,"Item":[1]}',
        '"yes"',
        f"{result(A)},{result(A, invoice_id='9')}",
        f"{result(A)},{result(A, successful='false')}",
    ],
)
def test_a_record_without_a_clear_result_is_in_doubt_and_its_neighbour_is_not(broken: str) -> None:
    answer = judge_batch(reply(200, f'{{"Results":[{broken},{result(B)}]}}'), IDS)
    assert answer.records[A].verdict is Verdict.DOUBT
    assert answer.records[B].verdict is Verdict.CONFIRMED


def test_fewer_results_than_records_leave_the_rest_in_doubt() -> None:
    answer = judge_batch(reply(200, f'{{"Results":[{result(A)}]}}'), IDS)
    assert (answer.records[A].verdict, answer.records[B].verdict) == (Verdict.CONFIRMED, Verdict.DOUBT)
    assert list(answer.records) == IDS


def test_a_refusal_without_a_code_is_still_a_refusal() -> None:
    answer = judge_batch(reply(200, f'{{"Results":[{result(A, successful="false")}]}}'), [A])
    assert (answer.records[A].verdict, answer.records[A].code) == (Verdict.REFUSED, "REFUSED")


@pytest.mark.parametrize(("zero_bytes", "verdict"), [(True, Verdict.NOT_SENT), (False, Verdict.DOUBT)])
def test_without_an_answer_only_zero_bytes_mean_not_sent(*, zero_bytes: bool, verdict: Verdict) -> None:
    assert judge_fault(WriteFaultError("cut", why="no answer", zero_bytes=zero_bytes)).verdict is verdict


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RefusedError),
        (413, RefusedError),
        (401, MisconfiguredError),
        (403, MisconfiguredError),
        (404, MisconfiguredError),
        (405, MisconfiguredError),
        (301, MisconfiguredError),
        (204, TransientError),
        (409, TransientError),
    ],
)
def test_a_read_that_brings_nothing_says_what_now(status: int, kind: type[TieoutError]) -> None:
    assert type(read_error(reply(status))) is kind


@pytest.mark.parametrize(("status", "before"), [(401, True), (403, True), (404, True), (405, True), (409, False)])
def test_an_upsert_tells_whether_anything_was_processed(status: int, *, before: bool) -> None:
    error = upsert_error(reply(status))
    assert isinstance(error, TransientError)
    assert (error.before_processing, error.status, error.retry_after) == (before, status, 3.0)


@pytest.mark.parametrize("status", [400, 413])
def test_an_upsert_whose_payload_was_judged_is_refused(status: int) -> None:
    error = upsert_error(reply(status, '{"exception":{"reason":"Bad Request","detail":"Vendors must be a list"}}'))
    assert isinstance(error, RefusedError)
    assert "Vendors must be a list" in str(error)


def test_forbidden_codes_name_the_setting_that_helps() -> None:
    assert 'gl_accounts = "verify"' in str(codes_forbidden(reply(403)))


def test_the_body_of_a_failed_log_in_is_never_quoted() -> None:
    body = '{"exception":{"reason":"Unauthorized","detail":"X-Company-Token \'s3cret\' is not valid"}}'
    assert "s3cret" not in explain(reply(401, body))
