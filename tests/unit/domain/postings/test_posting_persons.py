from datetime import datetime, timedelta

import pytest

from domain.errors import RefusedError
from domain.event import Event
from domain.postings import events as e
from domain.postings.persons import decide_release, decide_resolution
from domain.postings.posting import fold
from tests.support.history import STREAM, given
from tests.support.payments_world import NOW, plan, row

PLANNED = e.PostingPlanned(plan=plan())
PAYMENT = plan().payment_id
KEY1 = plan().key1
SETTLE = timedelta(minutes=15)
LATER = NOW + timedelta(hours=1)
STARTED = e.PostingStarted(
    key1=KEY1,
    attempt=1,
    attempt_id="a1",
    description="",
    parms=("I1",),
    deadline=NOW,
    look_at=LATER,
    incarnation=STREAM,
)
HANDOVER = e.PostingHandoverStarted(
    key1=KEY1, attempt_id="a2", handover=1, deadline=NOW, look_at=LATER, incarnation=STREAM
)
DESK = e.PostingToDesk(payment_id=PAYMENT, why="NO_TRACE", what="look in GLS047")
REFUSED = e.PostingRefused(
    key1=KEY1, attempt_id="a1", payment_id=PAYMENT, step="CtrlBatch", code="GL84007", text="period closed"
)
BACK_PLANNED = e.PostingPlanned(plan=plan(kind="R"))
ABSENT = e.PostingDoubtResolved(
    key1=KEY1, payment_id=PAYMENT, resolution="absent", voucher="", person="ann", reason="seen"
)
CONFIRMED = e.PostingConfirmed(key1=KEY1, payment_id=PAYMENT, rows=(row(),))


def held(reason: str) -> e.PostingHeld:
    return e.PostingHeld(key1=KEY1, payment_id=PAYMENT, reason=reason, detail="because")


def resolved(
    resolution: str, *events: Event, planned: Event = PLANNED, voucher: str = "", now: datetime = LATER
) -> tuple[Event, ...]:
    return (
        given([planned, *events], fold=fold)
        .when(
            lambda state: decide_resolution(
                state, resolution=resolution, voucher=voucher, person="ann", reason="seen", now=now, settle=SETTLE
            )
        )
        .events
    )


@pytest.mark.parametrize("events", [[held("DISCOUNT")], [STARTED, REFUSED]])
def test_a_held_or_refused_posting_goes_again_under_the_same_key(events: list[Event]) -> None:
    outcome = given([PLANNED, *events], fold=fold).when(lambda s: decide_release(s, person="ann", reason="mended"))

    outcome.then([e.PostingReleased(payment_id=PAYMENT, why="ann: mended")])
    assert outcome.state.phase == "planned"


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([], "NOTHING_TO_RETRY"),
        ([PLANNED], "NOTHING_TO_RETRY"),
        ([PLANNED, held("TASK")], "BY_HAND"),
        ([PLANNED, held("LEG_NOT_POSITIVE")], "BY_HAND"),
        ([PLANNED, HANDOVER, DESK], "NOTHING_TO_RETRY"),
        ([PLANNED, HANDOVER, DESK, ABSENT], "NOTHING_TO_RETRY"),
        ([BACK_PLANNED, HANDOVER, DESK, ABSENT], "BY_HAND"),
    ],
)
def test_what_is_not_held_for_a_retry_is_not_released(events: list[Event], code: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        given(events, fold=fold).when(lambda s: decide_release(s, person="ann", reason="mended"))

    assert refusal.value.code == code


@pytest.mark.parametrize(("word", "voucher"), [("posted", ""), ("posted-by-hand", "20417"), ("absent", "")])
def test_a_person_settles_a_posting_at_the_desk(word: str, voucher: str) -> None:
    (fact,) = resolved(word, HANDOVER, DESK, voucher=voucher)

    assert fact == e.PostingDoubtResolved(
        key1=KEY1, payment_id=PAYMENT, resolution=word, voucher=voucher, person="ann", reason="seen"
    )


@pytest.mark.parametrize("events", [[held("TASK")], [STARTED, REFUSED]])
def test_a_posting_that_never_went_out_may_have_been_posted_by_hand(events: list[Event]) -> None:
    assert len(resolved("posted-by-hand", *events, voucher="20417")) == 1


@pytest.mark.parametrize(
    ("word", "events", "code"),
    [
        ("absent", [HANDOVER, CONFIRMED], "NOT_IN_DOUBT"),
        ("perhaps", [HANDOVER, DESK], "RESOLUTION"),
        ("posted-by-hand", [HANDOVER, DESK], "VOUCHER"),
        ("absent", [held("TASK")], "RESOLUTION"),
        ("absent", [STARTED], "NOT_IN_DOUBT"),
    ],
)
def test_a_word_that_does_not_fit_the_posting_is_refused(word: str, events: list[Event], code: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        resolved(word, *events)

    assert refusal.value.code == code


def test_nobody_settles_a_posting_before_a_late_call_is_ruled_out() -> None:
    with pytest.raises(RefusedError, match="may still arrive") as refusal:
        resolved("absent", HANDOVER, DESK, now=NOW + SETTLE - timedelta(seconds=1))

    assert refusal.value.code == "TOO_EARLY"
    assert resolved("absent", HANDOVER, DESK, now=NOW + SETTLE)


def test_a_reversal_that_was_found_absent_is_taken_back_by_hand_afterwards() -> None:
    (fact,) = resolved("posted-by-hand", HANDOVER, DESK, ABSENT, planned=BACK_PLANNED, voucher="20417")
    assert isinstance(fact, e.PostingDoubtResolved)
    assert (fact.resolution, fact.voucher) == ("posted-by-hand", "20417")


@pytest.mark.parametrize(
    ("planned", "word", "voucher", "code"),
    [
        (BACK_PLANNED, "absent", "", "NOT_IN_DOUBT"),
        (BACK_PLANNED, "posted", "", "NOT_IN_DOUBT"),
        (BACK_PLANNED, "posted-by-hand", "", "VOUCHER"),
        (PLANNED, "posted-by-hand", "20417", "NOT_IN_DOUBT"),
    ],
)
def test_no_other_word_fits_what_was_found_absent(planned: Event, word: str, voucher: str, code: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        resolved(word, HANDOVER, DESK, ABSENT, planned=planned, voucher=voucher)

    assert refusal.value.code == code
