"""After the store went back what was planned before counts as handed over: it is only looked at."""

from datetime import date, timedelta

import pytest

from actors.errands.posting_batch import where_to_look
from actors.errands.send_postings import send_postings
from domain.payments.events import PaymentHeld
from domain.postings.events import PostingAnsweredLate, PostingPlanned, PostingStarted, PostingToDesk
from tests.support.payments_world import plan
from tests.unit.actors.postings.postings_world import QUIET, World
from tests.unit.domain.invoices.invoice_facts import forgotten
from tieout.simulation.fakes.ledger_faults import LOST

STEP = timedelta(seconds=30)
HOLD = timedelta(minutes=10)
LONG = timedelta(minutes=60)


def planned_then_posted(**options: bool) -> tuple[World, int]:
    """A world with a posted payment, and the position of the log when it was only planned."""
    world = World(posting_delay=None)
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.work()
    position = next(r.position for r in world.store.log.read(after=0, limit=99) if isinstance(r.event, PostingPlanned))
    if options.get("booked", True):
        world.ledger.post_due()
        world.work_through(timedelta(minutes=6))
    return world, position


def desk(world: World, key: str) -> str:
    """What the desk was told last to look at."""
    return [r.event.what for r in world.history("posting", key) if isinstance(r.event, PostingToDesk)][-1]


def test_what_was_posted_before_is_confirmed_by_its_evidence() -> None:
    world, position = planned_then_posted()
    world.go_back(position, hold=HOLD)
    sent = len(world.wire())
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))
    assert len(world.wire()) == sent
    assert world.is_quiet()


def test_what_gls840_still_shows_is_looked_at_and_never_handed_over_again() -> None:
    world, position = planned_then_posted(booked=False)
    world.go_back(position, hold=HOLD)
    sent = len(world.wire())
    world.work_through(HOLD + timedelta(minutes=1), step=STEP)
    assert world.phase("77001") == "handover_doubted"
    world.ledger.post_due()
    world.work_through(timedelta(minutes=10), step=STEP)
    world.check_booked_once(world.key("77001"))
    assert len(world.wire()) == sent


def test_what_stays_in_gls840_goes_to_the_desk() -> None:
    world, position = planned_then_posted(booked=False)
    world.go_back(position, hold=HOLD)
    sent = len(world.wire())
    world.work_through(LONG, step=STEP)
    assert world.posting(world.key("77001")).reason == "STILL_IN_GLS840"
    assert len(world.wire()) == sent
    assert world.is_quiet()


def test_what_shows_nowhere_goes_to_the_desk() -> None:
    world, position = planned_then_posted(booked=False)
    world.ledger.batches.clear()
    world.go_back(position, hold=HOLD)
    sent = len(world.wire())
    world.work_through(LONG, step=STEP)
    assert world.posting(world.key("77001")).reason == "STORE_WENT_BACK"
    assert len(world.wire()) == sent
    assert world.is_quiet()


def test_nothing_is_decided_while_the_hold_lasts() -> None:
    world, position = planned_then_posted(booked=False)
    world.ledger.batches[0].gone_at = world.now()
    world.go_back(position, hold=HOLD)
    world.work_through(HOLD - STEP * 2, step=STEP)
    assert world.phase("77001") == "planned"
    rows = world.store.work.rows().values()
    assert [row.due_at for row in rows] == [world.store.log.hold_until()]
    world.ledger.batches[0].gone_at = None
    world.ledger.post_due()
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_payment_settled_before_and_polled_again_is_only_read_back() -> None:
    world, _ = planned_then_posted(booked=False)
    first = next(r.position for r in world.store.log.read(after=0, limit=99))
    world.wait(timedelta(seconds=1))
    world.go_back(first, hold=HOLD)
    sent = len(world.wire())
    world.poll()
    world.work_through(HOLD * 2, step=STEP)
    assert world.phase("77001") == "handover_doubted"
    world.ledger.post_due()
    world.work_through(timedelta(minutes=10), step=STEP)
    world.check_booked_once(world.key("77001"))
    assert len(world.wire()) == sent


def test_a_payment_settled_later_is_posted_as_ever() -> None:
    world, position = planned_then_posted()
    world.go_back(position, hold=HOLD)
    world.wait(timedelta(seconds=30))
    tomorrow = date(2026, 3, 3)
    world.pay("77002", (world.bill("INV-2"), 157_000), payment_date=tomorrow, settled_date=tomorrow)
    world.poll()
    world.work()
    assert world.phase("77002") == "planned"
    assert not world.events(PostingStarted)
    world.work_through(HOLD, step=STEP)
    world.ledger.post_due()
    world.work_through(timedelta(minutes=10), step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77002"))
    assert world.is_quiet()


def test_a_payment_of_an_invoice_that_was_forgotten_says_so() -> None:
    world, position = planned_then_posted()
    world.go_back(position, hold=HOLD)
    roof = world.bill("INV-2", live=False)
    world.say(world.stream("invoice", roof.head.key.external_id), forgotten(roof.head.key))
    world.pay("77002", (roof, 157_000))
    world.poll()
    world.work()
    hold = world.events(PaymentHeld)[-1]
    assert isinstance(hold, PaymentHeld)
    assert (hold.reason, "the restored store forgot" in hold.detail) == ("UNKNOWN_INVOICE", True)


def test_a_reversal_does_not_give_up_what_may_be_handed_over() -> None:
    world, position = planned_then_posted(booked=False)
    content = world.payment("77001").content
    assert content is not None
    world.go_back(position, hold=HOLD)
    world.void(content)
    world.poll()
    world.work()
    assert world.phase("77001") == "planned"
    assert world.payment("77001").reversal is None
    world.ledger.post_due()
    world.work_through(LONG, step=STEP)
    assert world.phase("77001") == "confirmed"
    reversal = world.payment("77001").reversal
    assert reversal is not None
    assert reversal.tasks == (world.key("77001"),)


def test_a_reissue_waits_for_what_may_be_handed_over() -> None:
    world, position = planned_then_posted(booked=False)
    world.go_back(position, hold=HOLD)
    world.wait(timedelta(seconds=30))
    world.pay("77002", (next(iter(world.ledger.invoices.values())), 157_000), replaces_payment_id="77001")
    world.poll()
    world.work()
    assert world.payment("77002").reason == "REPLACED_NOT_REVERSED"


def test_what_a_person_proved_absent_after_the_loss_is_posted_in_a_new_generation() -> None:
    world, _ = planned_then_posted(booked=False)
    world.ledger.batches.clear()
    world.wait(timedelta(seconds=1))
    world.go_back(1, hold=HOLD)
    world.poll()
    world.work_through(HOLD * 2, step=STEP)
    key = world.key("77001")
    assert world.posting(key).reason == "STORE_WENT_BACK"
    world.resolve(key, "absent")
    world.order("77001")
    world.work_through(timedelta(minutes=1))
    world.ledger.post_due()
    world.work_through(timedelta(minutes=10), step=STEP)
    assert world.phase("77001", generation=2) == "confirmed"
    assert world.ledger.bookings[world.key("77001", generation=2)] == 1
    assert world.is_quiet()


@pytest.mark.parametrize("step", ["AddBatchHead", "AddBatchLine", "CtrlBatch"])
def test_an_answer_under_another_incarnation_is_evidence_only(step: str) -> None:
    world = World(posting_delay=None)
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()

    def restore() -> None:
        world.go_back(world.store.log.last_position(), hold=HOLD)

    world.ledger.after_step[step] = restore
    world.work()
    late = [event for event in world.events(PostingAnsweredLate) if isinstance(event, PostingAnsweredLate)]
    assert [(event.step, event.verdict) for event in late] == [(step, "confirmed")]
    assert world.wire()[-1] == step
    world.work_through(LONG, step=STEP)
    assert world.wire()[-1] == step
    assert world.phase("77001") == "desk"


def test_a_receipt_of_the_handover_under_another_incarnation_is_followed_by_the_evidence() -> None:
    world = World(posting_delay=None)
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.ledger.after_step["UpdBatch"] = lambda: world.go_back(world.store.log.last_position(), hold=HOLD)
    world.work()
    assert world.names(world.key("77001"))[-1] == "PostingAnsweredLate"
    world.ledger.post_due()
    world.work_through(QUIET + timedelta(minutes=10), step=STEP)
    world.check_booked_once(world.key("77001"))


def test_held_rows_come_back_at_the_holds_end_without_counting_a_try() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.store.log.hold(world.now() + HOLD)
    world.work()
    (row,) = world.store.work.rows().values()
    assert (row.due_at, row.attempts) == (world.now() + HOLD, 0)
    assert world.run(send_postings) == 0
    world.work_through(HOLD + timedelta(minutes=1), step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_hold_that_begins_before_the_intent_stops_the_chain() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.ledger.after_prepare.append(lambda: world.store.log.hold(world.now() + HOLD))
    world.work()
    assert world.wire() == []
    (row,) = world.store.work.rows().values()
    assert (row.due_at, row.attempts) == (world.now() + HOLD, 0)
    world.work_through(HOLD + timedelta(minutes=1), step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_hold_that_begins_before_the_handover_stops_it() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.ledger.after_step["CtrlBatch"] = lambda: world.store.log.hold(world.now() + HOLD)
    world.work_through(HOLD - STEP, step=STEP)
    assert "UpdBatch" not in world.wire()
    world.work_through(timedelta(minutes=10), step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_handover_in_doubt_is_not_repeated_after_the_store_went_back() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.ledger.script("UpdBatch", LOST)
    world.work()
    world.go_back(world.store.log.last_position(), hold=HOLD)
    world.work_through(LONG, step=STEP)
    assert world.wire().count("UpdBatch") == 1
    assert world.posting(world.key("77001")).reason == "STILL_IN_GLS840"


def test_a_next_generation_that_the_store_forgot_is_not_booked_twice() -> None:
    """T1 is found absent, T2 sticks inside M3; a backup from between the two is restored, the payment ordered again."""
    world, _ = planned_then_posted(booked=False)
    world.ledger.batches.clear()
    world.work_through(LONG, step=STEP)
    world.resolve(world.key("77001"), "absent")
    found_absent = world.store.log.last_position()
    world.ledger.stick_next = 1
    world.order("77001")
    world.work_through(timedelta(minutes=1))
    world.ledger.post_due()
    world.go_back(found_absent, hold=HOLD)
    sent = len(world.wire())
    world.wait(STEP)
    world.order("77001")
    world.work_through(HOLD * 2, step=STEP)
    second = world.key("77001", generation=2)
    assert world.posting(second).reason == "STORE_WENT_BACK"
    assert len(world.wire()) == sent, "nothing is written that the store may have forgotten"
    assert "every voucher of payment 77001 (number C77001) in division AAA" in desk(world, second)
    world.ledger.batches.clear()
    world.resolve(second, "absent")
    world.order("77001")
    world.work_through(timedelta(minutes=1))
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    world.check_booked_once(world.key("77001", generation=3))


def test_after_a_restore_the_desk_asks_for_every_voucher_of_a_payment() -> None:
    world, position = planned_then_posted(booked=False)
    world.work_through(LONG, step=STEP)
    waits = world.posting(world.key("77001"))
    assert waits.phase == "waits"
    assert "whatever its KEY1" not in waits.reason
    world.go_back(world.store.log.last_position(), hold=HOLD)
    world.work_through(LONG, step=STEP)
    assert "whatever its KEY1 and text" in world.posting(world.key("77001")).reason, "what was said before is said anew"
    world.go_back(position, hold=HOLD)
    world.work_through(LONG, step=STEP)
    assert "whatever its KEY1 and text" in desk(world, world.key("77001"))


def test_after_a_restore_the_desk_asks_for_a_reversal_by_its_own_name() -> None:
    assert where_to_look(plan(kind="R", key1="R1")) == "look in M3 whether R1 took payment 77001 back, in GLS037 too"
