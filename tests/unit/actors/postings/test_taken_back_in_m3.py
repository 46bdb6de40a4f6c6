"""A clerk took our voucher back in M3 before AvidXchange voided the payment: it is taken back once all the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import pytest

from actors.errands.plan_reversal import plan_reversal
from actors.errands.send_postings import send_postings
from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.invoices.events import InvoicePaymentPosted
from domain.money import Money
from domain.ports.answers import CallAnswer
from domain.ports.ledger import Problem, StepCommand
from domain.postings.events import EvidenceRow, PostingHeld
from tests.unit.actors.postings.postings_world import World
from tieout.simulation.fakes.postings import FakeInvoice, Paid

NET = 157_000


LAG = timedelta(minutes=2)  # longer than a balance may lag behind what is booked


def voided() -> tuple[World, FakeInvoice, str]:
    """A payment that was posted a while ago was voided at AvidXchange; gives the KEY1 of its reversal."""
    world = World(void_interface="AVXVOID")
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, NET))
    world.post()
    world.work_through(LAG)
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
    assert isinstance(held, PostingHeld)
    assert (held.reason, held.detail[-16:]) == ("SAME_AMOUNT_BOOKED", "en back by hand?")


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
    held = [r.event for r in world.history("posting", back) if isinstance(r.event, PostingHeld)][-1]
    assert held.detail.endswith(f"of a voucher taken back already delete KEY1 {back} in GLS840")
    assert [batch.handed_over_at for batch in world.ledger.batches if batch.key1 == back] == [None]


def behind(world: World, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """M3's balances lag behind its payment rows while the list is not empty."""
    lagging, read = [True], world.ledger.ledger_states

    def states(keys: Sequence[InvoiceKey]) -> dict[InvoiceKey, LedgerState | Problem | None]:
        shown = read(keys)
        for key, state in shown.items():
            if lagging and isinstance(state, LedgerState):
                shown[key] = msgspec.structs.replace(state, paid=Money(0), outstanding=state.gross)
        return shown

    monkeypatch.setattr(world.ledger, "ledger_states", states)
    return lagging


def test_a_balance_that_lags_behind_the_posting_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(void_interface="AVXVOID")
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, NET))
    world.post()
    back = world.key("77001", kind="R")
    lagging = behind(world, monkeypatch)
    world.void(content)
    world.poll()
    world.run(plan_reversal)
    world.run(send_postings)
    assert world.names(back) == ["PostingPlanned"]
    lagging.clear()
    world.work_through(LAG)
    world.check_booked_once(world.key("77001"), back)


def test_a_balance_that_lags_behind_a_posting_booked_meanwhile_ends_the_chain_before_its_handover(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, roof, back = voided()
    world.poll()
    world.run(plan_reversal)
    lagging: list[bool] = []
    take = world.ledger.take_steps

    def meanwhile(commands: Sequence[StepCommand], *, deadline: datetime) -> CallAnswer:
        if not lagging:
            lagging.extend(behind(world, monkeypatch))
            word = InvoicePaymentPosted(
                posting="T2",
                payment_id="77002",
                net=Money(100),
                discount=Money(0),
                voucher="PAY-2",
                ledger_row="",
            )
            world.say(world.stream("invoice", roof.head.key.external_id), word)
        return take(commands, deadline=deadline)

    monkeypatch.setattr(world.ledger, "take_steps", meanwhile)
    world.run(send_postings)
    assert world.names(back)[-1] == "PostingNotSent"


def test_a_row_that_a_person_named_holds_no_reversal() -> None:
    world, roof, back = voided()
    booked_by_hand(roof, NET, row="other")
    named = InvoicePaymentPosted(
        posting="T2", payment_id="77002", net=Money(NET), discount=Money(0), voucher="GL-9", ledger_row=""
    )
    world.say(world.stream("invoice", roof.head.key.external_id), named)
    world.work_through(LAG)
    world.post()
    assert world.phase("77001", kind="R") == "confirmed"
    assert back


def test_the_row_of_a_posting_that_a_person_found_under_another_text_holds_no_reversal_of_it() -> None:
    world = World(posting_delay=None, void_interface="AVXVOID")
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, NET))
    world.post()
    (batch,) = world.ledger.batches
    batch.state, batch.gone_at = "posted", world.now()
    booked_by_hand(roof, NET)
    world.work_through(timedelta(minutes=40))
    world.resolve(world.key("77001"), "posted")
    world.void(content)
    world.poll()
    world.work_through(LAG)
    assert world.phase("77001", kind="R") == "handed_over"
