"""The doorbell over the real RabbitMQ: what is declared, what comes through, what a lost queue does."""

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import dramatiq
import pytest
from dramatiq.brokers.rabbitmq import _RabbitmqConsumer
from dramatiq.errors import ConnectionClosed
from pika.exceptions import ConnectionClosedByBroker, NackError

from actors import broker, shell
from actors.broker import DEAD_LETTERS, QuorumBroker, make_broker
from actors.consumer import INTERNAL_ERROR
from actors.errands.catalogue import ERRANDS
from actors.hands import Hands
from actors.queues import QUEUES, message
from actors.ringer import Ringer
from actors.tools import Tools
from actors.watch import UNWATCHED
from adapters.clock import SystemClock
from tests.integration.broker.rabbit import PATIENCE_SECONDS, Rabbit
from tests.support.waiting import wait_for

CONNECTION = UUID(int=1)
QUEUE = "send-suppliers"
THREADS = 2


class Ward:
    """A ringer and the hands of a worker over one virtual host, with one errand of the test's own."""

    def __init__(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rabbit = Rabbit(url)
        self.heard: list[int] = []
        self.answers: list[int] = []
        self.said: list[str] = []
        self.may_end = threading.Event()  # an errand that began; it may unless a test says otherwise
        self.may_end.set()
        monkeypatch.setattr(shell, "ERRANDS", {**ERRANDS, "send_suppliers": self._errand})
        self.ringer = Ringer(make_broker(url), say=self.said.append)
        listening = make_broker(url)
        assert isinstance(listening, QuorumBroker)
        listening.listen_again_seconds = 1.0
        self.hands = Hands(
            listening,
            find_tools=lambda _: cast(Tools, SimpleNamespace(watch=UNWATCHED)),
            report=lambda *_: None,
            now=SystemClock().now,
            threads=THREADS,
            queues=[QUEUE],
        )

    def ring(self, connection: UUID = CONNECTION) -> None:
        self.ringer.ask("send_suppliers", connection)

    def _errand(self, _: Tools) -> int:
        self.heard.append(1)
        assert self.may_end.wait(PATIENCE_SECONDS)
        return self.answers.pop(0) if self.answers else 0


@pytest.fixture
def ward(broker_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    made = Ward(broker_url, monkeypatch)
    made.ringer.start()
    yield made
    made.may_end.set()
    made.ringer.stop()


@pytest.fixture
def working(ward: Ward) -> Iterator[Ward]:
    ward.hands.start()
    wait_for(lambda: ward.rabbit.exists(QUEUE), "the worker listens", seconds=PATIENCE_SECONDS)
    yield ward
    assert ward.hands.stop(grace_seconds=30)


def test_a_ring_is_heard_and_an_errand_that_did_something_rings_itself_again(working: Ward) -> None:
    working.answers = [100, 7]
    working.ring()
    wait_for(lambda: len(working.heard) == 3, "three batches", seconds=PATIENCE_SECONDS)
    assert working.rabbit.waiting(QUEUE) == 0
    assert working.said == []


def test_messages_outlive_whoever_rang(ward: Ward) -> None:
    ward.ring()
    wait_for(lambda: ward.rabbit.waiting(QUEUE) == 1, "the message lies in its queue", seconds=PATIENCE_SECONDS)
    ward.hands.start()
    wait_for(lambda: len(ward.heard) == 1, "it is heard", seconds=PATIENCE_SECONDS)
    assert ward.hands.stop(grace_seconds=30)


def test_a_worker_leaves_to_others_what_its_threads_have_no_hand_for(ward: Ward) -> None:
    rings = 3 * THREADS
    for number in range(1, rings + 1):
        ward.ring(UUID(int=number))
    wait_for(lambda: ward.rabbit.waiting(QUEUE) == rings, "all messages lie there", seconds=PATIENCE_SECONDS)
    ward.may_end.clear()
    ward.hands.start()
    wait_for(lambda: len(ward.heard) == THREADS, "every thread is at work", seconds=PATIENCE_SECONDS)
    assert ward.rabbit.waiting(QUEUE) == rings - THREADS
    ward.may_end.set()
    wait_for(lambda: len(ward.heard) == rings, "all are heard", seconds=PATIENCE_SECONDS)
    assert ward.hands.stop(grace_seconds=30)


def test_a_deleted_queue_is_made_again_by_whoever_rings_next(ward: Ward) -> None:
    ward.ring()
    wait_for(lambda: ward.rabbit.waiting(QUEUE) == 1, "the queue is there", seconds=PATIENCE_SECONDS)
    ward.rabbit.delete([QUEUE, DEAD_LETTERS])
    assert not ward.rabbit.exists(QUEUE)
    ward.ring()
    wait_for(lambda: ward.rabbit.waiting(QUEUE) == 1, "the queue is there again", seconds=PATIENCE_SECONDS)
    assert ward.said == []


def test_a_worker_whose_queues_were_deleted_listens_again(working: Ward) -> None:
    working.ring()
    wait_for(lambda: len(working.heard) == 1, "the first ring", seconds=PATIENCE_SECONDS)
    working.rabbit.delete([QUEUE])

    for _ in range(3):  # made again at once: what comes now may reach consumers that RabbitMQ has left deaf
        working.ring()

    def heard_again() -> bool:
        working.ring()
        return len(working.heard) > 4

    wait_for(heard_again, "later rings", seconds=PATIENCE_SECONDS)


def test_a_broker_that_went_and_came_back_is_said_once_each_in_our_own_words(
    working: Ward, cut_connections: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    def said(part: str) -> list[str]:
        return [record.getMessage() for record in caplog.records if part in record.getMessage()]

    cut_connections()
    wait_for(lambda: said("is heard again"), "it listens again", seconds=PATIENCE_SECONDS)
    (lost,) = said("the broker is not heard")
    assert "nothing is lost" in lost
    assert said("is heard again") == ["the broker is heard again"]
    assert said("Consumer encountered") == []
    working.ring()
    wait_for(lambda: len(working.heard) == 1, "the next ring", seconds=PATIENCE_SECONDS)


def test_what_nobody_can_read_is_a_dead_letter_and_stops_nothing(working: Ward) -> None:
    working.rabbit.put(QUEUE, b"not a message")
    working.rabbit.put(
        QUEUE,
        b'{"queue_name":"send-suppliers","actor_name":"dance","args":[],"kwargs":{},"options":{},'
        b'"message_id":"m","message_timestamp":1}',
    )
    wait_for(
        lambda: working.rabbit.waiting(DEAD_LETTERS) == 2, "both lie among the dead letters", seconds=PATIENCE_SECONDS
    )
    working.ring()
    wait_for(lambda: len(working.heard) == 1, "the next ring", seconds=PATIENCE_SECONDS)


def test_what_names_another_queue_is_a_dead_letter_and_stops_nothing(working: Ward) -> None:
    astray = message("send_suppliers", CONNECTION).copy(queue_name="poll-payments").encode()
    for _ in range(3):  # more than there are threads
        working.rabbit.put(QUEUE, astray)
    wait_for(
        lambda: working.rabbit.waiting(DEAD_LETTERS) == 3, "all lie among the dead letters", seconds=PATIENCE_SECONDS
    )
    working.ring()
    wait_for(lambda: len(working.heard) == 1, "the next ring", seconds=PATIENCE_SECONDS)


def refuse_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the broker refuse the next message, as it does for a full queue and for one it cannot serve."""
    publish, refused = QuorumBroker._publish, iter([NackError([])])

    def refusing(broker: QuorumBroker, asked: "dramatiq.Message[None]") -> None:
        if (error := next(refused, None)) is not None:
            raise error
        publish(broker, asked)

    monkeypatch.setattr(QuorumBroker, "_publish", refusing)


def test_a_queue_that_takes_nothing_though_it_is_not_full_is_made_anew(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ward.ring()
    wait_for(lambda: ward.rabbit.waiting(QUEUE) == 1, "the queue is there", seconds=PATIENCE_SECONDS)
    ward.rabbit.put(QUEUE, b"an old ring")
    wait_for(lambda: ward.rabbit.waiting(QUEUE) > 1, "an old ring is in it", seconds=PATIENCE_SECONDS)
    monkeypatch.setattr(broker, "SICK_AFTER_SECONDS", 0.0)  # a sick one refuses after a minute
    refuse_once(monkeypatch)
    ward.ring()
    wait_for(lambda: ward.rabbit.waiting(QUEUE) == 1, "only the new ring is in it", seconds=PATIENCE_SECONDS)
    assert ward.said == []


def test_a_queue_that_refuses_for_a_moment_is_left_as_it_is(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.ring()
    wait_for(lambda: ward.rabbit.waiting(QUEUE) == 1, "the queue is there", seconds=PATIENCE_SECONDS)
    refuse_once(monkeypatch)
    listening = make_broker(ward.rabbit.url)
    listening.enqueue(message("send_suppliers", CONNECTION))  # refused at once, as by a queue that is just being made
    assert ward.rabbit.waiting(QUEUE) == 1
    listening.enqueue(message("send_suppliers", CONNECTION))
    wait_for(lambda: ward.rabbit.waiting(QUEUE) == 2, "the next ring is beside the first", seconds=PATIENCE_SECONDS)
    listening.close()


def test_a_full_queue_keeps_its_rings(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.ring()
    wait_for(lambda: ward.rabbit.waiting(QUEUE) == 1, "the queue is full", seconds=PATIENCE_SECONDS)
    monkeypatch.setattr(broker, "MOST_WAITING", 2)
    monkeypatch.setattr(broker, "SICK_AFTER_SECONDS", 0.0)
    refuse_once(monkeypatch)
    listening = make_broker(ward.rabbit.url)
    listening.enqueue(message("send_suppliers", CONNECTION))
    listening.close()
    assert ward.rabbit.waiting(QUEUE) == 1


def test_a_queue_that_the_broker_cannot_serve_is_made_anew_by_whoever_listens(
    working: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    working.ring()
    wait_for(lambda: len(working.heard) == 1, "the first ring", seconds=PATIENCE_SECONDS)
    made_anew: list[str] = []
    make_anew = QuorumBroker._make_anew

    def watched(asked: QuorumBroker, name: str) -> None:
        made_anew.append(name)
        make_anew(asked, name)

    monkeypatch.setattr(QuorumBroker, "_make_anew", watched)
    heard, errors = _RabbitmqConsumer.__next__, iter([ConnectionClosedByBroker(INTERNAL_ERROR, "INTERNAL_ERROR")])

    def failing(consumer: _RabbitmqConsumer) -> object:
        if (error := next(errors, None)) is not None:
            raise ConnectionClosed(error)  # type: ignore[no-untyped-call]  # Dramatiq left it untyped
        return heard(consumer)  # type: ignore[no-untyped-call]  # likewise

    monkeypatch.setattr(_RabbitmqConsumer, "__next__", failing)
    wait_for(lambda: made_anew, "the queue is made anew", seconds=PATIENCE_SECONDS)
    assert made_anew == [QUEUE]

    def heard_again() -> bool:
        working.ring()
        return len(working.heard) > 1

    wait_for(heard_again, "rings are heard again", seconds=PATIENCE_SECONDS)


def test_a_worker_listens_to_its_own_queues_only(working: Ward) -> None:
    others = [queue for queue in QUEUES if queue != QUEUE]
    assert [queue for queue in others if working.rabbit.exists(queue)] == []


def test_a_broker_that_is_away_is_said_once_and_stops_nobody(free_port: int) -> None:
    said: list[str] = []
    away = threading.Event()

    def say(text: str) -> None:
        said.append(text)
        away.set()

    ringer = Ringer(make_broker(f"amqp://127.0.0.1:{free_port}/"), say=say)
    ringer.start()
    for number in range(100):
        ringer.ask("send_suppliers", UUID(int=number))
    assert away.wait(30)
    assert not ringer.is_heard
    ringer.stop()
    assert len(said) == 1
    assert "nothing is lost" in said[0]
