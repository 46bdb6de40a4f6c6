"""The broker: a doorbell and nothing more; losing every message in it loses nothing."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import dramatiq
import pika
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import ConnectionClosed, DramatiqError
from dramatiq.middleware import CurrentMessage
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPChannelError, AMQPConnectionError, AMQPError, NackError, UnroutableError

from actors.consumer import LISTEN_AGAIN_SECONDS, AttentiveConsumer
from actors.middleware.seldom import SayOutagesSeldom
from actors.outages import Outages
from domain.errors import MisconfiguredError

DEAD_LETTERS = "dead-letters"  # one queue for all: where a message came from stands in its headers
MOST_WAITING = 10_000  # messages of a queue; a fuller one takes no more, whoever comes will hear enough
MOST_DELIVERIES = 20  # of one message: what kills its worker so often is a dead letter
SICK_AFTER_SECONDS = 20.0  # of refusals: a queue that is just being made refuses, too, for a moment
PUBLISH_TRIES = 3  # a stale connection, a queue that is gone, and one for luck
# Bounds of a broker that does not answer, in seconds; the URL's query may name others.
PATIENCE = {"socket_timeout": 5, "stack_timeout": 10, "blocked_connection_timeout": 30, "heartbeat": 60}
# A broker that gives no usable answer; what Pika raises for one that accepts and then is silent is no AMQPError.
FAULTS = (DramatiqError, AMQPError, AMQPConnectorException, OSError)
SCHEMES = ("amqp://", "amqps://")
logger = logging.getLogger(__name__)


def make_broker(url: str) -> dramatiq.Broker:
    """Make the broker a URL asks for, without any of Dramatiq's default middleware; nothing is connected yet.

    No retries (the store's table of due work keeps them), no time limit and no shutdown exception, which could strike
    between a remote's answer and the append of its outcome. Raises MisconfiguredError for a URL we do not know.
    """
    if url.startswith("memory:"):
        return StubBroker(middleware=[])
    if not url.startswith(SCHEMES):
        raise MisconfiguredError(
            f"broker.url: {url.split(':', 1)[0]}: is no broker; use memory:// or amqp://host:5672/"
        )
    # Pika reports every lost connection with a page of its own inner life; ours is one sentence, said once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    try:
        return QuorumBroker(url)
    except (ValueError, TypeError) as error:
        raise MisconfiguredError("broker.url: is no address of a broker; write amqp://host:5672/vhost") from error


def is_shared(url: str) -> bool:
    """Whether a broker's URL names one that several processes can share."""
    return url.startswith(SCHEMES)


class QuorumBroker(RabbitmqBroker):
    """RabbitMQ as a doorbell: quorum queues, one dead-letter queue for all, no delay queues.

    The overridden private methods are Dramatiq 2.2's; tests/unit/actors/shell pins what they make.
    """

    def __init__(self, url: str) -> None:
        super().__init__(
            url=_with_patience(url), confirm_delivery=True, middleware=[SayOutagesSeldom(), CurrentMessage()]
        )
        self.listen_again_seconds = LISTEN_AGAIN_SECONDS
        self.outages = Outages()
        self._sick: set[str] = set()  # queues that the broker could not serve when we last listened
        self._refused_since: dict[str, float] = {}  # queues that took no ring since then; monotonic, in seconds

    @property
    def consumer_class(self) -> type[AttentiveConsumer]:
        """Name the class that listens to a queue."""
        return AttentiveConsumer

    def declare_queue(self, queue_name: str, *, ensure: bool = False) -> None:
        """Declare a queue without the delay queue Dramatiq gives it: delays live in the store."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.queues_pending.add(queue_name)
            self.emit_after("declare_queue", queue_name)
        if ensure:
            self._ensure_queue(queue_name)  # type: ignore[no-untyped-call]  # Dramatiq left it untyped

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> dramatiq.Consumer:
        """Listen to a queue. Raises ConnectionClosed when the broker does not answer."""
        try:
            if queue_name in self._sick:
                self._make_anew(queue_name)
                self._sick.discard(queue_name)
            consumer = super().consume(queue_name, prefetch, timeout)
        except FAULTS as error:
            self.outages.lost(queue_name, error)
            raise ConnectionClosed(error) from error  # type: ignore[no-untyped-call]  # Dramatiq left it untyped
        else:
            self.outages.heard(queue_name)
            return consumer
        finally:
            del self.connection  # it declared the queue; the consumer has one of its own

    def enqueue(self, message: "dramatiq.Message[Any]", *, delay: int | None = None) -> "dramatiq.Message[Any]":
        """Publish a message and wait until the broker has it. Raises ConnectionClosed when it does not answer.

        Verdict of a refusal: rung when the queue is full or young, for the relay rings again for what stays due; when
        it refuses for long, retried over a queue made anew.
        """
        if delay is not None:
            raise ValueError("the doorbell has no delays: a later time belongs to the table of due work")
        fault: Exception | None = None
        for _ in range(PUBLISH_TRIES):
            begun = time.monotonic()
            try:
                self._publish(message)
            except NackError as error:
                fault = error
                self._refused_since.setdefault(message.queue_name, begun)
                if not self._mend(message.queue_name):
                    return message
            except (AMQPConnectionError, AMQPChannelError) as error:
                fault = error
                del self.connection  # the next try opens another one
                if isinstance(error, UnroutableError):
                    self.queues_pending.add(message.queue_name)
            else:
                self._refused_since.pop(message.queue_name, None)
                return message
        raise ConnectionClosed(fault) from fault  # type: ignore[no-untyped-call]  # Dramatiq left it untyped

    def note_sick(self, queue_name: str) -> None:
        """Note that the broker has an internal error about a queue: it is made anew before the next listening."""
        self._sick.add(queue_name)

    def take_dead_letters(self, take: Callable[[bytes, Mapping[str, Any]], None]) -> None:
        """Hand over each dead letter, its body and headers; it is removed once it was taken.

        Raises ConnectionClosed, and what `take` raises; what was not taken goes back.
        """
        try:
            self._declare_xq_queue(DEAD_LETTERS)
            for _ in range(MOST_WAITING):
                method, properties, body = self.channel.basic_get(DEAD_LETTERS)
                if method is None:
                    return
                take(body, properties.headers or {})
                self.channel.basic_ack(method.delivery_tag)
        except (AMQPConnectionError, AMQPChannelError) as error:
            raise ConnectionClosed(error) from error  # type: ignore[no-untyped-call]  # Dramatiq left it untyped
        finally:
            del self.connection

    def _publish(self, message: "dramatiq.Message[Any]") -> None:
        self.declare_queue(message.queue_name, ensure=True)
        self.channel.basic_publish(
            exchange="",
            routing_key=message.queue_name,
            body=message.encode(),
            properties=pika.BasicProperties(delivery_mode=2),
            mandatory=True,
        )

    def _mend(self, queue_name: str) -> bool:
        """Make a queue anew that takes nothing for long though it is not full; whether it was one.

        One that was never made to its end when it is deleted can stay in the broker's way for minutes: so not at once.
        Raises ConnectionClosed.
        """
        if time.monotonic() - self._refused_since[queue_name] < SICK_AFTER_SECONDS:
            return False
        try:
            counted = self.channel.queue_declare(queue_name, passive=True)
            if counted.method.message_count >= MOST_WAITING // 2:  # the broker counts late
                return False
            self._make_anew(queue_name)
        except (AMQPConnectionError, AMQPChannelError) as error:
            del self.connection
            raise ConnectionClosed(error) from error  # type: ignore[no-untyped-call]  # Dramatiq left it untyped
        return True

    def _make_anew(self, queue_name: str) -> None:
        """Delete a queue, so that whoever uses it next declares it: rings are lost, and rung again.

        A broker that died while it made a quorum queue can be left with one that it lists and cannot serve (seen with
        RabbitMQ 3.10): whoever listens hears of an internal error, whoever rings is refused after a minute, for ever.
        """
        logger.warning("queue %s is of no use to the broker itself: it is made anew", queue_name)
        self._refused_since.pop(queue_name, None)
        self.channel.queue_delete(queue_name)
        self.queues_pending.add(queue_name)

    def _build_queue_arguments(self, _queue_name: str) -> dict[str, Any]:
        return {
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": DEAD_LETTERS,
            "x-delivery-limit": MOST_DELIVERIES,
            "x-max-length": MOST_WAITING,
            "x-overflow": "reject-publish",
        }

    def _declare_dq_queue(self, _queue_name: str) -> None:
        """Make no delay queue."""

    def _declare_xq_queue(self, _queue_name: str) -> Any:
        return self.channel.queue_declare(queue=DEAD_LETTERS, durable=True, arguments={"x-queue-type": "quorum"})


def _with_patience(url: str) -> str:
    """Add the bounds of a broker that does not answer, where the URL names none."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    return parts._replace(query=urlencode({**PATIENCE, **asked})).geturl()
