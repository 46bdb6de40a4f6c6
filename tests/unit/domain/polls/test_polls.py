"""What a poll says once and not again."""

from domain.polls.decisions import decide_failed, decide_malformed, decide_read, failure_stands
from domain.polls.events import PollCompleted, PollFailed, PollRecordMalformed, PollRecordRead
from tests.unit.domain.suppliers.story import recorded

WRONG_COMPANY = PollFailed(flow="suppliers", verdict="stop", text="the session is of company 200")
NO_ROLE = PollFailed(flow="suppliers", verdict="stop", text="the service account lacks a role")
DONE = PollCompleted(flow="suppliers", watermark="1", pages=1, seen=1, recorded=0, calls=1)


def test_a_malformed_record_is_said_once_until_its_text_changes() -> None:
    said = PollRecordMalformed(flow="suppliers", record="V1", text="no name")
    assert decide_malformed([], flow="suppliers", record="V1", text="no name") == (said,)
    assert decide_malformed(recorded([said]), flow="suppliers", record="V1", text="no name") == ()
    other = PollRecordMalformed(flow="suppliers", record="V1", text="no status")
    assert decide_malformed(recorded([said]), flow="suppliers", record="V1", text="no status") == (other,)


def test_a_record_is_said_to_be_read_when_it_was_said_that_it_could_not_be() -> None:
    unread = PollRecordMalformed(flow="suppliers", record="V1", text="no name")
    read = PollRecordRead(flow="suppliers", record="V1")
    assert decide_read([], flow="suppliers", record="V1") == ()
    assert decide_read(recorded([unread]), flow="suppliers", record="V1") == (read,)
    assert decide_read(recorded([unread, read]), flow="suppliers", record="V1") == ()
    assert decide_malformed(recorded([unread, read]), flow="suppliers", record="V1", text="no name") == (unread,)


def test_a_failure_is_said_once_until_a_poll_succeeds() -> None:
    def failed(past: list[PollFailed | PollCompleted], failure: PollFailed) -> bool:
        said = decide_failed(recorded(past), flow=failure.flow, verdict=failure.verdict, text=failure.text)
        return said == (failure,)

    assert failed([], WRONG_COMPANY)
    assert not failed([WRONG_COMPANY], WRONG_COMPANY)
    assert failed([WRONG_COMPANY], NO_ROLE)
    assert not failed([WRONG_COMPANY, NO_ROLE], WRONG_COMPANY)
    assert failed([WRONG_COMPANY, DONE], WRONG_COMPANY)


def test_a_failure_stands_until_a_poll_succeeds() -> None:
    assert not failure_stands([])
    assert failure_stands(recorded([WRONG_COMPANY]))
    assert not failure_stands(recorded([WRONG_COMPANY, DONE]))
