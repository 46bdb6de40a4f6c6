"""What tests do to a RabbitMQ, and how long they wait for it."""

from collections.abc import Callable, Iterable
from contextlib import closing

import pika

PATIENCE_SECONDS = 120.0  # on a busy machine, and with a doubt in between: its deadline, settle window and two looks


class Rabbit:
    """One virtual host, seen from outside."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._parameters = pika.URLParameters(url)

    def waiting(self, queue: str) -> int:
        """Count the messages that wait in a queue; 0 when there is none of that name."""
        with closing(pika.BlockingConnection(self._parameters)) as connection:
            try:
                declared = connection.channel().queue_declare(queue, passive=True)
            except pika.exceptions.ChannelClosedByBroker:
                return 0
            count: int = declared.method.message_count
            return count

    def exists(self, queue: str) -> bool:
        """Whether a queue is declared."""
        with closing(pika.BlockingConnection(self._parameters)) as connection:
            try:
                connection.channel().queue_declare(queue, passive=True)
            except pika.exceptions.ChannelClosedByBroker:
                return False
            return True

    def purge(self, queues: Iterable[str]) -> None:
        """Drop every message that waits."""
        self._each(queues, lambda channel, queue: channel.queue_purge(queue))

    def delete(self, queues: Iterable[str]) -> None:
        """Delete queues with all their messages."""
        self._each(queues, lambda channel, queue: channel.queue_delete(queue))

    def put(self, queue: str, body: bytes) -> None:
        """Put a message into a queue by hand."""
        self._each([queue], lambda channel, name: channel.basic_publish("", name, body))

    def _each(self, queues: Iterable[str], act: Callable[[pika.channel.Channel, str], object]) -> None:
        with closing(pika.BlockingConnection(self._parameters)) as connection:
            for queue in queues:
                channel = connection.channel()
                try:
                    act(channel, queue)
                except pika.exceptions.ChannelClosedByBroker:
                    continue  # there is no queue of that name (yet): nothing to do to it
