"""Before the first byte and again before the handover: what keeps a posting back, and what lets it go."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from actors.errands.post_payment import post_payment
from actors.errands.send_postings import send_postings
from domain import keys
from domain.errors import RefusedError
from domain.identifiers import InvoiceKey
from domain.invoices.events import InvoiceWithdrawnInInfor
from domain.payments.events import PaymentHeld, PaymentIgnored
from domain.ports.ledger import Problem
from domain.postings.events import PostingHandoverStarted, PostingPlan, PostingStarted
from domain.postings.persons import decide_release
from tests.unit.actors.postings.postings_world import World
from tieout.simulation.fakes.ledger_faults import NOT_SENT
from tieout.simulation.fakes.postings import Batch, FakeInvoice

STEP = timedelta(seconds=30)
LONG = timedelta(minutes=25)


def release(world: World, payment_id: str, **options: Any) -> None:
    """A person lets a posting go."""
    key = world.key(payment_id, **options)
    facts = decide_release(world.posting(key), person="ann", reason="mended")
    world.say(world.stream("posting", key), *facts)


def stop(held: FakeInvoice) -> None:
    held.stopped = True


def propose(held: FakeInvoice) -> None:
    held.proposed = True


def lower(held: FakeInvoice) -> None:
    held.head = msgspec.structs.replace(held.head, gross=held.head.gross - held.head.gross)


def exceed(held: FakeInvoice) -> None:
    held.head = msgspec.structs.replace(held.head, gross=msgspec.structs.replace(held.head.gross, minor=100))


def turn(held: FakeInvoice) -> None:
    held.head = msgspec.structs.replace(held.head, gross=-held.head.gross)


def euros(held: FakeInvoice) -> None:
    held.head = msgspec.structs.replace(held.head, gross=msgspec.structs.replace(held.head.gross, currency="EUR"))


OBSTACLES = [
    (stop, "PAYMENT_STOP"),
    (propose, "IN_M3_PROPOSAL"),
    (lower, "NOT_OPEN"),
    (exceed, "EXCEEDS_OUTSTANDING"),
    (turn, "SIGN"),
    (euros, "CURRENCY"),
]


@pytest.mark.parametrize(("change", "reason"), OBSTACLES)
def test_an_obstacle_in_infor_holds_the_posting_before_its_first_byte(change: Any, reason: str) -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    change(roof)
    world.post()
    assert world.held(world.key("77001")).reason == reason
    assert world.wire() == []
    assert world.is_quiet()


@pytest.mark.parametrize(("change", "reason"), [*OBSTACLES[:2], OBSTACLES[3]])
def test_an_obstacle_that_comes_during_the_chain_stops_the_handover(change: Any, reason: str) -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.poll()
    world.ledger.after_step["CtrlBatch"] = lambda: change(roof)
    world.work_through(LONG, step=STEP)
    assert world.held(world.key("77001")).reason == reason
    assert not world.events(PostingHandoverStarted)
    assert world.invoice(roof).payment_in_flight == ""
    assert world.is_quiet()


def test_a_held_posting_goes_on_with_the_same_bytes_when_a_person_says_so() -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.poll()
    world.ledger.after_step["CtrlBatch"] = lambda: stop(roof)
    world.work_through(LONG, step=STEP)
    roof.stopped = False
    release(world, "77001")
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))
    parms = {event.parms for event in world.events(PostingStarted) if isinstance(event, PostingStarted)}
    assert len(parms) == 1
    assert world.is_quiet()


def test_a_chain_that_is_resumed_into_an_obstacle_frees_its_invoice() -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.poll()
    world.ledger.script("AddBatchLine", NOT_SENT)
    world.work()
    assert world.invoice(roof).payment_in_flight == world.key("77001")
    stop(roof)
    world.work_through(timedelta(minutes=1))
    assert world.phase("77001") == "held"
    assert world.invoice(roof).payment_in_flight == ""
    assert world.is_quiet()


def test_a_later_try_writes_what_the_first_intent_froze_whatever_the_layout_says_by_then() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.ledger.script("AddBatchLine", NOT_SENT)
    world.work()
    world.ledger.encode_parms = lambda plan: ("another layout",) * len(plan.lines)  # type: ignore[method-assign]  # the settings changed
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))
    parms = {event.parms for event in world.events(PostingStarted) if isinstance(event, PostingStarted)}
    assert len(parms) == 1


def test_a_discount_beyond_the_terms_is_held() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1", 160_000, discount=1_000), 157_000, 3_000))
    world.post()
    assert world.held(world.key("77001")).reason == "DISCOUNT"


def test_an_invoice_infor_no_longer_knows_is_held() -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    del world.ledger.invoices[roof.head.key]
    world.post()
    assert world.held(world.key("77001")).reason == "INVOICE_GONE"


def test_a_second_payment_is_not_stuck_behind_a_held_one() -> None:
    world = World()
    roof = world.bill("INV-1", 100_000)
    world.pay("77001", (roof, 60_000))
    world.poll()
    world.run(post_payment)
    world.ledger.script("AddBatchHead", NOT_SENT)
    world.run(send_postings)
    world.pay("77002", (roof, 40_000))
    world.poll()
    world.run(post_payment)
    world.run(send_postings)
    assert world.phase("77002") == "queued"
    world.ledger.after_step["CtrlBatch"] = lambda: stop(roof)
    world.work_through(timedelta(seconds=30), step=timedelta(seconds=1))
    roof.stopped = False
    assert world.phase("77001") == "held"
    assert world.held(world.key("77002")).reason == "PAYMENT_STOP"
    for payment_id in ("77001", "77002"):
        release(world, payment_id)
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"), world.key("77002"))
    assert world.is_quiet()


def test_a_posting_refused_and_released_holds_up_the_next_one_again() -> None:
    world = World(posting_delay=None)
    roof, paint = world.bill("INV-1", 100_000), world.bill("INV-2", 50_000)
    world.pay("77001", (roof, 60_000), (paint, 50_000))
    world.poll()
    stop(paint)
    world.work_through(timedelta(seconds=10))
    paint.stopped = False
    release(world, "77001")
    world.work()
    assert world.phase("77001") == "handed_over"
    world.pay("77002", (roof, 40_000))
    world.poll()
    world.work_through(timedelta(minutes=1))
    assert world.phase("77002") == "queued"
    world.ledger.post_due()
    world.work_through(timedelta(minutes=5))
    assert world.phase("77001") == "confirmed"
    assert world.phase("77002") == "handed_over"


class HalfDeaf(World):
    """Infor gives no usable answer about some invoices, `deaf` times."""

    deaf = 0

    def listen(self) -> None:
        ask = self.ledger.ledger_states

        def answer(keys: Any) -> Any:
            found: dict[InvoiceKey, Any] = ask(keys)
            self.deaf -= 1
            if self.deaf < 0:
                return found
            return {key: Problem(record=key.external_id, code="LOCKED", text="locked") for key in found}

        self.ledger.ledger_states = answer  # type: ignore[method-assign]  # the fake's answer, garbled


@pytest.mark.parametrize(("deaf", "phase"), [(1, "confirmed"), (2, "confirmed"), (3, "held")])
def test_an_unusable_answer_is_asked_again_before_a_person_is(deaf: int, phase: str) -> None:
    world = HalfDeaf()
    world.deaf = deaf
    world.listen()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.work_through(LONG, step=STEP)
    assert world.phase("77001") == phase
    assert world.is_quiet()


def test_an_unusable_answer_before_the_handover_ends_the_chain_and_it_is_resumed() -> None:
    world = HalfDeaf()
    world.listen()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.ledger.after_step["CtrlBatch"] = lambda: setattr(world, "deaf", 1)
    world.work()
    assert world.phase("77001") == "not_sent"
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_a_payment_reversed_before_its_handover_is_held_until_its_reversal_is_seen() -> None:
    world = World()
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000))
    world.poll()
    world.ledger.after_step["CtrlBatch"] = lambda: world.void(content)
    world.work_through(LONG, step=STEP)
    assert world.held(world.key("77001")).reason == "REVERSED_AT_REREAD"
    assert world.invoice(roof).payment_in_flight == ""
    world.poll()
    world.work_through(LONG, step=STEP)
    assert world.phase("77001") == "abandoned"
    assert not world.events(PostingHandoverStarted)
    assert world.is_quiet()


def test_a_void_that_is_taken_back_before_a_poll_saw_it_leaves_a_way_on() -> None:
    world = World()
    content = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.ledger.after_step["CtrlBatch"] = lambda: world.void(content)
    world.work_through(LONG, step=STEP)
    world.retry("77001")
    world.work_through(LONG, step=STEP)
    assert world.held(world.key("77001")).reason == "REVERSED_AT_REREAD", "AvidXchange is read again first"
    world.payables.add_payment(content)
    world.poll()
    world.retry("77001")
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))
    assert world.is_quiet()


@pytest.mark.parametrize("changes", [{"number": "OTHER"}, {"standing": "open", "status": "Error"}])
def test_a_payment_that_changed_before_its_handover_goes_to_a_person(changes: dict[str, str]) -> None:
    world = World()
    content = world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    changed = msgspec.structs.replace(content, **changes)
    world.ledger.after_step["CtrlBatch"] = lambda: world.payables.add_payment(changed)
    world.work_through(LONG, step=STEP)
    assert world.held(world.key("77001")).reason == "PAYMENT_CHANGED"
    assert not world.events(PostingHandoverStarted)


def test_a_payment_that_vanished_before_its_handover_goes_to_a_person() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    world.ledger.after_step["CtrlBatch"] = world.payables._payments.clear
    world.work_through(LONG, step=STEP)
    assert world.held(world.key("77001")).reason == "PAYMENT_GONE"


def test_a_key1_that_this_store_never_sent_is_looked_at_and_never_touched() -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.ledger.batches.append(Batch(world.key("77001"), "AAA", "AVXPAY", world.now()))
    world.post()
    assert world.phase("77001") == "handover_doubted"
    assert [errand for _, errand, _ in world.store.work.rows()] == ["confirm_posting"]
    assert world.invoice(roof).payment_in_flight == world.key("77001")
    world.work_through(timedelta(minutes=40), step=STEP)
    assert world.wire() == []
    assert world.posting(world.key("77001")).reason == "STILL_IN_GLS840"
    assert world.is_quiet()


def test_what_a_predecessor_posted_is_confirmed_and_not_sent() -> None:
    before = World()
    roof = before.bill("INV-1")
    before.pay("77001", (roof, 157_000))
    before.post()
    world = World()
    world.go_live(roof)
    world.ledger.invoices[roof.head.key] = roof
    world.pay("77001", (roof, 157_000))
    world.post()
    assert world.phase("77001") == "confirmed"
    assert world.wire() == []
    assert world.is_quiet()


def test_what_cannot_be_written_is_refused_and_its_neighbour_goes() -> None:
    world = World()
    for number in (1, 2):
        world.pay(f"7700{number}", (world.bill(f"INV-{number}"), 157_000))
    encode = world.ledger.encode_parms

    def choosy(plan: PostingPlan) -> tuple[str, ...]:
        if plan.payment_id == "77001":
            raise RefusedError("SINO is too long", code="FIELD_TOO_LONG", field="SINO")
        return encode(plan)

    world.ledger.encode_parms = choosy  # type: ignore[method-assign]  # a layout too narrow for one number
    world.post()
    assert (world.phase("77001"), world.phase("77002")) == ("refused", "confirmed")
    assert world.posting(world.key("77001")).reason == "FIELD_TOO_LONG"
    assert world.is_quiet()


def test_a_person_books_payments_where_the_settings_say_so() -> None:
    world = World(payment_posting="task")
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.post()
    assert world.held(world.key("77001")).reason == "TASK"
    assert world.wire() == []
    assert world.is_quiet()


def test_a_leg_that_nets_to_nothing_goes_to_a_person() -> None:
    world = World()
    roof, memo = world.bill("INV-1", 10_000), world.bill("CM-9", -10_000)
    paint = world.bill("INV-2", 20_000, division="BBB")
    world.pay("77001", (roof, 10_000), (memo, -10_000), (paint, 20_000))
    world.post()
    assert world.held(world.key("77001")).reason == "LEG_NOT_POSITIVE"
    assert world.phase("77001", division="BBB") == "confirmed"


def test_a_payment_for_an_unknown_invoice_is_held_until_it_is_live() -> None:
    world = World()
    roof = world.bill("INV-1", live=False)
    world.pay("77001", (roof, 157_000))
    world.post()
    (hold,) = (event for event in world.events(PaymentHeld) if isinstance(event, PaymentHeld))
    assert hold.reason == "UNKNOWN_INVOICE"
    assert world.is_quiet()
    world.go_live(roof)
    world.work_through(timedelta(seconds=30))
    world.check_booked_once(world.key("77001"))


def test_a_payment_for_strangers_is_ignored_where_the_settings_say_so() -> None:
    world = World(unknown_invoices="ignore")
    world.pay("77001", (world.bill("INV-1", live=False), 157_000))
    world.post()
    assert world.events(PaymentIgnored)
    assert world.is_quiet()


def test_a_payment_of_an_invoice_of_ours_that_is_not_live_is_held_even_where_strangers_are_ignored() -> None:
    world = World(unknown_invoices="ignore")
    roof = world.bill("INV-1", live=False)
    key = roof.head.key
    world.say(world.stream("invoice", key.external_id), InvoiceWithdrawnInInfor(key=key, detail="not approved"))
    world.pay("77001", (roof, 157_000))
    world.post()
    assert not world.events(PaymentIgnored)
    assert world.payment("77001").waits_for == keys.invoice(key.external_id)
    world.go_live(roof)
    world.work_through(timedelta(seconds=30))
    world.check_booked_once(world.key("77001"))
