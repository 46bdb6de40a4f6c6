"""The poll of payments: windows of at most 30 days with overlap; seeing the same thing twice adds nothing."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from actors.errands.days import windows, windows_to_read
from actors.errands.poll_payments import poll_payments
from domain.errors import RefusedError, TransientError
from domain.payments.events import (
    PaymentCardNumberDropped,
    PaymentChangedAfterSettling,
    PaymentCleared,
    PaymentHeld,
    PaymentReported,
    PaymentSettled,
    PaymentStatusUnknown,
)
from domain.polls.events import PollCompleted, PollFailed, PollRecordMalformed
from domain.ports.payables import PaymentPage
from tests.unit.actors.postings.postings_world import World


@pytest.mark.parametrize("days", [0, 1, 29, 30, 31, 60, 61, 62, 200])
def test_windows_cover_every_day_once_and_are_never_longer_than_30_days(days: int) -> None:
    begin = date(2026, 1, 1)
    made = windows(begin, begin + timedelta(days=days))
    covered = [first + timedelta(days=n) for first, last in made for n in range((last - first).days + 1)]
    assert covered == [begin + timedelta(days=n) for n in range(days + 1)]
    assert all((last - first).days <= 30 for first, last in made)


def test_a_watermark_ahead_of_the_clock_still_asks_for_a_day() -> None:
    assert windows(date(2026, 1, 2), date(2026, 1, 1)) == [(date(2026, 1, 2), date(2026, 1, 2))]


MARCH_20 = date(2026, 3, 20)


@pytest.mark.parametrize(
    ("mark", "alone"),
    [
        ("", [(date(2026, 3, 1), date(2026, 3, 17))]),
        ("2026-03-20", []),
        ("2026-03-19", []),
        ("2026-03-18", []),
        ("2026-03-17", [(date(2026, 3, 17), date(2026, 3, 17))]),
        ("2026-03-10", [(date(2026, 3, 10), date(2026, 3, 17))]),
        ("2026-03-25", []),
    ],
)
def test_days_that_no_other_poll_reads_are_read_twice(mark: str, alone: list[tuple[date, date]]) -> None:
    since = date.fromisoformat(mark) - timedelta(days=2) if mark else date(2026, 3, 1)
    read = windows_to_read(mark, since, MARCH_20, overlap=timedelta(days=2))
    assert read == [*windows(since, MARCH_20), *alone]


def test_a_payment_that_slips_between_the_pages_of_the_first_poll_is_seen_in_its_second_reading() -> None:
    """Its list is by the last change: one that changes meanwhile goes to the end, and its neighbour moves up a page."""
    world = World()
    for number in range(4):
        roof = world.bill(f"INV-{number}")
        world.pay(f"7700{number}", (roof, 157_000), modified="2026-01-15T08:00:00")
    read, slipped = world.payables.payments, ["77001"]

    def slipping(since: date, until: date) -> Iterator[PaymentPage]:
        for page in read(since, until):
            kept = tuple(one for one in page.payments if one.payment_id not in slipped)
            yield msgspec.structs.replace(page, payments=kept)
        if since <= date(2026, 1, 15) <= until:
            slipped.clear()

    world.payables.payments = slipping  # type: ignore[assignment,method-assign]  # the fake's own, shifted once
    world.poll()
    assert world.payment("77001").settled is not None


def asked(world: World) -> list[tuple[date, date]]:
    """Note the windows that are asked for from now on."""
    seen: list[tuple[date, date]] = []
    read = world.payables.payments

    def note(since: date, until: date) -> Iterator[PaymentPage]:
        seen.append((since, until))
        return read(since, until)

    world.payables.payments = note  # type: ignore[assignment,method-assign]  # the fake's own, listened to
    return seen


def test_the_first_poll_begins_at_the_start_date_and_the_next_overlaps() -> None:
    world = World()
    seen = asked(world)
    world.poll()
    everything = [(date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 3, 2))]
    alone = [(date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 27))]
    assert seen == [*everything, *alone]
    seen.clear()
    world.wait(timedelta(days=1))
    world.poll()
    assert seen == [(date(2026, 2, 28), date(2026, 3, 3))]


def test_the_remotes_later_day_is_asked_for_too() -> None:
    world = World()
    seen = asked(world)
    world.payables.now_hint = lambda: world.now() + timedelta(days=1)  # type: ignore[method-assign]  # its clock is ahead
    world.poll()
    assert max(last for _, last in seen) == date(2026, 3, 3)


@pytest.mark.parametrize("ahead", [timedelta(days=2), timedelta(days=8432)])
def test_a_remote_day_that_no_clock_shows_moves_no_mark(monkeypatch: pytest.MonkeyPatch, ahead: timedelta) -> None:
    world = World()
    seen = asked(world)
    monkeypatch.setattr(world.payables, "now_hint", lambda: world.now() + ahead)
    world.poll()
    assert max(last for _, last in seen) == date(2026, 3, 3)
    monkeypatch.undo()
    seen = asked(world)
    world.wait(timedelta(hours=1))
    world.poll()
    assert seen == [(date(2026, 2, 28), date(2026, 3, 2))]


def test_a_payment_seen_twice_adds_nothing() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    position = world.store.log.last_position()
    world.wait(timedelta(hours=1))
    world.poll()
    assert world.store.log.last_position() == position


def test_a_poll_that_is_not_due_reads_nothing() -> None:
    world = World()
    world.poll()
    calls = world.payables.calls
    assert not poll_payments(world.tools)
    assert world.payables.calls == calls


def test_the_life_of_a_payment_is_told_report_by_report() -> None:
    world = World()
    roof = world.bill("INV-1")
    content = world.pay("77001", (roof, 157_000), status="Processing", standing="open")
    world.poll()
    settled = {"status": "Issued to Supplier", "standing": "settled"}
    for changes in (settled, {"status": "Cleared"}, {"number": "OTHER"}):
        content = msgspec.structs.replace(content, **changes)
        world.payables.add_payment(content)
        world.poll()
        world.work_through(timedelta(minutes=1))
    names = [type(r.event) for r in world.history("payment", "77001")]
    kinds = [kind for kind in names if kind.__name__ != "PaymentPostingsPlanned"]
    assert kinds == [PaymentReported, PaymentSettled, PaymentCleared, PaymentChangedAfterSettling]
    world.check_booked_once(world.key("77001"))


@pytest.mark.parametrize("field", ["status", "method"])
def test_an_unknown_word_is_recorded_and_posts_nothing(field: str) -> None:
    world = World()
    changes: dict[str, dict[str, Any]] = {
        "status": {"status": "Teleported", "standing": "unknown"},
        "method": {"method": "Barter", "problems": ("METHOD_UNKNOWN",)},
    }
    world.pay("77001", (world.bill("INV-1"), 157_000), **changes[field])
    world.post()
    (unknown,) = (e for e in world.events(PaymentStatusUnknown) if isinstance(e, PaymentStatusUnknown))
    assert unknown.field == field
    assert world.wire() == []
    assert world.is_quiet()


def test_a_check_without_its_number_is_held_until_a_later_poll_brings_it() -> None:
    world = World()
    content = world.pay("77001", (world.bill("INV-1"), 157_000), number="")
    world.post()
    (hold,) = (e for e in world.events(PaymentHeld) if isinstance(e, PaymentHeld))
    assert hold.reason == "NUMBER_MISSING"
    assert world.is_quiet()
    world.payables.add_payment(msgspec.structs.replace(content, number="7700456"))
    world.post()
    world.check_booked_once(world.key("77001"))


def test_a_dropped_card_number_is_raised_and_the_payment_posted() -> None:
    world = World()
    card = {"method": "Virtual Card", "number": "", "card_number_dropped": True}
    world.pay("77001", (world.bill("INV-1"), 157_000), **card)
    world.post()
    assert len(world.events(PaymentCardNumberDropped)) == 1
    world.check_booked_once(world.key("77001"))


def test_a_record_that_cannot_be_read_never_stops_its_neighbours() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    read = world.payables.payments

    def garbled(since: date, until: date) -> Iterator[PaymentPage]:
        for page in read(since, until):
            yield msgspec.structs.replace(page, problems=(("77009", "Amount is no money"),))

    world.payables.payments = garbled  # type: ignore[assignment,method-assign]  # one record of the page is broken
    world.post()
    world.check_booked_once(world.key("77001"))
    (malformed,) = (e for e in world.events(PollRecordMalformed) if isinstance(e, PollRecordMalformed))
    assert malformed.record == "77009"
    world.poll()
    assert len(world.events(PollRecordMalformed)) == 1


def test_a_page_that_cannot_be_had_leaves_the_watermark_where_it_was() -> None:
    world = World()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.payables.script("payments", TransientError("busy"))
    world.poll()
    (row,) = world.store.polls.rows(world.connection)
    assert (row.watermark, row.attempts) == ("", 1)
    assert not world.events(PollCompleted)
    world.post()
    world.check_booked_once(world.key("77001"))


def test_a_refused_poll_is_recorded_once() -> None:
    world = World()
    for _ in range(2):
        world.payables.script("payments", RefusedError("400", code="HTTP_400"))
        world.poll()
    assert len(world.events(PollFailed)) == 1
