"""The RabbitMQ broker as it is made, before it is connected: pinned, since it overrides what Dramatiq keeps private."""

from typing import Any
from uuid import UUID

import dramatiq
import pytest
from dramatiq.middleware import CurrentMessage

from actors.broker import DEAD_LETTERS, QuorumBroker, is_shared, make_broker
from actors.middleware.seldom import SayOutagesSeldom, Seldom
from actors.queues import message
from domain.errors import MisconfiguredError


@pytest.fixture
def broker() -> QuorumBroker:
    made = make_broker("amqp://user:secret@mq.test:5673/tie?heartbeat=20")
    assert isinstance(made, QuorumBroker)
    return made


def test_queues_are_quorum_queues_with_bounds_and_one_place_for_dead_letters(broker: QuorumBroker) -> None:
    assert broker._build_queue_arguments("send-suppliers") == {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": DEAD_LETTERS,
        "x-delivery-limit": 20,
        "x-max-length": 10_000,
        "x-overflow": "reject-publish",
    }


def test_nothing_may_strike_between_an_answer_and_its_outcome(broker: QuorumBroker) -> None:
    assert [type(one) for one in broker.middleware] == [SayOutagesSeldom, CurrentMessage]
    assert broker.confirm_delivery


def test_a_broker_that_does_not_answer_is_given_up_soon_unless_its_url_says_otherwise(broker: QuorumBroker) -> None:
    asked: Any = broker.parameters
    assert (asked.host, asked.port, asked.virtual_host) == ("mq.test", 5673, "tie")
    assert (asked.socket_timeout, asked.blocked_connection_timeout, asked.heartbeat) == (5, 30, 20)


def test_no_delay_queue_is_made_and_no_message_delayed(broker: QuorumBroker) -> None:
    broker.declare_queue("send-suppliers")
    assert broker.get_declared_queues() == {"send-suppliers"}
    assert broker.get_declared_delay_queues() == set()
    with pytest.raises(ValueError, match="no delays"):
        broker.enqueue(message("send_suppliers", UUID(int=1)), delay=5)


def test_a_worker_overrides_the_private_methods_that_dramatiq_still_has() -> None:
    names = ("_build_queue_arguments", "_declare_dq_queue", "_declare_xq_queue", "_ensure_queue")
    theirs = QuorumBroker.__mro__[1]
    assert [name for name in names if not hasattr(theirs, name)] == []
    assert dramatiq.__version__.startswith("2.2.")


@pytest.mark.parametrize("url", ["amqp://mq.test:port/", "redis://mq.test", "http://mq.test"])
def test_an_address_of_no_broker_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(MisconfiguredError, match=r"broker\.url") as refused:
        make_broker(url)
    assert "mq.test" not in str(refused.value)


def test_only_a_broker_of_its_own_can_be_shared() -> None:
    assert is_shared("amqps://mq.test/")
    assert not is_shared("memory://")


def test_the_same_complaint_is_let_through_once_in_a_while() -> None:
    import logging

    now = [0.0]
    seldom = Seldom(every_seconds=300, clock=lambda: now[0])

    def said(text: str, *args: object) -> bool:
        return seldom.filter(logging.LogRecord("worker", logging.CRITICAL, "", 0, text, args, None))

    assert not said("Consumer encountered a connection error: %s", 1)
    assert [said("lost: %s", 1), said("lost: %s", 2), said("other")] == [True, False, True]
    now[0] = 301.0
    assert said("lost: %s", 3)
