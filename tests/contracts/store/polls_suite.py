"""What every book of polls must do."""

from datetime import timedelta

from domain.ports.store import PollDue, PollMark
from tests.contracts.store.world import CONNECTION, LEASE, OTHER, World

EVERY = timedelta(minutes=5)


def claim(world: World, worker: str = "w1") -> PollDue | None:
    return world.polls.claim("invoices", connection=CONNECTION, worker=worker, lease=LEASE)


def mark(world: World, watermark: str) -> PollMark:
    return PollMark(connection=CONNECTION, flow="invoices", watermark=watermark, completed_at=world.clock(), seen=0)


class PollsSuite:
    def test_a_new_flow_is_due_at_once_from_the_start(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"suppliers": EVERY, "invoices": EVERY})
        assert world.polls.due(world.clock()) == [(CONNECTION, "invoices"), (CONNECTION, "suppliers")]
        assert claim(world) == PollDue(connection=CONNECTION, flow="invoices", watermark="", attempts=0)

    def test_a_flow_without_a_row_is_not_due(self, world: World) -> None:
        assert claim(world) is None
        world.polls.poke(CONNECTION, ["invoices"], world.clock())
        assert world.polls.rows(CONNECTION) == []

    def test_one_worker_polls_at_a_time_until_its_lease_ends(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        assert claim(world) is not None
        assert claim(world, "w2") is None
        assert world.polls.due(world.clock()) == []
        world.clock.advance(seconds=60)
        assert claim(world, "w2") is not None

    def test_a_finished_poll_is_due_again_after_its_interval_from_its_watermark(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        claim(world)
        world.polls.finish(mark(world, "W1"), worker="w1")
        assert claim(world) is None
        world.clock.advance(minutes=5)
        due = claim(world)
        assert due is not None
        assert due.watermark == "W1"

    def test_a_finish_after_the_lease_leaves_the_next_workers_claim_alone(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        claim(world)
        world.clock.advance(minutes=2)
        claim(world, "w2")
        world.polls.finish(mark(world, "old"), worker="w1")
        (row,) = world.polls.rows(CONNECTION)
        assert (row.claimed_by, row.watermark) == ("w2", "")

    def test_a_failed_poll_keeps_its_watermark_and_says_why(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        claim(world)
        world.polls.finish(mark(world, "W1"), worker="w1")
        world.polls.poke(CONNECTION, ["invoices"], world.clock())
        due = claim(world)
        assert due is not None
        until = world.clock() + timedelta(seconds=30)
        world.polls.fail(due, worker="w2", until=until, text="not mine")
        world.polls.fail(due, worker="w1", until=until, text="Infor gave no answer")
        (row,) = world.polls.rows(CONNECTION)
        assert (row.attempts, row.last_error, row.next_poll_at) == (1, "Infor gave no answer", until)
        world.clock.advance(seconds=30)
        again = claim(world)
        assert again is not None
        assert (again.watermark, again.attempts) == ("W1", 1)
        world.polls.finish(mark(world, "W2"), worker="w1")
        (row,) = world.polls.rows(CONNECTION)
        assert (row.attempts, row.last_error, row.last_polled_at) == (0, "", world.clock())

    def test_a_changed_interval_leaves_the_rest_of_the_row(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"invoices": EVERY})
        claim(world)
        world.polls.finish(mark(world, "W1"), worker="w1")
        world.polls.ensure(CONNECTION, {"invoices": timedelta(hours=1)})
        (row,) = world.polls.rows(CONNECTION)
        assert (row.every, row.watermark) == (timedelta(hours=1), "W1")
        assert world.polls.rows(OTHER) == []
