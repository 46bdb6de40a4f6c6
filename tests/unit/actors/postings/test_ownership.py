"""One owner per attempt: who is late changes nothing, and two workers on one row send once."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from actors.errands.confirm_posting import confirm_posting
from actors.errands.plan_reversal import plan_reversal
from actors.errands.post_payment import post_payment
from actors.errands.send_postings import resume_posting, send_postings
from domain.event import Event
from domain.postings.events import PostingAnsweredLate, PostingHandedOver, PostingStarted
from tests.unit.actors.postings.postings_world import CALL, QUIET, World
from tests.unit.actors.postings.watched_fakes import CrashError
from tieout.simulation.fakes.ledger_faults import ANSWER_LOST, LOST

CHAIN = ("AddBatchHead", "AddBatchLine", "CtrlBatch")
LONG = timedelta(minutes=25)
STEP = timedelta(seconds=30)


def planned(**options: Any) -> World:
    world = World(**options)
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    return world


def late_answers(world: World) -> list[Event]:
    return world.events(PostingAnsweredLate)


@pytest.mark.parametrize("step", CHAIN)
def test_an_owner_that_wakes_after_its_settle_window_changes_nothing(step: str) -> None:
    world = planned()
    other = world.worker("w2")

    def sleep() -> None:
        world.wait(QUIET)
        assert world.run(resume_posting, other) == 1

    world.ledger.after_step[step] = sleep
    world.work()
    (late,) = late_answers(world)
    assert isinstance(late, PostingAnsweredLate)
    assert (late.step, late.verdict) == (step, "confirmed")
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


@pytest.mark.parametrize("step", CHAIN)
def test_an_owner_past_its_deadline_writes_no_byte(step: str) -> None:
    world = planned()
    world.ledger.before_step[step] = lambda: world.wait(CALL)
    world.work()
    assert step not in world.wire()
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_receipt_of_the_handover_that_comes_late_is_kept_as_evidence() -> None:
    world = planned(posting_delay=None)
    other = world.worker("w2")

    def sleep() -> None:
        world.wait(QUIET)
        assert world.run(confirm_posting, other) == 1

    world.ledger.after_step["UpdBatch"] = sleep
    world.work()
    late = [event for event in late_answers(world) if isinstance(event, PostingAnsweredLate)]
    assert [(event.step, event.verdict) for event in late] == [("UpdBatch", "confirmed")]
    world.ledger.post_due()
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_receipt_after_somebody_elses_doubt_is_not_lost() -> None:
    world = planned(posting_delay=None)
    other = world.worker("w2")

    def sleep() -> None:
        world.ledger.batches[0].gone_at = world.now()  # M3 took it: GLS840 shows it no more
        world.wait(QUIET)
        assert world.run(confirm_posting, other) == 1

    world.ledger.after_step["UpdBatch"] = sleep
    world.work()
    assert world.names(world.key("77001"))[-2:] == ["PostingDoubted", "PostingAnsweredLate"]
    assert not world.events(PostingHandedOver)
    assert world.wire().count("UpdBatch") == 1


def test_an_answer_within_the_window_is_the_owners_to_record() -> None:
    world = planned()
    other = world.worker("w2")

    def sleep() -> None:
        world.wait(QUIET - timedelta(seconds=1))
        assert world.run(resume_posting, other) == 0
        assert world.run(confirm_posting, other) == 0

    world.ledger.after_step["CtrlBatch"] = sleep
    world.work()
    assert late_answers(world) == []
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_two_workers_on_the_same_rows_send_once() -> None:
    world = planned()
    other = world.worker("w2")
    world.run(post_payment)

    world.ledger.after_look.append(lambda: world.run_beside(send_postings, other))
    world.work()
    assert len(world.events(PostingStarted)) == 1
    world.work_through(LONG, step=STEP)
    assert world.wire() == [*CHAIN, "UpdBatch"]
    world.check_booked_once(world.key("77001"))


@pytest.mark.parametrize("ending", ["answered", "lost", "died"])
def test_two_workers_repeat_a_handover_in_doubt_once(ending: str) -> None:
    world = planned()
    other = world.worker("w2")
    world.ledger.script("UpdBatch", LOST)
    world.work()
    world.wait(QUIET)

    def die() -> None:
        raise CrashError

    def race() -> None:
        if ending == "lost":
            world.ledger.script("UpdBatch", LOST)
        if ending == "died":
            world.ledger.after_step["UpdBatch"] = die
        with suppress(CrashError):
            world.run_beside(confirm_posting, other)

    world.payables.after_payments = race
    world.run(confirm_posting)
    assert world.wire().count("UpdBatch") == 2
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


@pytest.mark.parametrize("step", CHAIN)
def test_nobody_takes_up_a_chain_whose_owner_may_still_write(step: str) -> None:
    world = planned()
    other = world.worker("w2")

    def meddle() -> None:
        assert world.run_beside(send_postings, other, fold=False) == 1
        world.run_beside(resume_posting, other)

    world.ledger.after_step[step] = meddle
    world.work()
    assert world.names(world.key("77001")).count("PostingStarted") == 1
    world.work_through(LONG, step=STEP)
    assert world.wire() == [*CHAIN, "UpdBatch"]
    world.check_booked_once(world.key("77001"))


def test_nobody_judges_a_handover_whose_owner_may_still_write() -> None:
    world = planned(posting_delay=None)
    other = world.worker("w2")
    world.ledger.script("UpdBatch", ANSWER_LOST)
    world.ledger.after_step["UpdBatch"] = lambda: world.run_beside(confirm_posting, other)
    world.work()
    names = world.names(world.key("77001"))
    assert names[-2:] == ["PostingHandoverStarted", "PostingDoubted"]
    world.wait(QUIET - timedelta(seconds=1))
    world.run_beside(confirm_posting, other)
    assert world.names(world.key("77001")) == names


@pytest.mark.parametrize("moment", ["after_look", "after_prepare"])
def test_the_first_posting_is_chosen_once_by_two_workers(moment: str) -> None:
    world = World(first_posting="confirm")
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.run(post_payment)
    other = world.worker("w2")

    def race() -> None:
        world.pay("77002", (world.bill("INV-2"), 157_000))
        world.poll()
        world.run(post_payment, other)
        assert world.run(send_postings, other) == 1

    getattr(world.ledger, moment).append(race)
    world.work()
    assert len(world.events(PostingStarted)) == 1
    world.work_through(LONG, step=STEP)
    assert (world.phase("77001"), world.phase("77002")) == ("queued", "confirmed")
    assert world.is_quiet()


@pytest.mark.parametrize("moment", ["after_look", "after_prepare"])
def test_two_workers_begin_payments_of_one_invoice_one_after_the_other(moment: str) -> None:
    world = World()
    roof = world.bill("INV-1", 100_000)
    world.pay("77001", (roof, 40_000))
    world.poll()
    world.run(post_payment)
    other = world.worker("w2")

    def race() -> None:
        world.pay("77002", (roof, 50_000))
        world.poll()
        world.run(post_payment, other)
        assert world.run(send_postings, other) == 1

    getattr(world.ledger, moment).append(race)
    world.work()
    assert len(world.events(PostingStarted)) == 1
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77002"))
    assert world.is_quiet()


def test_a_reversal_that_comes_while_the_chain_runs_stops_it() -> None:
    world = World()
    content = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()

    def void() -> None:
        world.void(content)
        world.poll()
        assert world.run(plan_reversal, world.worker("w2")) == 1

    world.ledger.after_step["AddBatchLine"] = void
    world.work_through(LONG, step=STEP)
    assert world.phase("77001") == "abandoned"
    assert "UpdBatch" not in world.wire()
    assert world.is_quiet()
