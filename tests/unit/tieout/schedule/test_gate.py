"""The gate: pauses stop whatever is new, blackouts stop polls, look-ups always go on."""

from datetime import datetime, timedelta

import pytest

from actors.errands.catalogue import ERRANDS, LOOK_UPS, POLLS
from actors.settle import appended
from domain.connections.connection import Connection
from domain.connections.events import ConnectionPaused, ConnectionResumed
from domain.errors import StoreError
from domain.event import Event
from domain.identifiers import stream_id
from tests.contracts.store.world import CAUSES, CONNECTION, ManualClock
from tests.unit.tieout.schedule.brute_force import utc
from tieout.schedule.gate import Gate, may_start
from tieout.schedule.plan import Plan, make_plan
from tieout.simulation.memory_store import MemoryStore

NOON = utc("2026-06-01T12:00")
EVERYTHING = (*ERRANDS, *POLLS)


def lunch() -> Plan:
    return make_plan(timezone="UTC", flows={}, blackout=["12:00-13:00"], jitter=timedelta(0))


def refused(state: Connection, plan: Plan | None, now: datetime) -> set[str]:
    return {name for name in EVERYTHING if may_start(name, state=state, plan=plan, now=now)}


def test_what_looks_up_goes_on_in_a_pause_and_nothing_else() -> None:
    paused = Connection(paused=True)
    assert refused(paused, None, NOON) == set(EVERYTHING) - LOOK_UPS
    assert set(ERRANDS) > LOOK_UPS


def test_a_removal_stops_everything_and_says_who_did_it() -> None:
    removed = Connection(name="acme", removed_at=NOON, removed_by="ann", removal_reason="sold", paused=True)
    assert refused(removed, None, NOON) == set(EVERYTHING)
    said = may_start("look_up_invoices", state=removed, plan=lunch(), now=NOON)
    assert said.startswith("connection 'acme' was removed on 2026-06-01 by ann (sold)")


def test_a_pause_that_has_ended_holds_nothing_back() -> None:
    paused = Connection(paused=True, paused_until=NOON)
    assert refused(paused, lunch(), NOON - timedelta(seconds=1)) == set(EVERYTHING) - LOOK_UPS
    assert refused(paused, None, NOON) == set()


def test_a_blackout_stops_polls_and_nothing_else() -> None:
    assert refused(Connection(), lunch(), NOON) == set(POLLS)
    assert refused(Connection(), lunch(), NOON + timedelta(hours=1)) == set()
    assert refused(Connection(), None, NOON) == set()


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (Connection(), "blackout until 2026-06-01T13:00:00Z"),
        (Connection(paused=True), "paused until a person resumes it"),
        (
            Connection(paused=True, paused_by="ann", pause_reason="audit", paused_until=utc("2026-06-02T00:00")),
            "paused by ann until 2026-06-02T00:00:00Z: audit",
        ),
    ],
)
def test_the_sentence_names_who_why_and_until_when(state: Connection, said: str) -> None:
    assert may_start("poll_invoices", state=state, plan=lunch(), now=NOON) == said


class Watched:
    """A gate over a store in memory, and the seconds that have passed for it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.clock.time = NOON
        self.store = MemoryStore(self.clock)
        self.seconds = 0.0
        self.gate = Gate(self.store.log, seconds=lambda: self.seconds)

    def say(self, event: Event) -> None:
        stream = stream_id(CONNECTION, "connection", "")
        past = self.store.log.load([stream])[stream]
        self.store.log.append([appended(past, stream, event)], causes=CAUSES)

    def asks(self, name: str = "poll_invoices") -> str:
        return self.gate.held_back(CONNECTION, name)


def test_a_pause_and_its_end_are_noticed_within_a_second() -> None:
    world = Watched()
    assert world.asks("send_postings") == ""
    world.say(ConnectionPaused(person="ann", reason="month end"))
    world.seconds += 1
    assert world.asks("send_postings") == "paused by ann until a person resumes it: month end"
    assert world.asks("confirm_posting") == ""
    world.say(ConnectionResumed(person="ann"))
    world.seconds += 1
    assert world.asks("send_postings") == ""


def test_the_store_is_asked_once_a_second_however_often_the_gate_is() -> None:
    world = Watched()
    assert world.asks() == ""
    asked: list[object] = []

    class Counting:
        def load(self, streams: object) -> object:
            asked.append(streams)
            return world.store.log.load(streams)  # type: ignore[arg-type]  # handed on as it came

        def now(self) -> datetime:
            return world.store.log.now()

    world.gate._log = Counting()  # type: ignore[assignment]  # the two methods a gate uses
    for _ in range(5):
        world.asks()
    assert asked == []
    world.seconds += 1
    world.asks()
    world.asks()
    assert len(asked) == 1


def test_an_explicit_order_polls_in_a_blackout_but_not_in_a_pause() -> None:
    world = Watched()
    world.gate.watch(CONNECTION, lunch())
    assert world.asks() == "blackout until 2026-06-01T13:00:00Z"
    with world.gate.ordered():
        assert world.asks() == ""
        world.say(ConnectionPaused(person="ann", reason="audit"))
        world.seconds += 1
        assert "audit" in world.asks()
    world.say(ConnectionResumed(person="ann"))
    world.seconds += 1
    assert world.asks() == "blackout until 2026-06-01T13:00:00Z"


def test_a_store_without_an_answer_lets_nothing_start() -> None:
    world = Watched()

    class Away:
        def load(self, _: object) -> object:
            raise StoreError("no usable answer")

    world.gate._log = Away()  # type: ignore[assignment]  # the one method that is reached
    with pytest.raises(StoreError):
        world.asks()
