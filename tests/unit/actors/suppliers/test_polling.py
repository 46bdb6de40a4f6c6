"""The frame of every poll: claim, verdicts, malformed records, and the one transaction that ends it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from actors.errands.polling import Poll, Reader, long_wait, run_poll
from actors.errands.unread import AT_MOST, Mark, Unread
from actors.settle import History, appended
from domain.errors import MalformedError, MisconfiguredError, RefusedError, StoreError, TransientError
from domain.event import Append
from domain.identifiers import stream_id
from domain.polls.events import PollCompleted, PollFailed, PollRecordMalformed
from domain.suppliers.events import SupplierRetryOrdered
from tests.unit.actors.suppliers.small_remotes import World

SAID = SupplierRetryOrdered(person="ann", reason="any fact will do")


def say_once(stream: UUID) -> Callable[[History], list[Append]]:
    return lambda history: [] if history[stream] else [appended(history[stream], stream, SAID)]


def reading(world: World, *numbers: str, malformed: str = "", watermark: str = "w1") -> Reader:
    def read(poll: Poll) -> str:
        for number in numbers:
            stream = stream_id(world.tools.connection, "supplier", number)
            poll.page(1)
            poll.record([stream], say_once(stream))
        if malformed:
            poll.malformed(malformed, "no name")
        return watermark

    return read


def failing(error: Exception) -> Reader:
    def read(_: Poll) -> str:
        raise error

    return read


def again(world: World, read: Reader) -> bool:
    world.wait(timedelta(days=1))
    return run_poll(world.tools, "suppliers", read)


def test_a_poll_that_is_not_due_is_left_alone() -> None:
    world = World()
    assert run_poll(world.tools, "suppliers", reading(world))
    assert not run_poll(world.tools, "suppliers", reading(world))


def test_a_poll_that_is_held_back_is_not_begun() -> None:
    world = World()
    asked: list[str] = []

    def held_back(name: str) -> str:
        asked.append(name)
        return "blackout until noon"

    world.tools = replace(world.tools, held_back=held_back)
    assert not run_poll(world.tools, "suppliers", reading(world, "V1"))
    assert asked == ["poll_suppliers"]
    assert (world.events(), world.poll_row("suppliers").claimed_by) == ([], None)


@pytest.mark.parametrize("numbers", [(), ("V1",)], ids=["found nothing", "found something"])
def test_the_schedule_says_when_a_poll_is_due_again_from_its_end(numbers: tuple[str, ...]) -> None:
    world = World()
    told: list[tuple[str, datetime]] = []
    tomorrow = world.clock.time + timedelta(days=1)

    def next_poll_at(flow: str, ended: datetime) -> datetime:
        told.append((flow, ended))
        return tomorrow

    world.tools = replace(world.tools, next_poll_at=next_poll_at)
    run_poll(world.tools, "suppliers", reading(world, *numbers))
    assert told == [("suppliers", world.clock.time)]
    assert world.poll_row("suppliers").next_poll_at == tomorrow


def test_a_poll_that_found_nothing_only_touches_its_row() -> None:
    world = World()
    run_poll(world.tools, "suppliers", reading(world))
    assert world.events() == []
    assert world.poll_row("suppliers").watermark == "w1"


def test_the_last_facts_and_the_watermark_share_one_transaction() -> None:
    world = World()
    run_poll(world.tools, "suppliers", reading(world, "V1", "V2"))
    assert world.events() == [
        SAID,
        SAID,
        PollCompleted(flow="suppliers", watermark="w1", pages=2, seen=2, recorded=2, calls=0),
    ]
    assert world.poll_row("suppliers").watermark == "w1"


def test_an_end_whose_commit_was_not_reported_is_recorded_once() -> None:
    world = World()
    faults = iter([None, StoreError("the store gave no answer")])

    def fault(when: str) -> None:
        error = next(faults, None) if when == "after commit" else None
        if error is not None:
            raise error

    world.store.log.fault = fault
    run_poll(world.tools, "suppliers", reading(world, "V1", "V2"))
    assert [type(event) for event in world.events()] == [SupplierRetryOrdered, SupplierRetryOrdered, PollCompleted]
    assert world.poll_row("suppliers").watermark == "w1"


def test_a_page_without_news_still_ends_a_poll_that_had_some() -> None:
    world = World()
    run_poll(world.tools, "suppliers", reading(world, "V2"))
    again(world, reading(world, "V1", "V2", watermark="w2"))
    assert len(world.events(SupplierRetryOrdered)) == 2
    assert world.poll_row("suppliers").watermark == "w2"
    assert len(world.events(PollCompleted)) == 2


def test_a_malformed_record_is_recorded_once_and_its_neighbours_go_on() -> None:
    world = World()
    run_poll(world.tools, "suppliers", reading(world, "V1", malformed="V9"))
    assert world.events(PollRecordMalformed) == [PollRecordMalformed(flow="suppliers", record="V9", text="no name")]
    before = len(world.events())
    again(world, reading(world, "V1", malformed="V9"))
    assert len(world.events()) == before


def test_a_store_that_knows_suppliers_carried_by_an_older_version_reads_from_the_start() -> None:
    assert Mark.read('{"since":1767225600000,"again":["V2"]}') == Mark()


def test_no_more_unread_records_are_carried_than_a_mark_takes() -> None:
    unread = Unread({"old": 1}, tries=3)
    for number in range(AT_MOST):
        unread.note(f"V{number}", "no name", may_pass=False)
    assert len(unread.after) == AT_MOST
    assert "old" in unread.after
    assert Mark.read(str(Mark("7", unread.after))) == Mark("7", unread.after)


def test_a_passing_fault_is_tried_again_and_leaves_no_event() -> None:
    world = World()
    fault = TransientError("too many requests", retry_after=30)
    assert run_poll(world.tools, "suppliers", failing(fault))
    row = world.poll_row("suppliers")
    assert world.events() == []
    assert row.last_error == "too many requests"
    assert timedelta(seconds=30) <= row.next_poll_at - world.clock.now() <= timedelta(seconds=40)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (MisconfiguredError("the session is of company 200"), "stop"),
        (RefusedError("not authorised", code="XAU0008"), "retry later"),
        (MalformedError("no JSON"), "retry later"),
    ],
)
def test_a_failure_for_a_person_waits_long_and_is_recorded_once(error: Exception, verdict: str) -> None:
    world = World()
    run_poll(world.tools, "suppliers", failing(error))
    assert world.poll_row("suppliers").next_poll_at == world.clock.now() + long_wait(world.tools)
    again(world, failing(error))
    assert world.events() == [PollFailed(flow="suppliers", verdict=verdict, text=str(error))]
    assert world.poll_row("suppliers").watermark == ""


def test_the_first_success_after_a_failure_is_recorded_though_it_found_nothing() -> None:
    world = World()
    error = MisconfiguredError("the session is of company 200")
    run_poll(world.tools, "suppliers", failing(error))
    again(world, reading(world))
    again(world, reading(world))
    assert [type(event) for event in world.events()] == [PollFailed, PollCompleted]
    again(world, failing(error))
    assert len(world.events(PollFailed)) == 2


def test_a_recovery_whose_commit_was_not_reported_is_recorded_once() -> None:
    world = World()
    run_poll(world.tools, "suppliers", failing(MisconfiguredError("wrong company")))
    faults = iter([StoreError("the store gave no answer")])

    def fault(when: str) -> None:
        if when == "after commit":
            for error in faults:
                raise error

    world.store.log.fault = fault
    again(world, reading(world))
    assert [type(event) for event in world.events()] == [PollFailed, PollCompleted]


def test_flushed_facts_are_there_before_the_poll_ends() -> None:
    world = World()

    def read(poll: Poll) -> str:
        stream = stream_id(world.tools.connection, "supplier", "V1")
        poll.record([stream], say_once(stream))
        assert [append.stream for append in poll.flush()] == [stream]
        assert poll.flush() == ()
        assert world.events() == [SAID]
        return "w1"

    run_poll(world.tools, "suppliers", read)
    assert len(world.events(PollCompleted)) == 1
