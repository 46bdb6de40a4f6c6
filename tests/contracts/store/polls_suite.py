"""What every book of polls must do."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from domain.errors import HeldError
from domain.event import Append
from domain.ports.store import PollDue, PollGuard, PollMark
from tests.contracts.store.world import CAUSES, CONNECTION, LEASE, OTHER, RELEASED, World

EVERY = timedelta(minutes=5)


def claim(world: World, worker: str = "w1") -> PollDue | None:
    return world.polls.claim("invoices", connection=CONNECTION, worker=worker, lease=LEASE)


def claimed(world: World, worker: str = "w1") -> PollDue:
    due = claim(world, worker)
    assert due is not None
    return due


def mark(world: World, due: PollDue, watermark: str, *, next_poll_at: datetime | None = None) -> PollMark:
    return PollMark(
        connection=due.connection,
        flow=due.flow,
        claim=due.claim,
        watermark=watermark,
        completed_at=world.clock(),
        seen=0,
        next_poll_at=next_poll_at,
    )


class PollsSuite:
    def test_a_new_flow_is_due_at_once_from_the_start(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"suppliers": EVERY, "invoices": EVERY})
        assert world.polls.due(world.clock()) == [(CONNECTION, "invoices"), (CONNECTION, "suppliers")]
        due = claimed(world)
        assert (due.connection, due.flow, due.watermark, due.attempts) == (CONNECTION, "invoices", "", 0)

    def test_a_flow_without_a_row_is_not_due(self, world: World) -> None:
        assert claim(world) is None
        world.polls.poke(CONNECTION, ["invoices"], world.clock())
        assert world.polls.rows(CONNECTION) == []

    def test_dropped_polls_lose_their_claims_and_begin_anew(self, world: World) -> None:
        for connection in (CONNECTION, OTHER):
            world.polls.ensure(connection, {"invoices": EVERY})
        world.polls.finish(mark(world, claimed(world), "W1"))
        world.clock.advance(minutes=5)
        due = claimed(world)
        world.polls.drop(CONNECTION)
        with pytest.raises(HeldError):
            world.polls.finish(mark(world, due, "W2"))
        with pytest.raises(HeldError):
            world.polls.renew(due, lease=LEASE)
        assert (world.polls.rows(CONNECTION), len(world.polls.rows(OTHER))) == ([], 1)
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        assert claimed(world).watermark == ""

    def test_one_worker_polls_at_a_time_until_its_lease_ends(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        assert claim(world) is not None
        assert claim(world, "w2") is None
        assert world.polls.due(world.clock()) == []
        world.clock.advance(seconds=60)
        assert claim(world, "w2") is not None

    def test_a_finished_poll_is_due_again_after_its_interval_from_its_watermark(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        world.polls.finish(mark(world, claimed(world), "W1"))
        assert claim(world) is None
        world.clock.advance(minutes=5)
        assert claimed(world).watermark == "W1"

    def test_a_finished_poll_is_due_again_when_its_mark_says_so(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        at = world.clock() + timedelta(hours=3)
        world.polls.finish(mark(world, claimed(world), "W1", next_poll_at=at))
        (row,) = world.polls.rows(CONNECTION)
        assert (row.next_poll_at, row.every) == (at, EVERY)
        world.clock.advance(hours=3)
        later = world.clock() + timedelta(hours=1)
        append = Append(stream=uuid4(), expected_version=0, events=(RELEASED,))
        world.log.append([append], causes=CAUSES, mark=mark(world, claimed(world), "W2", next_poll_at=later))
        (row,) = world.polls.rows(CONNECTION)
        assert (row.watermark, row.next_poll_at) == ("W2", later)

    def test_a_changed_schedule_moves_the_next_time_of_a_poll_that_ended(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        world.polls.finish(mark(world, claimed(world), "W1"))
        at = world.clock() + timedelta(hours=3)
        world.polls.ensure(CONNECTION, {"invoices": EVERY}, moved={"invoices": at, "payments": at})
        (row,) = world.polls.rows(CONNECTION)
        assert (row.next_poll_at, row.watermark) == (at, "W1")
        assert world.polls.rows(OTHER) == []

    def test_a_changed_schedule_leaves_polls_alone_that_are_new_fail_or_are_under_way(self, world: World) -> None:
        began, at = world.clock(), world.clock() + timedelta(hours=3)
        world.polls.ensure(CONNECTION, {"invoices": EVERY}, moved={"invoices": at})
        assert world.polls.rows(CONNECTION)[0].next_poll_at == began
        world.polls.finish(mark(world, claimed(world), "W1", next_poll_at=began))
        due = claimed(world)
        world.polls.ensure(CONNECTION, {"invoices": EVERY}, moved={"invoices": at})
        assert world.polls.rows(CONNECTION)[0].next_poll_at == began
        until = began + timedelta(seconds=30)
        world.polls.fail(due, until=until, text="Infor gave no answer")
        world.polls.ensure(CONNECTION, {"invoices": EVERY}, moved={"invoices": at})
        assert world.polls.rows(CONNECTION)[0].next_poll_at == until

    def test_a_finish_after_the_lease_leaves_the_next_workers_claim_alone(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        old = claimed(world)
        world.clock.advance(minutes=2)
        claim(world, "w2")
        with pytest.raises(HeldError, match="claim of the poll of invoices is lost"):
            world.polls.finish(mark(world, old, "old"))
        (row,) = world.polls.rows(CONNECTION)
        assert (row.claimed_by, row.watermark) == ("w2", "")

    def test_who_gives_up_has_lost_its_polls_and_nobody_elses(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        old = claimed(world)
        world.polls.give_up("w2")
        assert world.polls.due(world.clock()) == []
        world.polls.give_up("w1")
        assert world.polls.due(world.clock()) == [(CONNECTION, "invoices")]
        with pytest.raises(HeldError):
            world.polls.finish(mark(world, old, "old"))
        assert claim(world, "w2") is not None

    def test_a_worker_that_claims_again_does_not_end_its_own_earlier_claim(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        old = claimed(world)
        world.clock.advance(minutes=2)
        new = claimed(world)
        with pytest.raises(HeldError):
            world.polls.finish(mark(world, old, "old"))
        world.polls.fail(old, until=world.clock() + EVERY, text="too late")
        world.polls.finish(mark(world, new, "new"))
        (row,) = world.polls.rows(CONNECTION)
        assert (row.watermark, row.attempts, row.claimed_by) == ("new", 0, None)

    def test_a_poll_that_lost_its_claim_records_nothing_more(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        old = claimed(world)
        world.clock.advance(minutes=2)
        claim(world, "w2")
        append = Append(stream=uuid4(), expected_version=0, events=(RELEASED,))
        with pytest.raises(HeldError):
            world.log.append([append], causes=CAUSES, mark=mark(world, old, "old"))
        assert world.log.last_position() == 0

    def test_a_failed_poll_keeps_its_watermark_and_says_why(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        world.polls.finish(mark(world, claimed(world), "W1"))
        world.polls.poke(CONNECTION, ["invoices"], world.clock())
        until = world.clock() + timedelta(seconds=30)
        world.polls.fail(claimed(world), until=until, text="Infor gave no answer")
        (row,) = world.polls.rows(CONNECTION)
        assert (row.attempts, row.last_error, row.next_poll_at) == (1, "Infor gave no answer", until)
        world.clock.advance(seconds=30)
        again = claimed(world)
        assert (again.watermark, again.attempts) == ("W1", 1)
        world.polls.finish(mark(world, again, "W2"))
        (row,) = world.polls.rows(CONNECTION)
        assert (row.attempts, row.last_error, row.last_polled_at) == (0, "", world.clock())

    def test_a_changed_interval_leaves_the_rest_of_the_row(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        world.polls.finish(mark(world, claimed(world), "W1"))
        world.polls.ensure(CONNECTION, {"invoices": timedelta(hours=1)})
        (row,) = world.polls.rows(CONNECTION)
        assert (row.every, row.watermark) == (timedelta(hours=1), "W1")
        assert world.polls.rows(OTHER) == []

    def test_a_poll_of_many_pages_keeps_its_claim(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        due = claimed(world)
        world.clock.advance(seconds=50)
        world.polls.renew(due, lease=LEASE)
        world.clock.advance(seconds=50)
        assert claim(world, "w2") is None
        world.clock.advance(seconds=10)
        assert claim(world, "w2") is not None
        with pytest.raises(HeldError, match="claim of the poll of invoices is lost"):
            world.polls.renew(due, lease=LEASE)

    def test_a_page_is_recorded_only_under_its_polls_claim(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        due = claimed(world)
        page = Append(stream=uuid4(), expected_version=0, events=(RELEASED,))
        guard = PollGuard(connection=CONNECTION, flow="invoices", claim=due.claim)
        world.log.append([page], causes=CAUSES, guard=guard)
        world.clock.advance(minutes=2)
        claim(world, "w2")
        late = Append(stream=uuid4(), expected_version=0, events=(RELEASED,))
        with pytest.raises(HeldError, match="claim of the poll of invoices is lost"):
            world.log.append([late], causes=CAUSES, guard=guard)
        assert world.log.last_position() == 1
