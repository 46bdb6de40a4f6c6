"""A consumer that begins to listen anew when it has heard nothing for a while, and takes only what is meant for it.

A quorum queue that is deleted and made again at once can leave its consumers deaf without a word (seen with RabbitMQ
3.10): they stay subscribed, and what is sent to them never arrives. Nothing is lost, but nothing would be heard either.
"""

import time
from typing import Any, Protocol, cast

import dramatiq
from dramatiq.brokers.rabbitmq import _RabbitmqConsumer
from dramatiq.errors import ConnectionClosed
from pika.exceptions import AMQPError

from actors.outages import Outages

LISTEN_AGAIN_SECONDS = 15.0
INTERNAL_ERROR = 541  # of AMQP: the broker cannot do what it should


class Listening(Protocol):
    """What the consumer asks its broker for."""

    listen_again_seconds: float
    outages: Outages

    def note_sick(self, queue_name: str) -> None:
        """Hear that the broker cannot serve a queue."""


class AttentiveConsumer(_RabbitmqConsumer):
    """Dramatiq's consumer, subscribed anew after every silence; messages in hand stay in hand.

    A message that names another queue than it lies in (put back by hand, say) is a dead letter.
    """

    def __init__(self, broker: dramatiq.Broker, queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout)  # type: ignore[no-untyped-call]  # Dramatiq left it untyped
        self._timeout_seconds = timeout / 1000
        self._asked = cast(Listening, broker)
        self._heard_at = time.monotonic()

    def __next__(self) -> Any:
        """Give the next message, None when there is none. Raises ConnectionClosed."""
        try:
            return self._attend()
        except ConnectionClosed as closed:
            self._asked.outages.lost(self.queue_name, closed)
            raise

    def _attend(self) -> Any:
        message = self._next()
        now = time.monotonic()
        if message is not None:
            self._heard_at = now
            if message.queue_name != self.queue_name:
                # Dramatiq would look for the queue it names when it is done, and die of not finding it.
                self.nack(message)  # type: ignore[no-untyped-call]  # Dramatiq left it untyped
                return None
        elif now - self._heard_at >= self._asked.listen_again_seconds:
            self._listen_again()
            self._heard_at = now
        return message

    def _next(self) -> Any:
        try:
            return super().__next__()  # type: ignore[no-untyped-call]  # Dramatiq left it untyped
        except ConnectionClosed as closed:
            if getattr(closed.args[0], "reply_code", None) == INTERNAL_ERROR:
                self._asked.note_sick(self.queue_name)
            raise

    def _listen_again(self) -> None:
        """Subscribe anew. Verdict on failure: the connection is given up, Dramatiq opens another one."""
        try:
            self.channel.cancel()
            self.iterator = self.channel.consume(self.queue_name, inactivity_timeout=self._timeout_seconds)
        except (AMQPError, AssertionError) as error:
            raise ConnectionClosed(error) from error  # type: ignore[no-untyped-call]  # Dramatiq left it untyped
