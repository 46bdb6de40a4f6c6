"""What waits for a reversal that came to nothing follows a person's voucher: of the last leg, when there are two."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from actors.errands.plan_reversal import plan_reversal
from actors.errands.post_payment import post_payment
from actors.errands.send_postings import send_postings
from domain import keys
from domain.payments.events import PaymentReversalPlanned, ReversalDoneByHand
from domain.postings.events import PostingHeld, PostingRefused, PostingReleased
from tests.unit.actors.postings.postings_world import World
from tieout.simulation.fakes.postings import FakeInvoice

STEP = timedelta(seconds=30)
LONG = timedelta(minutes=40)


def both_legs_taken_back(*, stuck: int) -> tuple[World, tuple[str, str]]:
    """A posted payment is voided and reissued; the first reversals handed over stick in Infor. Gives their KEY1s."""
    world = World(void_interface="AVXVOID")
    roof, paint = world.bill("INV-1"), world.bill("INV-2", 20_000, division="BBB")
    paid: Any = ((roof, 157_000), (paint, 20_000))
    content = world.pay("77001", *paid)
    world.post()
    world.ledger.stick_next = stuck
    world.void(content)
    world.pay("77002", *paid, replaces_payment_id="77001")
    world.poll()
    world.work_through(LONG, step=STEP)
    first, second = (world.key("77001", division=division, kind="R") for division in ("AAA", "BBB"))
    return world, (first, second)


def take_back(world: World, key: str) -> None:
    """A person takes a voucher back in M3 and says so."""
    plan = world.posting(key).plan
    assert plan is not None
    for line in plan.lines:
        world.ledger.invoices[line.invoice].payments.clear()
    world.resolve(key, "posted-by-hand", voucher=f"PAY-{key[-4:]}")
    world.work_through(timedelta(minutes=1))


def test_a_reissue_follows_the_voucher_of_one_leg_when_the_other_is_reversed_already() -> None:
    world, backs = both_legs_taken_back(stuck=1)
    (absent,) = (key for key in backs if world.posting(key).phase == "waits")
    (booked,) = (key for key in backs if key != absent)
    assert world.posting(booked).phase == "confirmed"
    world.ledger.batches[:] = [batch for batch in world.ledger.batches if batch.key1 != absent]
    world.resolve(absent, "absent")
    world.work_through(timedelta(minutes=1))
    assert world.payment("77002").phase == "held"
    take_back(world, absent)
    assert [world.phase("77002", division=division) for division in ("AAA", "BBB")] == ["confirmed", "confirmed"]
    assert world.is_quiet()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_reissue_follows_the_second_of_two_vouchers(order: tuple[int, int]) -> None:
    world, backs = both_legs_taken_back(stuck=2)
    world.ledger.batches[:] = [batch for batch in world.ledger.batches if batch.key1 not in backs]
    for key in backs:
        world.resolve(key, "absent")
    world.work_through(timedelta(minutes=1))
    first, second = (backs[at] for at in order)
    take_back(world, first)
    assert world.payment("77002").phase == "held"
    take_back(world, second)
    assert [world.phase("77002", division=division) for division in ("AAA", "BBB")] == ["confirmed", "confirmed"]
    assert world.is_quiet()


def test_a_new_payment_that_names_no_older_one_follows_the_voucher_too() -> None:
    world = World(void_interface="AVXVOID")
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.ledger.stick_next = 1
    world.void(content)
    world.pay("77002", (roof, 157_000))
    world.poll()
    world.work_through(LONG, step=STEP)
    back = world.key("77001", kind="R")
    world.ledger.batches[:] = [batch for batch in world.ledger.batches if batch.key1 != back]
    world.resolve(back, "absent")
    world.work_through(timedelta(minutes=1))
    assert world.held(world.key("77002")).waits_for == keys.taken_back(back)
    take_back(world, back)
    assert world.phase("77002") == "confirmed"
    assert world.is_quiet()


def taken_back_once() -> tuple[World, FakeInvoice, str]:
    """A posted payment is voided and its reversal planned; gives the invoice and the reversal's KEY1."""
    world = World(void_interface="AVXVOID")
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.void(content)
    world.poll()
    world.run(plan_reversal)
    return world, roof, world.key("77001", kind="R")


def refused(world: World, key: str) -> None:
    fact = PostingRefused(key1=key, attempt_id="", payment_id="77001", step="PARM", code="X", text="no such bank")
    world.say(world.stream("posting", key), fact)
    world.store.drain()


def paid_anew(world: World, roof: FakeInvoice) -> str:
    world.pay("77002", (roof, 157_000))
    world.poll()
    world.work_through(timedelta(minutes=5), step=STEP)
    return world.key("77002")


def test_what_waits_for_a_refused_reversal_that_is_let_go_and_held_waits_quietly() -> None:
    world, roof, back = taken_back_once()
    refused(world, back)
    held = PostingHeld(key1=back, payment_id="77001", reason="DISCOUNT", detail="not as agreed")
    world.say(world.stream("posting", back), PostingReleased(payment_id="77001", why="ann: again"), held)
    key = paid_anew(world, roof)
    assert (world.names(key), world.posting(key).waits_for) == (
        ["PostingPlanned", "PostingHeld"],
        keys.taken_back(back),
    )


def test_what_waits_for_a_refused_reversal_goes_when_a_person_took_the_voucher_back_and_says_go() -> None:
    world, roof, back = taken_back_once()
    refused(world, back)
    key = paid_anew(world, roof)
    assert (world.posting(key).phase, world.posting(key).waits_for) == ("queued", keys.taken_back(back))
    roof.payments.clear()
    world.retry("77002")
    world.work_through(LONG, step=STEP)
    assert world.posting(key).phase == "confirmed"


def test_a_word_about_one_leg_leaves_another_to_its_own_voucher() -> None:
    """AAA's reversal came to nothing, and the person's word that BBB was taken back by hand says nothing of it."""
    world, roof, back = taken_back_once()
    refused(world, back)
    payment = world.stream("payment", "77001")
    planned = next(r.event for r in world.history("payment", "77001") if isinstance(r.event, PaymentReversalPlanned))
    world.say(
        payment,
        msgspec.structs.replace(planned, tasks=("T-OF-BBB",)),
        ReversalDoneByHand(payment_id="77001", person="ann", reason="done"),
    )
    assert world.posting(paid_anew(world, roof)).waits_for == keys.taken_back(back)


def test_a_payment_waits_for_a_reversal_under_way_whatever_was_said_or_set_since() -> None:
    world = World(posting_delay=None, void_interface="AVXVOID")
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.post()
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    world.void(content)
    world.poll()
    world.run(plan_reversal)
    planned = world.payment("77001").reversal
    assert planned is not None
    by_hand = ReversalDoneByHand(payment_id="77001", person="ann", reason="done")
    # A restored store asks for what it may have forgotten beside what it takes back itself.
    world.say(world.stream("payment", "77001"), msgspec.structs.replace(planned, tasks=("T-forgotten",)), by_hand)
    back = world.key("77001", kind="R")
    held = PostingHeld(payment_id="77001", reason="PAYMENT_STOP", detail="IVBL 1")
    world.say(world.stream("posting", back), held)
    world.rules = msgspec.structs.replace(world.rules, void_interface="")
    world.pay("77002", (roof, 157_000))
    world.poll()
    world.run(post_payment)
    world.run(send_postings, world.worker("w2"))
    waiting = world.posting(world.key("77002"))
    assert (waiting.reason, waiting.waits_for) == ("REVERSAL_FIRST", keys.posting(back))


def test_a_reissue_of_a_reissue_waits_for_the_reversal_of_the_first_payment() -> None:
    world = World(void_interface="AVXVOID")
    roof = world.bill("INV-1")
    first = world.pay("77001", (roof, 50_000))
    world.post()
    world.ledger.stick_next = 1
    world.void(first)
    second = world.pay("77002", (roof, 50_000), replaces_payment_id="77001")
    world.poll()
    world.work_through(LONG, step=STEP)
    world.void(second)
    world.pay("77003", (roof, 50_000), replaces_payment_id="77002")
    world.poll()
    world.work_through(timedelta(minutes=1))
    third = world.payment("77003")
    assert (third.reason, third.waits_for) == ("REPLACED_NOT_REVERSED", keys.posting(world.key("77001", kind="R")))
    world.ledger.post(next(batch for batch in world.ledger.batches if batch.state == "stuck"))
    world.work_through(LONG, step=STEP)
    assert [world.phase("77003"), str(roof.outstanding)] == ["confirmed", "1070.00"]
    assert world.is_quiet()


def test_payments_that_replace_each_other_in_a_circle_are_posted_as_any() -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 50_000), replaces_payment_id="77002")
    world.pay("77002", (roof, 60_000), replaces_payment_id="77001", standing="open", status="In Process")
    world.post()
    assert world.phase("77001") == "confirmed"
