"""Answers that are lost, late, refused or never sent: one verdict each, and never a second booking."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from domain.errors import MisconfiguredError, StoreError, TransientError
from domain.money import Money
from domain.ports.answers import Verdict
from domain.postings.events import (
    EvidenceRow,
    PostingDoubted,
    PostingHandoverStarted,
    PostingNotSent,
    PostingRefused,
    PostingToDesk,
    PostingWaitsInInfor,
)
from tests.unit.actors.postings.postings_world import QUIET, World
from tests.unit.actors.postings.watched_fakes import SETTLE
from tieout.simulation.fakes.ledger_faults import ANSWER_LOST, LATE, LOST, NOT_SENT, Fault
from tieout.simulation.fakes.postings import FakeInvoice, Paid

CHAIN = ("AddBatchHead", "AddBatchLine", "CtrlBatch")
STEPS = (*CHAIN, "UpdBatch")
LONG = timedelta(minutes=25)
STEP = timedelta(seconds=30)


def world_with_payment(**options: Any) -> World:
    world = World(**options)
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    return world


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", [LOST, ANSWER_LOST, NOT_SENT], ids=["lost", "answer lost", "not sent"])
@pytest.mark.parametrize("lag", [0, 60])
def test_a_fault_at_a_step_never_doubles(step: str, fault: Fault, lag: int) -> None:
    world = world_with_payment(lag=timedelta(seconds=lag))
    world.ledger.script(step, fault)
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))
    assert world.is_quiet()


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("seconds", [30, 90, 120, 150])
def test_a_write_that_commits_late_never_doubles(step: str, seconds: int) -> None:
    world = world_with_payment()
    world.ledger.script(step, LATE)
    world.work_through(timedelta(seconds=seconds), step=timedelta(seconds=15))
    world.ledger.deliver_late()
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


@pytest.mark.parametrize("step", STEPS)
def test_the_same_step_may_be_lost_three_times(step: str) -> None:
    world = world_with_payment()
    world.ledger.script(step, LOST, ANSWER_LOST, LOST)
    world.work_through(timedelta(minutes=40), step=STEP)
    world.check_booked_once(world.key("77001"))


@pytest.mark.parametrize("step", CHAIN)
def test_a_doubted_step_ends_the_attempt(step: str) -> None:
    world = world_with_payment()
    world.ledger.script(step, LOST)
    world.work()
    assert world.wire()[-1] == step
    sent = len(world.wire())
    world.work_through(QUIET - timedelta(seconds=16), step=timedelta(seconds=15))
    assert len(world.wire()) == sent
    (doubt,) = (event for event in world.events(PostingDoubted) if isinstance(event, PostingDoubted))
    assert (doubt.step, doubt.after_handover) == (step, False)


def test_the_other_half_of_a_doubted_step_is_not_sent() -> None:
    world = World()
    bills = [world.bill(f"INV-{number}", 1_000) for number in range(130)]
    world.pay("77001", *((held, 1_000) for held in bills))
    world.poll()
    world.ledger.script("AddBatchLine", LOST)
    world.work()
    assert world.wire() == ["AddBatchHead", "AddBatchLine"]
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_neighbour_of_a_refused_posting_goes_on() -> None:
    world = World()
    roof, paint = world.bill("INV-1"), world.bill("INV-2", 20_000)
    world.pay("77001", (roof, 157_000))
    world.pay("77002", (paint, 20_000))
    world.poll()
    world.ledger.before_step["CtrlBatch"] = lambda: setattr(roof, "stopped", True)
    world.work_through(LONG, step=STEP)
    assert world.phase("77002") == "confirmed"
    assert world.phase("77001") == "held"
    assert world.held(world.key("77001")).reason == "PAYMENT_STOP"
    assert world.is_quiet()


def test_an_unknown_code_is_tried_three_times_and_then_refused() -> None:
    world = world_with_payment()
    locked = Fault(verdict=Verdict.REFUSED, code="LOCKED", text="locked")
    world.ledger.script("AddBatchHead", locked, locked, locked, locked)
    world.work_through(timedelta(minutes=20), step=timedelta(seconds=10))
    times = [at for at, step, _ in world.ledger.steps if step == "AddBatchHead"]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == 3
    assert all(timedelta(seconds=120) <= gap <= timedelta(seconds=135) for gap in gaps)
    assert world.phase("77001") == "refused"
    assert all(fact.unknown_code for fact in world.events(PostingNotSent) if isinstance(fact, PostingNotSent))
    assert world.is_quiet()


def test_an_unknown_code_that_passes_is_no_refusal() -> None:
    world = world_with_payment()
    locked = Fault(verdict=Verdict.REFUSED, code="LOCKED", text="locked")
    world.ledger.script("CtrlBatch", locked, locked)
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_known_code_is_refused_at_once_and_frees_the_invoice() -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.ledger.script("AddBatchHead", Fault(verdict=Verdict.REFUSED, code="XAU0008", text="no"))
    world.post()
    (refused,) = (event for event in world.events(PostingRefused) if isinstance(event, PostingRefused))
    assert (refused.step, refused.code) == ("AddBatchHead", "XAU0008")
    assert world.invoice(roof).payment_in_flight == ""
    assert world.is_quiet()


def test_a_closed_period_is_refused_before_the_handover() -> None:
    world = world_with_payment()
    world.ledger.closed_until = world.now().date()
    world.work_through(LONG, step=STEP)
    assert world.phase("77001") == "refused"
    assert not world.events(PostingHandoverStarted)


def test_a_no_to_the_handover_is_doubt_and_never_refusal() -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.poll()
    world.ledger.before_step["UpdBatch"] = lambda: setattr(roof, "proposed", True)
    world.work()
    assert world.phase("77001") == "handover_doubted"
    roof.proposed = False
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_refusal_of_the_whole_handover_call_is_doubt_and_not_sent_in_parts() -> None:
    world = World()
    for number in (1, 2):
        world.pay(f"7700{number}", (world.bill(f"INV-{number}"), 157_000))
    world.poll()
    world.ledger.script("UpdBatch", Fault(verdict=Verdict.REFUSED, code="HTTP_400"))
    world.work()
    assert world.wire().count("UpdBatch") == 1
    assert {world.phase("77001"), world.phase("77002")} == {"handover_doubted"}
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77002"))


def test_a_whole_call_refused_before_the_handover_is_sent_one_by_one() -> None:
    world = World()
    for number in (1, 2):
        world.pay(f"7700{number}", (world.bill(f"INV-{number}"), 157_000))
    world.poll()
    world.ledger.script("AddBatchLine", Fault(verdict=Verdict.REFUSED, code="HTTP_400"))
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77002"))


def test_a_handover_that_never_went_out_may_be_tried_often() -> None:
    world = world_with_payment()
    world.ledger.script("UpdBatch", *[NOT_SENT] * 9)
    world.work_through(timedelta(minutes=29), step=STEP)
    world.check_booked_once(world.key("77001"))


def test_updbatch_goes_out_again_only_while_gls840_shows_the_batch() -> None:
    world = world_with_payment(posting_delay=None)
    world.ledger.script("UpdBatch", ANSWER_LOST)
    world.work()
    world.ledger.post_due()
    world.work_through(LONG, step=STEP)
    assert world.wire().count("UpdBatch") == 1
    world.check_booked_once(world.key("77001"))


def test_updbatch_stops_after_a_number_of_tries_and_goes_to_the_desk() -> None:
    world = world_with_payment()
    world.ledger.script("UpdBatch", *[LOST] * 20)
    world.work_through(timedelta(minutes=60), step=STEP)
    assert world.phase("77001") == "desk"
    assert world.posting(world.key("77001")).reason == "STILL_IN_GLS840"
    assert world.wire().count("UpdBatch") == 5
    assert world.is_quiet()


def test_a_payment_voided_while_its_handover_is_in_doubt_goes_to_the_desk() -> None:
    world = World()
    content = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.ledger.script("UpdBatch", LOST)
    world.work()
    world.void(content)
    world.work_through(LONG, step=STEP)
    assert world.wire().count("UpdBatch") == 1
    assert world.phase("77001") == "desk"
    assert world.posting(world.key("77001")).reason == "VOIDED_AFTER_HANDOVER"
    assert world.is_quiet()


def test_a_batch_gone_without_a_row_goes_to_the_desk() -> None:
    world = world_with_payment(posting_delay=None)
    world.ledger.script("UpdBatch", ANSWER_LOST)
    world.work()
    (batch,) = world.ledger.batches
    batch.gone_at = world.now()
    world.work_through(timedelta(minutes=25), step=STEP)
    assert world.phase("77001") == "handover_doubted"
    world.work_through(timedelta(minutes=10), step=STEP)
    assert world.phase("77001") == "desk"
    assert world.posting(world.key("77001")).reason == "NO_TRACE"
    assert world.is_quiet()


def test_a_stuck_voucher_waits_inside_m3_and_is_confirmed_when_it_appears() -> None:
    world = world_with_payment()
    world.ledger.stick_next = 1
    world.work_through(timedelta(minutes=29), step=STEP)
    assert world.phase("77001") == "handed_over"
    world.work_through(timedelta(minutes=6), step=STEP)
    assert world.phase("77001") == "waits"
    assert world.names(world.key("77001")).count("PostingWaitsInInfor") == 1
    world.work_through(timedelta(hours=2), step=STEP)
    assert world.names(world.key("77001")).count("PostingWaitsInInfor") == 1
    (batch,) = world.ledger.batches
    batch.sticks, batch.state = False, "handed over"
    world.work_through(timedelta(minutes=6), step=STEP)
    world.check_booked_once(world.key("77001"))
    assert world.is_quiet()


@pytest.mark.parametrize("error", [TransientError("busy"), StoreError("locked")])
def test_a_look_that_fails_is_made_again(error: TransientError) -> None:
    world = world_with_payment()
    world.ledger.fail_reads(error, error, error)
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_fault_before_the_handover_leaves_the_chain_to_be_resumed() -> None:
    world = world_with_payment()
    world.payables.script("payments_by_id", TransientError("busy"))
    world.work()
    assert world.phase("77001") == "not_sent"
    world.work_through(SETTLE, step=timedelta(seconds=5))
    world.check_booked_once(world.key("77001"))
    assert world.wire() == ["AddBatchHead", "AddBatchLine", "CtrlBatch", "CtrlBatch", "UpdBatch"]


def test_what_a_person_must_mend_is_shown_and_tried_again() -> None:
    world = world_with_payment()
    world.ledger.fail_reads(MisconfiguredError("no role"))
    with pytest.raises(MisconfiguredError):
        world.work()
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_store_that_does_not_say_whether_it_committed_doubles_nothing() -> None:
    calm = world_with_payment()
    calm.work_through(timedelta(minutes=1))
    for place in range(1, 30):
        world = world_with_payment()
        left = [place]

        def fail(_: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise StoreError("no usable answer")

        world.store.log.fault = fail
        world.work_through(LONG, step=timedelta(seconds=60))
        world.check_booked_once(world.key("77001"))
        assert world.names(world.key("77001")) == calm.names(calm.key("77001"))


def pay_by_hand(world: World, roof: FakeInvoice, text: str = "by hand", *, row: str = "100|AAA|2026|7|1") -> None:
    """A person books the payment in M3."""
    key = roof.head.key
    shown = EvidenceRow(
        invoice=key,
        ledger_row=row,
        voucher="PAY-7",
        amount=Money(157_000),
        accounting_date=world.now().date(),
        text=text,
    )
    roof.payments.append(Paid(row=shown, net=Money(157_000), discount=Money(0)))


@pytest.mark.parametrize("fault", [None, LOST], ids=["accepted", "in doubt"])
def test_what_was_probably_done_by_hand_is_shown_and_never_claimed(fault: Fault | None) -> None:
    world = World(posting_delay=None)
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.poll()
    if fault is not None:
        world.ledger.script("UpdBatch", fault)
    world.work()
    world.ledger.batches[0].gone_at = world.now()
    world.ledger.batches[0].state = "stuck"
    pay_by_hand(world, roof)
    pay_by_hand(world, roof, "77002 INV-1", row="100|AAA|2026|8|1")  # of another payment of ours
    world.work_through(timedelta(minutes=40), step=STEP)
    (fact,) = (e for e in world.events(PostingWaitsInInfor, PostingToDesk))
    said = fact.detail if isinstance(fact, PostingWaitsInInfor) else msgspec.structs.asdict(fact)["what"]
    assert "probably done by hand: 100|AAA|2026|7|1" in said
    assert "100|AAA|2026|8|1" not in said
    assert world.phase("77001") == ("waits" if fault is None else "desk")


@pytest.mark.parametrize("text", ["770011 INV-1", "INV-1 77001", "X77001"])
def test_a_voucher_text_must_begin_with_the_payment_id(text: str) -> None:
    world = World(posting_delay=None)
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.post()
    pay_by_hand(world, roof, text)
    world.work_through(timedelta(minutes=5))
    assert world.phase("77001") == "handed_over"


def test_a_row_of_another_amount_proves_nothing() -> None:
    world = World(posting_delay=None)
    roof = world.bill("INV-1", 200_000)
    world.pay("77001", (roof, 150_000))
    world.post()
    pay_by_hand(world, roof, "77001 INV-1")
    world.work_through(timedelta(minutes=5))
    assert world.phase("77001") == "handed_over"


def test_every_line_needs_its_row() -> None:
    world = World(posting_delay=None)
    roof, paint = world.bill("INV-1"), world.bill("INV-2", 20_000)
    world.pay("77001", (roof, 157_000), (paint, 20_000))
    world.post()
    pay_by_hand(world, roof, "77001 INV-1")
    world.work_through(timedelta(minutes=5))
    assert world.phase("77001") == "handed_over"
