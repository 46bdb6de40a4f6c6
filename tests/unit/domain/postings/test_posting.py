from datetime import timedelta

import pytest

from domain.event import Event
from domain.postings import events as e
from domain.postings.posting import Posting, fold, is_forgotten
from tests.support.payments_world import NOW, STREAM, plan, recorded, row

LATER = NOW + timedelta(minutes=3)
PLANNED = e.PostingPlanned(plan=plan())
STARTED = e.PostingStarted(
    key1="T",
    attempt=1,
    attempt_id="a1",
    description="",
    parms=("I1",),
    deadline=NOW,
    look_at=LATER,
    incarnation=STREAM,
)
HANDOVER = e.PostingHandoverStarted(
    key1="T", attempt_id="a2", handover=1, deadline=NOW, look_at=LATER, incarnation=STREAM
)


def given(*events: Event) -> Posting:
    return fold(recorded([PLANNED, *events]))


def step(name: str) -> e.PostingStepTaken:
    return e.PostingStepTaken(attempt_id="a1", step=name)


def not_sent(*, after_handover: bool = False, unknown_code: bool = False) -> e.PostingNotSent:
    return e.PostingNotSent(
        attempt_id="a1",
        step="CtrlBatch",
        after_handover=after_handover,
        why="locked",
        retry_at=LATER,
        unknown_code=unknown_code,
    )


def doubted(*, after_handover: bool) -> e.PostingDoubted:
    return e.PostingDoubted(
        attempt_id="a1", step="UpdBatch", why="timeout", after_handover=after_handover, look_at=LATER
    )


def resolved(resolution: str) -> e.PostingDoubtResolved:
    return e.PostingDoubtResolved(
        key1="T", payment_id="77001", resolution=resolution, voucher="", person="ann", reason="seen"
    )


@pytest.mark.parametrize(
    ("events", "phase"),
    [
        ([], "planned"),
        ([e.PostingHeld(payment_id="77001", reason="SIGN", detail="")], "held"),
        ([e.PostingHeld(payment_id="77001", reason="IN_FLIGHT", detail="", waits_for="posting:T2")], "queued"),
        ([STARTED], "started"),
        ([STARTED, not_sent()], "not_sent"),
        ([STARTED, doubted(after_handover=False)], "doubted"),
        ([STARTED, HANDOVER], "handing_over"),
        ([STARTED, HANDOVER, e.PostingHandedOver(attempt_id="a2", look_at=LATER)], "handed_over"),
        ([STARTED, HANDOVER, not_sent(after_handover=True)], "handover_not_sent"),
        ([STARTED, HANDOVER, doubted(after_handover=True)], "handover_doubted"),
        ([e.PostingWaitsInInfor(payment_id="77001", detail="", by_hand=False, look_at=LATER)], "waits"),
        ([e.PostingToDesk(payment_id="77001", why="NO_TRACE", what="")], "desk"),
        ([e.PostingConfirmed(key1="T", payment_id="77001", rows=(row(),))], "confirmed"),
        (
            [e.PostingRefused(key1="T", attempt_id="a1", payment_id="77001", step="CtrlBatch", code="X", text="")],
            "refused",
        ),
        ([e.PostingAbandoned(key1="T", payment_id="77001", why="void")], "abandoned"),
        ([resolved("posted")], "settled_posted"),
        ([resolved("posted-by-hand")], "settled_posted"),
        ([resolved("absent")], "settled_absent"),
    ],
)
def test_a_posting_is_in_exactly_one_phase(events: list[Event], phase: str) -> None:
    assert given(*events).phase == phase


def test_every_step_before_handover_is_remembered() -> None:
    state = given(STARTED, step("AddBatchHead"), step("AddBatchLine"), step("CtrlBatch"))
    assert (state.head_done, state.lines_done, state.checked) == (True, True, True)


def test_the_first_handover_is_the_one_patience_counts_from() -> None:
    first = recorded([PLANNED, STARTED, HANDOVER])
    assert fold(first).handed_over_at == NOW
    again = recorded([PLANNED, STARTED, HANDOVER, doubted(after_handover=True), HANDOVER], at=NOW)
    assert fold(again).handed_over_at == NOW


def test_a_batch_found_in_gls840_counts_as_handed_over_from_when_it_was_found() -> None:
    assert given(doubted(after_handover=True)).handed_over_at == NOW


def test_unknown_codes_are_counted_until_a_step_is_taken_or_a_person_releases() -> None:
    twice = given(STARTED, not_sent(unknown_code=True), STARTED, not_sent(unknown_code=True))
    assert twice.unknown_codes == 2
    assert given(STARTED, not_sent(unknown_code=True), STARTED, step("AddBatchHead")).unknown_codes == 0
    released = given(STARTED, not_sent(unknown_code=True), e.PostingReleased(payment_id="77001", why="go on"))
    assert (released.phase, released.unknown_codes) == ("planned", 0)


def test_what_is_before_the_handover_ended_or_booked() -> None:
    assert given().before_handover
    assert not given(STARTED, HANDOVER).before_handover
    assert given(resolved("absent")).ended
    assert not given(resolved("absent")).booked
    assert given(resolved("posted")).booked


def test_a_late_answer_changes_nothing_but_the_version() -> None:
    late = e.PostingAnsweredLate(attempt_id="a1", step="CtrlBatch", verdict="confirmed")
    assert given(STARTED, late).phase == "started"
    assert given(STARTED, late).version == 3


def test_a_queued_posting_may_start_and_one_held_for_a_person_may_not() -> None:
    queued = given(e.PostingHeld(payment_id="77001", reason="IN_FLIGHT", detail="", waits_for="posting:T2"))
    assert (queued.startable, queued.waits_for) == (True, "posting:T2")
    started = given(e.PostingHeld(payment_id="77001", reason="IN_FLIGHT", detail="", waits_for="posting:T2"), STARTED)
    assert (started.reason, started.waits_for) == ("", None)
    assert not given(e.PostingHeld(payment_id="77001", reason="SIGN", detail="")).startable
    assert not given(STARTED, HANDOVER).startable


def test_handovers_that_never_went_out_are_counted_apart() -> None:
    state = given(STARTED, not_sent(), HANDOVER, not_sent(after_handover=True), HANDOVER)
    assert (state.handover, state.unsent) == (1, 1)


def test_a_persons_word_is_remembered() -> None:
    assert given(resolved("posted-by-hand")).resolution == "posted-by-hand"


def test_what_was_planned_before_the_store_went_back_counts_as_handed_over() -> None:
    assert is_forgotten(given(), NOW)
    assert not is_forgotten(given(), NOW - timedelta(seconds=1))
    assert not is_forgotten(given(), None)
    assert not is_forgotten(fold([]), NOW)
    assert is_forgotten(fold(recorded([e.PostingPlanned(plan=plan(read_back_only=True))])), None)
