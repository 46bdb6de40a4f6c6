"""What every table of due work must do for errands and their shell."""

from datetime import timedelta
from uuid import uuid4

from domain.ports.store import Backlog, DueRow
from tests.contracts.store.world import (
    CONNECTION,
    LEASE,
    OTHER,
    RELEASED,
    RETRY_ORDERED,
    WITHDRAWN,
    World,
    confirmed,
    held,
)


def claim(world: World, errand: str = "submit_invoices", *, worker: str = "w1", limit: int = 50) -> list[DueRow]:
    return world.work.claim(errand, connection=CONNECTION, limit=limit, worker=worker, lease=LEASE)


class WorkSuite:
    def test_what_an_event_makes_due_can_be_claimed_once(self, world: World) -> None:
        stream = uuid4()
        world.happened(stream, RELEASED)
        (row,) = claim(world)
        assert (row.connection, row.errand, row.aggregate) == (CONNECTION, "submit_invoices", stream)
        assert (row.version, row.attempts, row.due_at) == (1, 0, world.clock())
        assert claim(world, worker="w2") == []

    def test_nothing_is_due_before_the_relay_folded_it(self, world: World) -> None:
        world.append(uuid4(), RELEASED)
        assert claim(world) == []
        assert not world.work.is_quiet(CONNECTION)

    def test_the_oldest_due_rows_are_claimed_first(self, world: World) -> None:
        streams = [uuid4() for _ in range(4)]
        for stream in streams:
            world.happened(stream, RELEASED)
            world.clock.advance(seconds=1)
        assert [row.aggregate for row in claim(world, limit=3)] == streams[:3]
        assert [row.aggregate for row in claim(world, limit=3)] == streams[3:]

    def test_connections_do_not_see_each_others_work(self, world: World) -> None:
        mine, theirs = uuid4(), uuid4()
        world.happened(mine, RELEASED)
        world.happened(theirs, RELEASED, connection=OTHER)
        assert [row.aggregate for row in claim(world)] == [mine]
        assert world.work.due_counts(world.clock()) == {(OTHER, "submit_invoices"): 1}

    def test_what_is_in_hand_is_counted_until_it_is_given_back_or_its_lease_ends(self, world: World) -> None:
        world.happened(uuid4(), RELEASED)
        world.happened(uuid4(), RELEASED)
        world.happened(uuid4(), RETRY_ORDERED)
        world.happened(uuid4(), RELEASED, connection=OTHER)
        assert world.work.in_hand(CONNECTION) == {}
        rows = claim(world)
        claim(world, "send_suppliers")
        assert world.work.in_hand(CONNECTION) == {"submit_invoices": 2, "send_suppliers": 1}
        world.work.release(rows[:1], worker="w1")
        assert world.work.in_hand(CONNECTION) == {"submit_invoices": 1, "send_suppliers": 1}
        world.clock.advance(seconds=60)
        assert world.work.in_hand(CONNECTION) == {}

    def test_who_gives_up_gives_back_its_own_rows_but_for_what_is_left_to_its_lease(self, world: World) -> None:
        world.happened(uuid4(), RELEASED)
        world.happened(uuid4(), RELEASED)
        world.happened(uuid4(), RETRY_ORDERED)
        (late,) = claim(world, limit=1)
        claim(world, worker="w2", limit=1)
        claim(world, "send_suppliers")
        world.append(late.aggregate, WITHDRAWN)
        world.work.give_up("w1", but_for=["send_suppliers", "send_ledger_codes"])
        assert world.work.in_hand(CONNECTION) == {"send_suppliers": 1, "submit_invoices": 1}
        assert claim(world, worker="w3") == []
        world.relay.drain()
        assert claim(world, worker="w3") == []
        world.work.give_up("w1")
        assert world.work.in_hand(CONNECTION) == {"submit_invoices": 1}

    def test_a_claim_whose_lease_ran_out_can_be_taken_by_another_worker(self, world: World) -> None:
        world.happened(uuid4(), RELEASED)
        first = claim(world)
        world.clock.advance(seconds=59)
        assert claim(world, worker="w2") == []
        world.clock.advance(seconds=1)
        second = claim(world, worker="w2")
        assert [row.aggregate for row in second] == [row.aggregate for row in first]

    def test_a_worker_whose_lease_ran_out_gives_back_nobody_elses_row(self, world: World) -> None:
        world.happened(uuid4(), RELEASED)
        late = claim(world)
        world.clock.advance(seconds=61)
        claim(world)
        world.work.release(late, worker="w1")
        world.work.postpone(late, worker="w1", until=world.clock())
        assert claim(world, worker="w3") == []

    def test_a_postponed_row_comes_back_at_its_time_with_one_more_attempt(self, world: World) -> None:
        world.happened(uuid4(), RELEASED)
        until = world.clock() + timedelta(minutes=5)
        world.work.postpone(claim(world), worker="w1", until=until)
        assert claim(world) == []
        assert world.work.next_due_at(CONNECTION) == until
        world.clock.advance(minutes=5)
        (row,) = claim(world)
        assert (row.attempts, row.due_at) == (1, until)
        world.work.postpone([row], worker="w1", until=world.clock(), attempt=False)
        assert claim(world)[0].attempts == 1

    def test_a_row_deleted_meanwhile_is_not_brought_back(self, world: World) -> None:
        stream = uuid4()
        world.happened(stream, RELEASED)
        rows = claim(world)
        world.happened(stream, WITHDRAWN)
        world.work.postpone(rows, worker="w1", until=world.clock())
        world.work.release(rows, worker="w1")
        assert claim(world) == []
        assert world.work.is_quiet(CONNECTION)

    def test_a_released_row_waits_until_the_relay_folded_what_was_appended(self, world: World) -> None:
        stream = uuid4()
        world.happened(stream, RELEASED)
        rows = claim(world)
        world.append(stream, WITHDRAWN)
        world.work.release(rows, worker="w1")
        assert claim(world) == []
        assert world.work.due_counts(world.clock()) == {}
        world.relay.drain()
        assert claim(world) == []

    def test_a_row_released_with_nothing_appended_is_claimable_at_once(self, world: World) -> None:
        world.happened(uuid4(), RELEASED)
        world.work.release(claim(world), worker="w1")
        (row,) = claim(world, worker="w2")
        assert row.attempts == 0

    def test_a_change_during_the_claim_keeps_the_claim_and_comes_back_after_it(self, world: World) -> None:
        stream = uuid4()
        world.happened(stream, RETRY_ORDERED)
        rows = claim(world, "send_suppliers")
        world.happened(stream, RETRY_ORDERED)
        assert claim(world, "send_suppliers", worker="w2") == []
        world.append(stream, confirmed("100|V1", of_version=1))
        world.work.release(rows, worker="w1")
        world.relay.drain()
        (row,) = claim(world, "send_suppliers", worker="w2")
        assert row.version == 2

    def test_a_held_invoice_is_due_when_its_key_opens(self, world: World) -> None:
        stream = uuid4()
        world.happened(stream, held("supplier:100|V1"))
        assert claim(world) == []
        assert world.work.waiting(CONNECTION) == {"supplier:100|V1": 1}
        assert world.work.next_due_at(CONNECTION) is None
        assert world.work.is_quiet(CONNECTION)
        world.happened(uuid4(), confirmed("100|V1"), connection=OTHER)
        assert claim(world) == []
        world.happened(uuid4(), confirmed("100|V1"))
        assert [row.aggregate for row in claim(world)] == [stream]
        assert world.work.waiting(CONNECTION) == {}

    def test_a_confirmation_folded_before_the_hold_releases_it_too(self, world: World) -> None:
        world.happened(uuid4(), confirmed("100|V1"))
        world.happened(uuid4(), held("supplier:100|V1"))
        assert len(claim(world)) == 1

    def test_a_key_that_shut_again_holds_later_work(self, world: World) -> None:
        supplier = uuid4()
        world.happened(supplier, confirmed("100|V1"))
        world.happened(supplier, confirmed("100|V1", opens_gate=False))
        world.happened(uuid4(), held("supplier:100|V1"))
        assert claim(world) == []

    def test_work_held_for_a_person_is_not_due(self, world: World) -> None:
        stream = uuid4()
        world.happened(stream, RELEASED, held(None))
        assert claim(world) == []
        assert world.work.waiting(CONNECTION) == {}

    def test_a_claimed_row_is_next_due_when_its_lease_ends(self, world: World) -> None:
        world.happened(uuid4(), RELEASED)
        claim(world)
        assert world.work.next_due_at(CONNECTION) == world.clock() + LEASE
        assert not world.work.is_quiet(CONNECTION)

    def test_quiet_up_to_a_time_looks_at_what_falls_due_before_it(self, world: World) -> None:
        world.happened(uuid4(), RELEASED)
        soon = world.clock() + timedelta(minutes=1)
        world.work.postpone(claim(world), worker="w1", until=soon)
        assert world.work.is_quiet(CONNECTION)
        assert world.work.is_quiet(OTHER)
        assert not world.work.is_quiet(CONNECTION, until=soon)
        assert world.work.is_quiet(CONNECTION, until=soon, but_for=["submit_invoices"])

    def test_the_backlog_is_what_is_due_now_claimed_or_not(self, world: World) -> None:
        oldest = world.clock()
        world.happened(uuid4(), RELEASED)
        world.clock.advance(minutes=1)
        world.happened(uuid4(), RELEASED)
        world.happened(uuid4(), RETRY_ORDERED, connection=OTHER)
        world.happened(uuid4(), held("supplier:100|V1"))
        assert world.work.backlog(world.clock()) == {
            (CONNECTION, "submit_invoices"): Backlog(rows=2, oldest_due_at=oldest),
            (OTHER, "send_suppliers"): Backlog(rows=1, oldest_due_at=world.clock()),
        }
        (first,) = claim(world, limit=1)
        assert world.work.backlog(world.clock())[CONNECTION, "submit_invoices"].rows == 2
        world.work.postpone([first], worker="w1", until=world.clock() + timedelta(minutes=5))
        assert world.work.backlog(world.clock())[CONNECTION, "submit_invoices"] == Backlog(
            rows=1, oldest_due_at=oldest + timedelta(minutes=1)
        )

    def test_nothing_due_is_no_backlog(self, world: World) -> None:
        world.happened(uuid4(), held("supplier:100|V1"))
        assert world.work.backlog(world.clock()) == {}

    def test_the_sweep_finds_nothing_in_a_sound_table(self, world: World) -> None:
        world.happened(uuid4(), held("supplier:100|V1"))
        world.happened(uuid4(), confirmed("100|V2"))
        assert world.work.sweep() == 0
