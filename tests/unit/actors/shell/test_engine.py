"""The engine rings nothing that is held back, and does not wait for it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from actors.broker import make_broker
from actors.engine import Engine
from domain.event import Append
from domain.ports.store import Causes
from domain.suppliers.events import SupplierRetryOrdered
from tieout.simulation.memory_store import MemoryStore

CONNECTION = UUID(int=1)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CAUSES = Causes(connection=CONNECTION, correlation_id="test")


class World:
    """An engine over a store in memory; what it rings is noted by `find_tools`, and nobody works."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}
        self.store = MemoryStore(lambda: NOW)
        self.engine = Engine(
            broker=make_broker("memory://"),
            relay=self.store.relay,
            work=self.store.work,
            polls=self.store.polls,
            now=lambda: NOW,
            find_tools=lambda _: None,
            held_back=lambda connection, name: self.reasons.get(name, "") if connection == CONNECTION else "",
        )
        self.store.polls.ensure(CONNECTION, {"suppliers": timedelta(hours=1), "invoices": timedelta(hours=1)})
        fact = SupplierRetryOrdered(person="ann", reason="mended")
        self.store.log.append([Append(stream=uuid4(), expected_version=0, events=(fact,))], causes=CAUSES)

    def rung(self) -> set[str]:
        """Pump once, with no worker behind the bell; give what was rung."""
        self.engine.pump([CONNECTION])
        names = ("send_suppliers", "poll_suppliers", "poll_invoices")
        return {name for name in names if self.engine.bell.is_ringing(name, CONNECTION)}


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.engine.bell.hush()


def test_what_is_due_is_rung_when_nothing_holds_it_back(world: World) -> None:
    assert world.rung() == {"send_suppliers", "poll_suppliers", "poll_invoices"}
    assert not world.engine.is_quiet(CONNECTION)


def test_a_poll_that_is_held_back_is_not_rung(world: World) -> None:
    world.reasons = {"poll_suppliers": "blackout until noon"}
    assert world.rung() == {"send_suppliers", "poll_invoices"}


def test_work_that_is_held_back_is_neither_rung_nor_waited_for(world: World) -> None:
    world.reasons = dict.fromkeys(("send_suppliers", "poll_suppliers", "poll_invoices"), "paused by ann")
    assert world.rung() == set()
    assert world.engine.is_quiet(CONNECTION)
    world.reasons.clear()
    assert not world.engine.is_quiet(CONNECTION)
