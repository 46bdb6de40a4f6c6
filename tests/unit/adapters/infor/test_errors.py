import json

import pytest

from adapters.http_messages import Reply, WriteFaultError
from adapters.infor.answers import Kind, Outcome
from adapters.infor.errors import check_read, judge_fault, judge_status, judge_step
from domain.errors import MisconfiguredError, RefusedError, TransientError
from domain.ports.answers import Verdict
from tests.unit.adapters.infor.scripted_gateway import ended

BEFORE = ("AddBatchHead", "AddBatchLine", "CtrlBatch")


@pytest.mark.parametrize("step", BEFORE)
@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.TERMINATED])
def test_a_no_before_the_handover_is_a_refusal(step: str, kind: Kind) -> None:
    answer = judge_step(step, Outcome(kind=kind, code="GL84008", field="CUAM", text="too much"))
    assert (answer.verdict, answer.code, answer.field) == (Verdict.REFUSED, "GL84008", "CUAM")


@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.TERMINATED, Kind.MISSING, Kind.BROKEN])
def test_a_no_to_the_handover_is_doubt(kind: Kind) -> None:
    assert judge_step("UpdBatch", Outcome(kind=kind, code="XRE0104")).verdict is Verdict.DOUBT


@pytest.mark.parametrize(
    ("step", "verdict"), [("AddBatchHead", "confirmed"), ("AddBatchLine", "confirmed"), ("CtrlBatch", "refused")]
)
def test_there_already_means_present_only_where_something_is_added(step: str, verdict: str) -> None:
    assert judge_step(step, Outcome(kind=Kind.REFUSED, code="XRE0104")).verdict == verdict


@pytest.mark.parametrize("step", [*BEFORE, "UpdBatch"])
def test_what_stood_behind_a_termination_was_not_sent_and_what_has_no_result_is_doubt(step: str) -> None:
    assert judge_step(step, Outcome(kind=Kind.SKIPPED)).verdict is Verdict.NOT_SENT
    assert judge_step(step, Outcome(kind=Kind.MISSING)).verdict is Verdict.DOUBT
    assert judge_step(step, Outcome(kind=Kind.BROKEN)).verdict is Verdict.DOUBT
    assert judge_step(step, Outcome(kind=Kind.ROWS)).verdict is Verdict.CONFIRMED


@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_has_exactly_one_verdict(status: int) -> None:
    reply = Reply(status=status, headers={}, body=b"", retry_after=2.0)
    if status in (401, 403, 404, 405, 429):
        expected = (Verdict.NOT_SENT, Verdict.NOT_SENT)
    elif status in (400, 413):
        expected = (Verdict.REFUSED, Verdict.DOUBT)
    else:
        expected = (Verdict.DOUBT, Verdict.DOUBT)
    answers = [judge_status(reply, handover=handover) for handover in (False, True)]
    assert tuple(answer.verdict for answer in answers) == expected
    assert answers[0].retry_after == 2.0
    assert {answer.to_mend for answer in answers} == {status in (401, 403, 404, 405)}


def test_a_write_without_the_right_says_how_to_mend_it() -> None:
    said = judge_status(Reply(status=403, headers={}, body=b"", retry_after=None), handover=False).text
    assert said.startswith("the gateway answered 403: the service account lacks a role")


def test_a_refusal_of_the_whole_call_carries_its_kind() -> None:
    reply = Reply(status=400, headers={}, body=json.dumps(ended("InputFieldTooLong")).encode())
    assert judge_status(reply, handover=False).code == "InputFieldTooLong"


@pytest.mark.parametrize(("zero_bytes", "verdict"), [(True, Verdict.NOT_SENT), (False, Verdict.DOUBT)])
def test_only_zero_bytes_written_prove_that_nothing_was_sent(zero_bytes: bool, verdict: Verdict) -> None:  # noqa: FBT001 (a case of the table)
    assert judge_fault(WriteFaultError("x", why="deadline", zero_bytes=zero_bytes)).verdict is verdict


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, TransientError),
        (403, MisconfiguredError),
        (404, MisconfiguredError),
        (405, MisconfiguredError),
        (413, RefusedError),
        (409, TransientError),
        (302, TransientError),
        (503, TransientError),
    ],
)
def test_a_reader_is_told_what_to_do(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(status) if status != 401 else "token"):
        check_read(Reply(status=status, headers={}, body=b""), what="it")
