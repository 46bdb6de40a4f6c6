"""The ringer: rings in order, asks nobody to wait, says an outage once and goes on after it."""

import threading
from typing import Any
from uuid import UUID

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import ConnectionClosed

from actors.queues import NAMES, QUEUES, message, queue_of
from actors.ringer import Ringer

PATIENCE_SECONDS = 10.0
ACME, BETA = UUID(int=1), UUID(int=2)


class Doorkeeper(StubBroker):
    """A broker that answers when told to, and writes down what it was sent."""

    def __init__(self, *, faults: int = 0) -> None:
        super().__init__(middleware=[])
        self.faults, self.tries, self.wanted = faults, 0, 1
        self.fault: Exception = ConnectionClosed(OSError("connection refused"))  # type: ignore[no-untyped-call]  # Dramatiq left it untyped
        self.heard: list[tuple[str, str]] = []
        self.enough = threading.Event()

    def enqueue(self, message: "dramatiq.Message[Any]", *, delay: int | None = None) -> "dramatiq.Message[Any]":
        assert delay is None
        self.tries += 1
        if self.tries <= self.faults:
            raise self.fault
        self.heard.append((message.actor_name, message.args[0]))
        if len(self.heard) == self.wanted:
            self.enough.set()
        return message


def test_what_is_asked_for_is_rung_in_order_and_as_often_as_asked() -> None:
    broker = Doorkeeper()
    broker.wanted = 3
    ringer = Ringer(broker)
    ringer.ask("send_suppliers", ACME)
    ringer.ask("submit_invoices", BETA, times=2)
    ringer.ask("send_suppliers", ACME)
    ringer.start()
    assert broker.enough.wait(PATIENCE_SECONDS)
    ringer.stop()
    assert broker.heard == [
        ("send_suppliers", str(ACME)),
        ("submit_invoices", str(BETA)),
        ("submit_invoices", str(BETA)),
    ]


def test_a_broker_that_was_away_hears_what_was_asked_for_meanwhile(monkeypatch: Any) -> None:
    monkeypatch.setattr("actors.ringer.FIRST_PAUSE_SECONDS", 0.001)
    broker, said = Doorkeeper(faults=4), list[str]()
    broker.wanted = 2
    ringer = Ringer(broker, say=said.append)
    ringer.ask("send_suppliers", ACME)
    ringer.ask("send_suppliers", BETA)
    ringer.start()
    assert broker.enough.wait(PATIENCE_SECONDS)
    ringer.stop()
    assert sorted(broker.heard) == [("send_suppliers", str(ACME)), ("send_suppliers", str(BETA))]
    assert [text.split(":")[0] for text in said] == [
        "the broker does not answer (connection refused)",
        "the broker answers again",
    ]
    assert ringer.is_heard


def test_a_message_carries_the_connections_id_and_nothing_else() -> None:
    made = message("confirm_posting", ACME)
    assert (made.queue_name, made.actor_name) == ("confirm-posting", "confirm_posting")
    assert (made.args, made.kwargs, made.options) == ((str(ACME),), {}, {})


def test_every_errand_has_a_queue_of_its_own_and_no_name_begins_with_another() -> None:
    assert sorted(QUEUES) == sorted(queue_of(name) for name in NAMES)
    names = [*QUEUES, "dead-letters"]
    assert [(one, other) for one in names for other in names if one != other and other.startswith(one)] == []


def test_a_fault_nobody_foresaw_is_logged_whole_and_the_ringing_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("actors.ringer.FIRST_PAUSE_SECONDS", 0.001)
    broker = Doorkeeper(faults=1)
    broker.fault = IndexError("pop from an empty deque")
    ringer = Ringer(broker)
    ringer.ask("send_suppliers", ACME)
    ringer.start()
    assert broker.enough.wait(PATIENCE_SECONDS), "the thread died, and nothing would ever ring again"
    ringer.stop()
    assert broker.heard == [("send_suppliers", str(ACME))]
    assert any(record.exc_info for record in caplog.records)
