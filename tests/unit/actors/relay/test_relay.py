"""The relay asks routing what each event makes due, and stamps the answer with the event's own time."""

from datetime import timedelta
from uuid import uuid4

from actors.relay import Relay, changes
from domain.effects import Change, Done, Due
from domain.identifiers import InvoiceKey
from domain.invoices.events import InvoiceReleased, InvoiceWithdrawnInInfor
from tests.support.history import CONNECTION, START, STREAM, recorded
from tieout.simulation.memory_store import MemoryStore

KEY = InvoiceKey(100, "AAA", "V1", "V1", "77", 2026)


def test_effects_carry_the_connection_version_and_time_of_their_event() -> None:
    page = recorded([InvoiceReleased(key=KEY, why=""), InvoiceWithdrawnInInfor(key=KEY, detail="")])
    later = START + timedelta(minutes=1)
    assert changes(page) == [
        Change(CONNECTION, 1, START, Due("submit_invoices", STREAM)),
        Change(CONNECTION, 2, later, Done("fetch_images", STREAM)),
        Change(CONNECTION, 2, later, Done("submit_invoices", STREAM)),
    ]


def test_events_without_a_route_change_nothing() -> None:
    assert changes([]) == []


def test_pages_are_folded_until_the_log_ends() -> None:
    store = MemoryStore(lambda: START)
    store.work._read = (
        lambda after, limit: recorded(  # the log as the relay reads it
            [InvoiceReleased(key=KEY, why="")] * 7, stream=uuid4()
        )[after : after + limit]
    )
    assert Relay(store.work, page=3).drain() == 7
    assert store.work.position() == 7
