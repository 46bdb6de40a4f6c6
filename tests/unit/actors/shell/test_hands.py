"""The hands of a worker: how many messages they fetch from a queue before a thread is free for them."""

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from actors.hands import Hands
from actors.queues import QUEUES
from adapters.clock import SystemClock
from tests.support.waiting import wait_for


class NotingBroker(StubBroker):
    """A broker that notes how many messages the consumer of a queue may fetch ahead."""

    def __init__(self) -> None:
        super().__init__(middleware=[])
        self.ahead: dict[str, int] = {}

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 100) -> dramatiq.Consumer:
        self.ahead[queue_name] = prefetch
        return super().consume(queue_name, prefetch, timeout)


@pytest.mark.parametrize("threads", [1, 2, 6])
def test_a_worker_fetches_one_message_per_thread_from_every_queue(threads: int) -> None:
    broker = NotingBroker()
    hands = Hands(broker, find_tools=lambda _: None, report=lambda *_: None, now=SystemClock().now, threads=threads)
    hands.start()
    wait_for(lambda: broker.ahead.keys() >= set(QUEUES), "every queue is listened to")
    assert hands.stop(grace_seconds=5)
    assert {queue: broker.ahead[queue] for queue in QUEUES} == dict.fromkeys(QUEUES, threads)
