"""What Infor shows may be a part of the truth: a voucher corrected by hand, a list that is cut off."""

from datetime import date, timedelta

import pytest

from actors.errands.posting_facts import rows_in_words
from domain.money import Money
from domain.postings.events import EvidenceRow, PostingDoubted, PostingReleased
from domain.postings.persons import decide_release
from tests.support.payments_world import row
from tests.unit.actors.postings.postings_world import World
from tieout.simulation.fakes.postings import FakeInvoice, Paid

STEP = timedelta(seconds=30)
LONG = timedelta(minutes=25)
PATIENCE = timedelta(hours=2)


def booked(held: FakeInvoice, minor: int, text: str, *, place: int = 1) -> EvidenceRow:
    """Put a payment row into Infor that no batch of this world made."""
    shown = EvidenceRow(
        invoice=held.head.key,
        ledger_row=f"100|AAA|2026|950|{place}",
        voucher="PAY-950",
        amount=Money(minor),
        accounting_date=date(2026, 3, 2),
        text=text,
    )
    held.payments.append(Paid(row=shown, net=Money(minor), discount=Money(0)))
    return shown


def release(world: World, payment_id: str) -> None:
    key = world.key(payment_id)
    world.say(world.stream("posting", key), *decide_release(world.posting(key), person="ann", reason="looked"))


@pytest.mark.parametrize("other", ["corrected", ""])
def test_one_row_of_two_that_a_lost_store_booked_keeps_the_whole_payment_from_going_out_again(other: str) -> None:
    world = World()
    roof, paint = world.bill("INV-1", 30_000), world.bill("INV-2", 30_000)
    booked(roof, 10_000, "77001 INV-1")
    if other:
        booked(paint, 10_000, other, place=2)
    world.pay("77001", (roof, 10_000), (paint, 10_000))
    world.poll()
    world.work_through(PATIENCE, step=timedelta(minutes=5))
    assert world.phase("77001") == "desk"
    assert world.wire() == []
    (doubt,) = world.events(PostingDoubted)
    assert isinstance(doubt, PostingDoubted)
    assert doubt.why.endswith(f"but not as posted: 100|AAA|2026|950|1 (100.00 on {roof.head.key.external_id})")


def test_a_row_with_our_text_and_another_amount_is_no_proof_and_no_absence() -> None:
    world = World()
    roof = world.bill("INV-1", 30_000)
    booked(roof, 9_900, "77001 INV-1")
    world.pay("77001", (roof, 10_000))
    world.poll()
    world.work_through(PATIENCE, step=timedelta(minutes=5))
    assert world.phase("77001") == "desk"
    assert world.wire() == []


def test_a_sentence_names_no_more_rows_than_a_person_reads() -> None:
    rows = [row(ledger_row=f"100|AAA|2026|900|{place}") for place in range(7)]
    assert rows_in_words(rows).endswith("100|AAA|2026|900|4 (1570.00 on 100|AAA|V1001|V1001|INV-77|2026) and 2 more")
    assert "more" not in rows_in_words(rows[:5])


def test_rows_that_show_late_prove_it_after_all() -> None:
    world = World()
    roof, paint = world.bill("INV-1", 30_000), world.bill("INV-2", 30_000)
    booked(roof, 10_000, "77001 INV-1")
    world.pay("77001", (roof, 10_000), (paint, 10_000))
    world.poll()
    world.work_through(timedelta(minutes=1))
    booked(paint, 10_000, "77001 INV-2", place=2)
    world.work_through(LONG, step=STEP)
    assert world.phase("77001") == "confirmed"
    assert world.wire() == []


def test_what_is_not_to_be_seen_in_a_list_that_was_cut_is_held_and_never_sent() -> None:
    world = World()
    roof = world.bill("INV-1", 30_000)
    booked(roof, 5_000, "by hand")
    booked(roof, 10_000, "77001 INV-1", place=2)
    world.ledger.row_cap = 1
    world.pay("77001", (roof, 10_000))
    world.poll()
    world.work_through(LONG, step=STEP)
    held = world.held(world.key("77001"))
    assert (held.reason, world.wire()) == ("ROWS_CUT_OFF", [])
    assert held.detail.startswith(f"whether invoice {roof.head.key.external_id} shows it already cannot be seen")
    world.ledger.row_cap = 0
    release(world, "77001")
    world.work_through(LONG, step=STEP)
    assert world.phase("77001") == "confirmed"
    assert world.wire() == []


def test_a_person_who_looked_lets_it_past_a_list_that_was_cut() -> None:
    world = World()
    roof = world.bill("INV-1", 30_000)
    booked(roof, 5_000, "by hand")
    world.ledger.row_cap = 1
    world.pay("77001", (roof, 10_000))
    world.poll()
    world.work_through(LONG, step=STEP)
    release(world, "77001")
    world.work_through(LONG, step=STEP)
    assert world.ledger.bookings[world.key("77001")] == 1


def test_what_can_be_seen_of_a_list_that_was_cut_proves_as_ever() -> None:
    world = World()
    roof = world.bill("INV-1", 30_000)
    booked(roof, 10_000, "77001 INV-1")
    world.ledger.row_cap = 1
    world.pay("77001", (roof, 10_000))
    world.poll()
    world.work_through(LONG, step=STEP)
    assert world.phase("77001") == "confirmed"


def test_a_posting_whose_row_is_cut_off_waits_with_the_truth_and_does_not_go_again() -> None:
    world = World()
    roof = world.bill("INV-1", 30_000)
    world.pay("77001", (roof, 10_000))
    world.poll()

    def cut() -> None:
        booked(roof, 5_000, "by hand")
        world.ledger.row_cap = 1

    world.ledger.after_step["UpdBatch"] = cut
    world.work_through(PATIENCE, step=timedelta(minutes=5))
    state = world.posting(world.key("77001"))
    assert state.phase == "waits"
    assert state.reason.endswith(
        "it may have one that cannot be seen: the tenant cuts Infor's lists off before their end"
    )
    assert world.ledger.bookings[world.key("77001")] == 1


def test_a_payment_of_the_same_amount_that_is_not_ours_is_asked_about_once() -> None:
    world = World()
    roof = world.bill("INV-1", 30_000)
    booked(roof, 10_000, "check 4711")
    world.pay("77001", (roof, 10_000))
    world.poll()
    world.work_through(LONG, step=STEP)
    held = world.held(world.key("77001"))
    assert (held.reason, world.wire()) == ("SAME_AMOUNT_BOOKED", [])
    release(world, "77001")
    world.work_through(LONG, step=STEP)
    assert len(world.events(PostingReleased)) == 1
    world.check_booked_once(world.key("77001"))


def test_payments_of_the_same_amount_that_are_ours_are_not_asked_about() -> None:
    world = World()
    roof = world.bill("INV-1", 30_000)
    booked(roof, 10_000, "77000 INV-1")
    world.pay("77001", (roof, 10_000))
    world.poll()
    world.work_through(LONG, step=STEP)
    world.check_booked_once(world.key("77001"))


def test_after_a_restore_the_desk_is_told_what_shows() -> None:
    world = World()
    roof, paint = world.bill("INV-1", 30_000), world.bill("INV-2", 30_000)
    world.pay("77001", (roof, 10_000), (paint, 10_000))
    world.poll()
    world.go_back(world.store.log.last_position(), hold=timedelta(minutes=1))
    booked(roof, 10_000, "77001 INV-1")
    world.work_through(LONG, step=STEP)
    state = world.posting(world.key("77001"))
    assert (state.phase, world.wire()) == ("desk", [])
    whats = [r.event.what for r in world.history("posting", world.key("77001")) if hasattr(r.event, "what")]
    assert "Infor shows payment rows with the text of payment 77001, but not as posted" in whats[-1]
