"""Reversals queue behind their postings: given up before the handover, waiting in doubt, reversed when posted."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from actors.errands.post_payment import post_payment
from domain import keys
from domain.payments.events import PaymentReversalPlanned, ReversalDoneByHand
from domain.payments.persons import decide_reversal_done
from tests.unit.actors.postings.postings_world import World
from tieout.simulation.fakes.ledger_faults import ANSWER_LOST, LOST

STEP = timedelta(seconds=30)
LONG = timedelta(minutes=25)
VOID: dict[str, Any] = {"void_interface": "AVXVOID"}


def test_a_payment_voided_before_it_is_planned_posts_nothing() -> None:
    world = World()
    content = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=1))
    assert world.payment("77001").legs == ()
    assert world.wire() == []
    assert world.is_quiet()


def test_a_payment_voided_after_planning_is_abandoned() -> None:
    world = World()
    content = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.run(post_payment)
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=1))
    assert world.phase("77001") == "abandoned" or world.wire() == []
    assert "UpdBatch" not in world.wire()
    assert world.is_quiet()


@pytest.mark.parametrize("step", ["AddBatchHead", "AddBatchLine", "CtrlBatch"])
def test_a_payment_voided_while_its_chain_is_in_doubt_is_abandoned(step: str) -> None:
    world = World()
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.poll()
    world.ledger.script(step, LOST)
    world.work()
    world.void(content)
    world.poll()
    world.work_through(LONG, step=STEP)
    assert world.phase("77001") == "abandoned"
    assert "UpdBatch" not in world.wire()
    assert world.invoice(roof).payment_in_flight == ""
    assert world.is_quiet()


def test_a_payment_voided_while_held_is_abandoned() -> None:
    world = World()
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    roof.stopped = True
    world.post()
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=1))
    assert world.phase("77001") == "abandoned"
    assert world.is_quiet()


def test_a_reversal_waits_for_a_posting_that_was_handed_over() -> None:
    world = World(posting_delay=None, **VOID)
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=5))
    assert world.payment("77001").reversal is None
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    assert world.phase("77001") == "confirmed"
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    world.check_booked_once(world.key("77001"), world.key("77001", kind="R"))
    assert world.is_quiet()


def test_a_posted_payment_is_reversed_through_the_void_interface() -> None:
    world = World(**VOID)
    roof, paint = world.bill("INV-1"), world.bill("INV-2", 20_000, division="BBB")
    content = world.pay("77001", (roof, 157_000), (paint, 20_000))
    world.post()
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=2))
    keys = [world.key("77001", division=d, kind=k) for d in ("AAA", "BBB") for k in ("T", "R")]
    world.check_booked_once(*keys)
    assert str(roof.outstanding) == "1570.00"
    assert str(paint.outstanding) == "200.00"
    assert not world.invoice(roof).closed
    assert world.is_quiet()


@pytest.mark.parametrize("step", ["AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch"])
def test_a_fault_in_the_reversals_chain_never_doubles(step: str) -> None:
    world = World(**VOID)
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.ledger.script(step, LOST, ANSWER_LOST)
    world.void(content)
    world.poll()
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77001", kind="R"))
    assert world.is_quiet()


def test_without_a_void_interface_a_person_reverses_it() -> None:
    world = World()
    content = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.post()
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=1))
    (planned,) = (e for e in world.events(PaymentReversalPlanned) if isinstance(e, PaymentReversalPlanned))
    assert planned.tasks == (world.key("77001"),)
    world.check_booked_once(world.key("77001"))
    assert world.is_quiet()


def test_seeing_the_reversal_again_plans_nothing_new() -> None:
    world = World(**VOID)
    content = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.post()
    world.void(content)
    for _ in range(3):
        world.poll()
        world.work_through(timedelta(minutes=1))
    assert len(world.events(PaymentReversalPlanned)) == 1
    world.check_booked_once(world.key("77001"), world.key("77001", kind="R"))


def test_a_reissue_goes_after_the_reversal_of_what_it_replaces() -> None:
    world = World(posting_delay=None, **VOID)
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    world.void(content)
    world.pay("77002", (roof, 157_000), replaces_payment_id="77001")
    world.poll()
    world.work_through(timedelta(minutes=2))
    assert world.payment("77002").phase == "held"
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    world.check_booked_once(world.key("77001"), world.key("77001", kind="R"), world.key("77002"))
    assert roof.outstanding.is_zero
    assert world.payment("77001").replaced_by == "77002"
    assert world.is_quiet()


def test_a_reissue_seen_before_the_reversal_waits_too() -> None:
    world = World(**VOID)
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.pay("77002", (roof, 157_000), replaces_payment_id="77001")
    world.poll()
    world.work_through(timedelta(minutes=1))
    assert world.payment("77002").phase == "held"
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=3))
    world.check_booked_once(world.key("77001"), world.key("77001", kind="R"), world.key("77002"))
    assert world.is_quiet()


def test_a_reissue_over_two_divisions_waits_for_both_reversals() -> None:
    world = World(posting_delay=None, **VOID)
    roof, paint = world.bill("INV-1"), world.bill("INV-2", 20_000, division="BBB")
    content = world.pay("77001", (roof, 157_000), (paint, 20_000))
    world.post()
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    world.pay("77002", (roof, 157_000), (paint, 20_000), replaces_payment_id="77001")
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=1))
    first = next(batch for batch in world.ledger.batches if batch.state == "handed over")
    world.ledger._book(first)
    world.work_through(timedelta(minutes=6))
    assert world.payment("77002").phase == "held"
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    old = [world.key("77001", division=d, kind=k) for d in ("AAA", "BBB") for k in ("T", "R")]
    world.check_booked_once(*old, world.key("77002"), world.key("77002", division="BBB"))
    assert world.is_quiet()


def test_a_reissue_goes_when_a_person_reversed_by_hand() -> None:
    world = World()
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.void(content)
    world.pay("77002", (roof, 157_000), replaces_payment_id="77001")
    world.poll()
    world.work_through(timedelta(minutes=1))
    assert world.payment("77002").phase == "held"
    roof.payments.clear()
    facts = decide_reversal_done(world.payment("77001"), person="ann", reason="voided in M3")
    world.say(world.stream("payment", "77001"), *facts)
    world.work_through(timedelta(minutes=1))
    assert isinstance(facts[0], ReversalDoneByHand)
    assert world.phase("77002") == "confirmed"
    assert world.is_quiet()


def test_a_reissue_of_a_payment_never_handed_over_goes_at_once() -> None:
    world = World()
    roof = world.bill("INV-1")
    roof.stopped = True
    content = world.pay("77001", (roof, 157_000))
    world.post()
    roof.stopped = False
    world.void(content)
    world.pay("77002", (roof, 157_000), replaces_payment_id="77001")
    world.poll()
    world.work_through(timedelta(minutes=1))
    assert world.phase("77001") == "abandoned"
    world.check_booked_once(world.key("77002"))
    assert world.is_quiet()


def test_a_reissue_of_a_payment_we_never_saw_goes_to_a_person() -> None:
    world = World()
    world.pay("77002", (world.bill("INV-1"), 157_000), replaces_payment_id="70000")
    world.post()
    assert world.payment("77002").reason == "REPLACES_UNSEEN"
    assert world.wire() == []
    assert world.is_quiet()


def test_a_replaced_payment_first_seen_with_its_reissue_is_noted() -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000), status="Void", standing="reversed")
    world.pay("77002", (roof, 157_000), replaces_payment_id="77001")
    world.poll()
    assert world.payment("77001").replaced_by == "77002"
    position = world.store.log.last_position()
    world.poll()
    assert world.store.log.last_position() == position


def test_a_reversal_is_not_proven_by_the_row_it_takes_back() -> None:
    world = World(**VOID, posting_delay=None)
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.resolve(world.key("77001"), "posted")
    world.ledger.post_due()
    assert [paid.row.text for paid in roof.payments] == ["77001 INV-1"]
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=1))
    assert world.phase("77001", kind="R") == "handed_over"
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    assert world.phase("77001", kind="R") == "confirmed"
    assert world.ledger.bookings[world.key("77001", kind="R")] == 1


@pytest.mark.parametrize("text", ["77001 INV-1", "by hand"])
def test_a_reversal_of_what_a_person_booked_is_not_proven_by_its_voucher(text: str) -> None:
    world = World(**VOID, posting_delay=None)
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.ledger.post_due()
    (paid,) = roof.payments
    by_hand = msgspec.structs.replace(paid.row, text=text)
    roof.payments[:] = [msgspec.structs.replace(paid, row=by_hand)]
    world.resolve(world.key("77001"), "posted-by-hand", voucher=by_hand.voucher)
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=1))
    assert world.phase("77001", kind="R") == "handed_over"
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    assert world.phase("77001", kind="R") == "confirmed"


def test_a_reissue_goes_when_a_person_settles_the_reversal() -> None:
    world = World(**VOID)
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.pay("77002", (roof, 157_000), replaces_payment_id="77001")
    world.poll()
    world.work()
    world.ledger.stick_next = 1
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=40), step=STEP)
    assert world.phase("77001", kind="R") == "waits"
    assert world.payment("77002").phase == "held"
    roof.payments.clear()
    world.resolve(world.key("77001", kind="R"), "posted-by-hand", voucher="PAY-9")
    world.work_through(timedelta(minutes=1))
    assert world.phase("77002") == "confirmed"
    assert world.is_quiet()


def test_a_payment_settled_again_after_its_reversal_posts_nothing_by_itself() -> None:
    world = World(**VOID)
    content = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.post()
    world.void(content)
    world.poll()
    world.work_through(timedelta(minutes=1))
    world.payables.add_payment(msgspec.structs.replace(content, modified=world.now().strftime("%Y-%m-%dT%H:%M:%S")))
    world.poll()
    world.work_through(timedelta(minutes=1))
    world.check_booked_once(world.key("77001"), world.key("77001", kind="R"))
    assert world.is_quiet()


def test_a_reversal_that_a_person_proved_absent_stays_that_persons_task() -> None:
    world = World(**VOID)
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.ledger.stick_next = 1
    world.void(content)
    world.pay("77002", (roof, 157_000), replaces_payment_id="77001")
    world.poll()
    world.work_through(timedelta(minutes=40), step=STEP)
    back = world.key("77001", kind="R")
    world.ledger.batches.clear()
    world.resolve(back, "absent")
    world.work_through(timedelta(minutes=1))
    assert world.payment("77002").waits_for == keys.reversed_payment("77001")
    roof.payments.clear()
    world.resolve(back, "posted-by-hand", voucher="PAY-9")
    world.work_through(timedelta(minutes=1))
    assert world.phase("77002") == "confirmed"
    assert world.is_quiet()


def test_a_reversal_that_m3_refuses_is_let_go_again_and_its_reissue_follows() -> None:
    world = World(**VOID)
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.ledger.closed_until = world.now().date()
    world.void(content)
    world.pay("77002", (roof, 157_000), replaces_payment_id="77001")
    world.poll()
    world.work_through(LONG, step=STEP)
    assert world.phase("77001", kind="R") == "refused"
    assert world.payment("77002").waits_for == keys.reversed_payment("77001")
    world.ledger.closed_until = None
    world.retry("77001")
    world.work_through(timedelta(minutes=1))
    world.check_booked_once(world.key("77001"), world.key("77001", kind="R"), world.key("77002"))
    assert world.is_quiet()
