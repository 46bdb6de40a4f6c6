"""A worker that hears its broker no longer, or again, says so once, however many queues it listens to."""

import logging
import socket

import pytest
from dramatiq.errors import ConnectionClosed

from actors.broker import FAULTS, QuorumBroker, make_broker
from actors.outages import Outages


def test_an_outage_is_said_by_the_first_queue_lost_and_its_end_by_the_last_one_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outages = Outages()
    outages.heard("a")
    assert caplog.messages == []
    for queue in ("a", "b", "a"):
        outages.lost(queue, OSError("gone\nfor now"))
    assert caplog.messages == [
        "the broker is not heard (gone for now): nothing is lost, listening begins again by itself"
    ]
    outages.heard("a")
    assert len(caplog.messages) == 1
    outages.heard("b")
    outages.heard("b")
    assert caplog.messages[1:] == ["the broker is heard again"]


def test_the_next_outage_is_said_again(caplog: pytest.LogCaptureFixture) -> None:
    outages = Outages()
    for _ in range(2):
        outages.lost("a", OSError())
        outages.heard("a")
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "the broker is not heard (OSError)",
        "the broker is heard again",
    ] * 2


def listened_to(url: str) -> None:
    broker = make_broker(url)
    assert isinstance(broker, QuorumBroker)
    broker.declare_queue("send-suppliers")
    broker.consume("send-suppliers")


def test_a_broker_that_accepts_and_is_silent_is_away(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"amqp://127.0.0.1:{silent.getsockname()[1]}/?socket_timeout=0.2&stack_timeout=0.3"
        with pytest.raises(ConnectionClosed):
            listened_to(url)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert issubclass(ConnectionClosed, FAULTS)


def test_a_broker_whose_name_nobody_knows_is_away(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConnectionClosed):
        listened_to("amqp://no.such.host.invalid/")
    (said,) = caplog.messages
    assert "the broker is not heard" in said
