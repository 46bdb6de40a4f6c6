"""Postings when nothing goes wrong: planned, sent in bulk, handed over, read back, attributed."""

from datetime import timedelta

from domain.invoices.events import InvoicePaymentPosted
from domain.postings.events import PostingStarted
from tests.unit.actors.postings.postings_world import World


def test_a_payment_over_two_divisions_is_posted_once_in_each() -> None:
    world = World()
    roof, paint = world.bill("INV-1", 157_000), world.bill("INV-2", 20_000, division="BBB")
    world.pay("77001", (roof, 157_000), (paint, 20_000))
    world.post()
    world.check_booked_once(world.key("77001"), world.key("77001", division="BBB"))
    assert world.wire() == ["AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch"]
    assert [world.invoice(held).payment_in_flight for held in (roof, paint)] == ["", ""]
    assert [p.posting for p in world.invoice(roof).posted] == [world.key("77001")]
    assert all(world.invoice(held).closed for held in (roof, paint))
    assert world.is_quiet()


def test_a_second_run_sends_nothing() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.post()
    wire, position = world.wire(), world.store.log.last_position()
    world.wait(timedelta(hours=1))
    world.post()
    assert world.wire() == wire
    assert world.store.log.last_position() == position


def test_a_batch_of_payments_takes_one_call_a_step() -> None:
    world = World()
    for number in range(30):
        world.pay(f"78{number:03}", (world.bill(f"INV-{number}", 1_000 + number), 1_000 + number))
    world.post()
    world.check_booked_once(*(world.key(f"78{number:03}") for number in range(30)))
    assert world.wire() == ["AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch"]


def test_more_lines_than_a_call_takes_go_in_several_calls() -> None:
    world = World()
    bills = [world.bill(f"INV-{number}", 1_000) for number in range(130)]
    world.pay("77001", *((held, 1_000) for held in bills))
    world.post()
    world.check_booked_once(world.key("77001"))
    assert world.wire() == ["AddBatchHead", "AddBatchLine", "AddBatchLine", "CtrlBatch", "UpdBatch"]


def test_the_first_intent_freezes_what_is_written() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.post()
    (started,) = (event for event in world.events(PostingStarted) if isinstance(event, PostingStarted))
    assert world.ledger.parms == {(world.key("77001"), 1): set(started.parms)}
    assert len(started.parms[0]) == 180


def test_the_evidence_names_the_row_and_its_voucher() -> None:
    world = World()
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.post()
    (fact,) = (event for event in world.events(InvoicePaymentPosted) if isinstance(event, InvoicePaymentPosted))
    (paid,) = roof.payments
    assert (fact.ledger_row, fact.voucher) == (paid.row.ledger_row, paid.row.voucher)


def test_a_discount_is_written_off_and_a_credit_memo_netted() -> None:
    world = World()
    roof, memo = world.bill("INV-1", 160_000, discount=3_000), world.bill("CM-9", -10_000)
    world.pay("77001", (roof, 157_000, 3_000), (memo, -10_000))
    world.post()
    world.check_booked_once(world.key("77001"))
    assert roof.outstanding.is_zero
    assert memo.outstanding.is_zero


def test_two_payments_of_one_invoice_go_one_after_the_other() -> None:
    world = World()
    roof = world.bill("INV-1", 100_000)
    world.pay("77001", (roof, 60_000))
    world.pay("77002", (roof, 40_000))
    world.poll()
    world.work()
    assert sorted([world.phase("77001"), world.phase("77002")]) == ["handed_over", "queued"]
    world.work_through(timedelta(minutes=1))
    world.check_booked_once(world.key("77001"), world.key("77002"))
    assert roof.outstanding.is_zero
    assert world.invoice(roof).closed
    assert world.is_quiet()


def test_three_payments_of_one_invoice_queue_and_all_go() -> None:
    world = World()
    roof = world.bill("INV-1", 100_000)
    for number in (1, 2, 3):
        world.pay(f"7700{number}", (roof, 20_000))
    world.poll()
    world.work_through(timedelta(minutes=2))
    world.check_booked_once(*(world.key(f"7700{number}") for number in (1, 2, 3)))
    assert str(roof.outstanding) == "400.00"
    assert world.is_quiet()


def test_nothing_is_claimed_posted_before_infor_shows_the_row() -> None:
    world = World(posting_delay=None)
    roof = world.bill("INV-1")
    world.pay("77001", (roof, 157_000))
    world.poll()
    world.work_through(timedelta(minutes=5))
    assert world.phase("77001") == "handed_over"
    assert world.invoice(roof).payment_in_flight == world.key("77001")
    world.ledger.post_due()
    world.work_through(timedelta(minutes=6))
    world.check_booked_once(world.key("77001"))


def test_a_row_of_another_payment_proves_nothing() -> None:
    world = World(posting_delay=None)
    roof = world.bill("INV-1", 100_000)
    world.pay("77001", (roof, 40_000))
    world.post()
    world.ledger.post_due()
    world.work_through(timedelta(minutes=1))
    world.pay("77002", (roof, 40_000))
    world.post()
    world.work_through(timedelta(minutes=5))
    assert world.phase("77002") == "handed_over"
