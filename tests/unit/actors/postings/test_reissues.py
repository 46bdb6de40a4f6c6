"""What waits for a reversal that came to nothing follows a person's voucher: of the last leg, when there are two."""

from datetime import timedelta
from typing import Any

import pytest

from domain import keys
from tests.unit.actors.postings.postings_world import World

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
