"""What every event log must do."""

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.connections.events import ConnectionAdded, ConnectionRemoved, RemotesTested
from domain.errors import ConflictError, HeldError
from domain.event import Append, Personal
from domain.identifiers import PinnedIdentity, stream_id
from domain.ports.store import Causes, MoneyGuard, PollMark, StillGuard, StoreGuard
from domain.suppliers.events import Address, SupplierContent, SupplierRecorded
from tests.contracts.store.world import CAUSES, CONNECTION, OTHER, RELEASED, WITHDRAWN, World, confirmed

ADDED = ConnectionAdded(name="acme", identity=PinnedIdentity("ACME_TST", 100, "acme"), divisions=("AAA",))
REMOVED = ConnectionRemoved(person="ann", reason="sold")
TESTED = RemotesTested(infor_company=100, avidxchange_systems=(), missing_transactions=())


def ending(world: World) -> PollMark:
    due = world.polls.claim("suppliers", connection=CONNECTION, worker="w", lease=timedelta(minutes=1))
    assert due is not None
    return PollMark(
        connection=CONNECTION, flow="suppliers", claim=due.claim, watermark="W9", completed_at=world.clock(), seen=3
    )


def money() -> Append:
    return Append(stream=uuid4(), expected_version=0, events=(RELEASED,))


class EventLogSuite:
    def test_an_empty_log_stands_at_position_zero(self, world: World) -> None:
        stream = uuid4()
        assert world.log.last_position() == 0
        assert world.log.load([stream]) == {stream: []}
        assert world.log.read(after=0, limit=10) == []

    def test_events_come_back_in_version_order_with_both_times(self, world: World) -> None:
        stream, recorded_at = uuid4(), world.clock()
        happened_at = recorded_at - timedelta(days=2)
        append = Append(stream=stream, expected_version=0, events=(RELEASED, WITHDRAWN), occurred_at=happened_at)
        world.log.append([append], causes=CAUSES)
        world.clock.advance(hours=1)
        world.append(stream, RELEASED)
        history = world.log.load([stream])[stream]
        assert [entry.event for entry in history] == [RELEASED, WITHDRAWN, RELEASED]
        assert [entry.version for entry in history] == [1, 2, 3]
        assert history[0].meta.recorded_at == recorded_at
        assert history[0].meta.occurred_at == happened_at
        assert history[2].meta.occurred_at == history[2].meta.recorded_at == world.clock()
        assert history[0].meta.connection == CONNECTION
        assert history[0].meta.correlation_id == "test"

    def test_many_streams_are_loaded_at_once(self, world: World) -> None:
        streams = [uuid4() for _ in range(600)]
        world.log.append([Append(stream=s, expected_version=0, events=(RELEASED,)) for s in streams], causes=CAUSES)
        loaded = world.log.load([*streams, streams[0]])
        assert {stream: len(history) for stream, history in loaded.items()} == dict.fromkeys(streams, 1)

    def test_pages_of_the_log_follow_each_other_without_gap_or_repetition(self, world: World) -> None:
        streams = [uuid4() for _ in range(7)]
        for stream in streams:
            world.append(stream, RELEASED)
        seen, position = [], 0
        while page := world.log.read(after=position, limit=3):
            assert len(page) <= 3
            seen += [entry.stream for entry in page]
            position = page[-1].position
        assert seen == streams
        assert position == world.log.last_position()

    @pytest.mark.parametrize("expected", [0, 1, 3])
    def test_a_stream_elsewhere_than_expected_is_a_conflict_and_nothing_is_written(
        self, world: World, expected: int
    ) -> None:
        stream, neighbour = uuid4(), uuid4()
        world.append(stream, RELEASED, RELEASED)
        batch = [
            Append(stream=neighbour, expected_version=0, events=(RELEASED,)),
            Append(stream=stream, expected_version=expected, events=(WITHDRAWN,)),
        ]
        with pytest.raises(ConflictError):
            world.log.append(batch, causes=CAUSES)
        assert world.log.load([neighbour])[neighbour] == []
        assert len(world.log.load([stream])[stream]) == 2

    def test_a_stream_nothing_is_appended_to_must_stand_as_expected_too(self, world: World) -> None:
        read, written = uuid4(), uuid4()
        world.append(read, RELEASED)
        still = [Append(stream=read, expected_version=n, events=()) for n in (0, 1)]
        new = Append(stream=written, expected_version=0, events=(RELEASED,))
        with pytest.raises(ConflictError):
            world.log.append([new, still[0]], causes=CAUSES)
        world.log.append([new, still[1]], causes=CAUSES)
        assert {stream: len(past) for stream, past in world.log.load([read, written]).items()} == {read: 1, written: 1}

    def test_two_appends_to_one_stream_follow_each_other_in_one_batch(self, world: World) -> None:
        stream = uuid4()
        batch = [Append(stream=stream, expected_version=n, events=(RELEASED,)) for n in (0, 1)]
        world.log.append(batch, causes=CAUSES)
        assert [entry.version for entry in world.log.load([stream])[stream]] == [1, 2]

    def test_a_polls_end_is_written_with_its_events(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"suppliers": timedelta(minutes=5)})
        mark = ending(world)
        append = Append(stream=uuid4(), expected_version=0, events=(RELEASED,))
        world.log.append([append], causes=CAUSES, mark=mark)
        (row,) = world.polls.rows(CONNECTION)
        assert (row.watermark, row.seen, row.claimed_by) == ("W9", 3, None)
        assert row.next_poll_at == world.clock() + timedelta(minutes=5)

    def test_a_polls_end_does_not_survive_a_conflict(self, world: World) -> None:
        world.polls.ensure(CONNECTION, {"suppliers": timedelta(minutes=5)})
        mark = ending(world)
        with pytest.raises(ConflictError):
            world.log.append([Append(stream=uuid4(), expected_version=4, events=(RELEASED,))], causes=CAUSES, mark=mark)
        assert world.polls.rows(CONNECTION)[0].watermark == ""

    def test_money_is_written_only_in_the_incarnation_it_began_in(self, world: World) -> None:
        append = Append(stream=uuid4(), expected_version=0, events=(RELEASED,))
        with pytest.raises(HeldError, match="incarnation"):
            world.log.append([append], causes=CAUSES, guard=MoneyGuard(incarnation=uuid4()))
        world.log.append([append], causes=CAUSES, guard=MoneyGuard(incarnation=world.log.incarnation()))
        assert world.log.last_position() == 1

    def test_an_outcome_belongs_to_the_store_it_was_decided_in_whatever_money_waits_for(self, world: World) -> None:
        world.hold(world.clock() + timedelta(minutes=15))
        append = Append(stream=uuid4(), expected_version=0, events=(RELEASED,))
        with pytest.raises(HeldError, match="incarnation"):
            world.log.append([append], causes=CAUSES, guard=StoreGuard(incarnation=uuid4()))
        world.log.append([append], causes=CAUSES, guard=StoreGuard(incarnation=world.log.incarnation()))
        assert world.log.last_position() == 1

    def test_a_hold_stops_money_until_it_ends_and_nothing_else(self, world: World) -> None:
        until = world.clock() + timedelta(minutes=15)
        world.hold(until)
        guard = MoneyGuard(incarnation=world.log.incarnation())
        append = Append(stream=uuid4(), expected_version=0, events=(RELEASED,))
        assert world.log.hold_until() == until
        with pytest.raises(HeldError, match="held until"):
            world.log.append([append], causes=CAUSES, guard=guard)
        world.append(uuid4(), RELEASED)
        world.clock.advance(minutes=16)
        assert world.log.hold_until() is None
        world.log.append([append], causes=CAUSES, guard=guard)

    def test_a_hold_never_gets_shorter(self, world: World) -> None:
        until = world.clock() + timedelta(hours=2)
        world.hold(until)
        world.hold(world.clock() + timedelta(minutes=1))
        assert world.log.hold_until() == until

    def test_an_event_recorded_in_the_future_stops_money(self, world: World) -> None:
        world.append(uuid4(), RELEASED)
        world.clock.advance(minutes=-10)
        guard = MoneyGuard(incarnation=world.log.incarnation())
        append = Append(stream=uuid4(), expected_version=0, events=(RELEASED,))
        with pytest.raises(HeldError, match="future"):
            world.log.append([append], causes=CAUSES, guard=guard)
        world.clock.advance(minutes=10)
        world.log.append([append], causes=CAUSES, guard=guard)

    def test_a_removed_connection_writes_no_money_until_it_is_added_again(self, world: World) -> None:
        stream, guard = stream_id(CONNECTION, "connection", ""), MoneyGuard(incarnation=world.log.incarnation())
        theirs = Causes(connection=OTHER, correlation_id="test")
        world.append(stream, ADDED, REMOVED, TESTED)
        with pytest.raises(HeldError, match="was removed"):
            world.log.append([money()], causes=CAUSES, guard=guard)
        world.log.append([money()], causes=theirs, guard=guard)
        world.log.append([money()], causes=CAUSES, guard=StoreGuard(incarnation=guard.incarnation))
        world.append(stream, ADDED)
        world.log.append([money()], causes=CAUSES, guard=guard)

    def test_nothing_ends_a_connection_whose_work_went_on_meanwhile(self, world: World) -> None:
        stream = stream_id(CONNECTION, "connection", "")
        world.append(stream, ADDED)
        judged = StillGuard(connection=CONNECTION, position=world.log.last_position())
        ending_it = Append(stream=stream, expected_version=1, events=(REMOVED,))
        for _ in range(3):
            world.append(uuid4(), RELEASED, connection=OTHER)
        world.append(uuid4(), RELEASED)
        with pytest.raises(HeldError, match="went on meanwhile"):
            world.log.append([ending_it], causes=CAUSES, guard=judged)
        judged = StillGuard(connection=CONNECTION, position=world.log.last_position())
        world.append(uuid4(), RELEASED, connection=OTHER)
        world.log.append([ending_it], causes=CAUSES, guard=judged)
        assert len(world.log.load([stream])[stream]) == 2

    def test_personal_data_comes_back_as_it_was(self, world: World) -> None:
        content = SupplierContent(
            company=100,
            number="V1",
            name="Smith & Söhne",
            status="20",
            tax_id=Personal("12-3456789"),
            email=Personal(""),
            address=Address(line1=Personal("1 Main St"), city=Personal("Köln"), country="DE"),
        )
        stream = uuid4()
        world.append(stream, SupplierRecorded(content=content, to_send=True), confirmed("100|V1"))
        world.append(stream, SupplierRecorded(content=content, to_send=False))
        events = [entry.event for entry in world.log.load([stream])[stream]]
        assert events[0] == SupplierRecorded(content=content, to_send=True)
        assert events[2] == SupplierRecorded(content=content, to_send=False)
        assert world.log.read(after=0, limit=1)[0].event == events[0]
