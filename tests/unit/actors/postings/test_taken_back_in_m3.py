"""A clerk took our voucher back in M3 before AvidXchange voided the payment: it is taken back once all the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from actors.errands.plan_reversal import plan_reversal
from domain.money import Money
from domain.ports.answers import CallAnswer
from domain.ports.ledger import StepCommand
from domain.postings.events import EvidenceRow
from tests.unit.actors.postings.postings_world import World
from tieout.simulation.fakes.postings import FakeInvoice, Paid

NET = 157_000


def voided() -> tuple[World, FakeInvoice, str]:
    """A posted payment was voided at AvidXchange; gives the KEY1 of its reversal."""
    world = World(void_interface="AVXVOID")
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, NET))
    world.post()
    world.void(content)
    return world, roof, world.key("77001", kind="R")


def booked_by_hand(roof: FakeInvoice, minor: int, *, row: str = "by-hand") -> None:
    shown = EvidenceRow(
        invoice=roof.head.key,
        ledger_row=row,
        voucher="GL-9",
        amount=Money(abs(minor)),
        accounting_date=None,
        text="CORRECTED BY HAND",
    )
    roof.payments.append(Paid(row=shown, net=Money(minor), discount=Money(0)))


def test_what_a_clerk_took_back_is_not_taken_back_again() -> None:
    world, roof, back = voided()
    booked_by_hand(roof, -NET)
    world.post()
    held = world.posting(back)
    assert (held.phase, held.reason) == ("held", "NOT_STANDING")
    assert back not in {batch.key1 for batch in world.ledger.batches}
    world.resolve(back, "posted-by-hand", voucher="GL-9")
    world.work_through(timedelta(minutes=1))
    assert roof.outstanding == Money(NET)
    assert world.invoice(roof).booked == ()
    assert world.is_quiet()


def test_what_a_clerk_took_back_and_m3_paid_again_is_for_a_person() -> None:
    world, roof, back = voided()
    booked_by_hand(roof, -NET)
    booked_by_hand(roof, NET, row="check-run")
    world.post()
    held = [r.event for r in world.history("posting", back)][-1]
    assert (held.reason, held.detail[-16:]) == ("SAME_AMOUNT_BOOKED", "en back by hand?")  # type: ignore[attr-defined]


@pytest.mark.parametrize("again", [False, True])
def test_a_person_who_looked_lets_it_go(*, again: bool) -> None:
    world, roof, back = voided()
    booked_by_hand(roof, -100)  # a correction of something else
    world.post()
    assert world.posting(back).reason == "NOT_STANDING"
    if again:
        booked_by_hand(roof, -1, row="later")
    world.retry("77001")
    world.work_through(timedelta(minutes=2))
    world.check_booked_once(world.key("77001"), back)


def test_what_a_clerk_takes_back_while_the_reversal_is_written_is_not_handed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, roof, back = voided()
    world.poll()
    world.run(plan_reversal)
    take = world.ledger.take_steps

    def meanwhile(commands: Sequence[StepCommand], *, deadline: datetime) -> CallAnswer:
        if not any(paid.net.minor < 0 for paid in roof.payments):
            booked_by_hand(roof, -NET)
        return take(commands, deadline=deadline)

    monkeypatch.setattr(world.ledger, "take_steps", meanwhile)
    world.work_through(timedelta(minutes=2))
    assert world.posting(back).reason == "NOT_STANDING"
    assert [batch.handed_over_at for batch in world.ledger.batches if batch.key1 == back] == [None]
