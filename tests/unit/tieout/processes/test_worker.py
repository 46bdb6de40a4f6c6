"""A worker gives signs of life while all of its threads live."""

import threading

import dramatiq
import pytest

from actors.broker import make_broker
from actors.hands import Hands
from adapters.clock import SystemClock
from tests.support.waiting import wait_for
from tieout.processes.worker import beat_of


def test_a_worker_of_which_a_thread_died_gives_no_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    broker = make_broker("memory://")
    hands = Hands(broker, find_tools=lambda _: None, report=lambda *_: None, now=SystemClock().now, threads=2)
    beats = list[int]()
    beat = beat_of(hands, lambda: beats.append(1))
    hands.start()
    beat()
    assert beats == [1]
    dying = hands._worker.workers[0]
    monkeypatch.setattr(dying, "process_message", lambda _: 1 / 0)
    monkeypatch.setattr(hands._worker.workers[1], "process_message", dying.process_message)
    broker.enqueue(dramatiq.Message("send-suppliers", "send_suppliers", ("x",), {}, {}))
    wait_for(lambda: not hands.are_whole, "a thread dies")
    beat()
    assert beats == [1]
    hands.stop(grace_seconds=5)


def test_a_dead_consumer_ends_the_beat() -> None:
    broker = make_broker("memory://")
    hands = Hands(broker, find_tools=lambda _: None, report=lambda *_: None, now=SystemClock().now, threads=2)
    hands.start()
    wait_for(lambda: hands.are_whole, "every thread lives")
    beats = list[int]()
    beat = beat_of(hands, lambda: beats.append(1))
    hands._worker.consumers["send-suppliers"].stop()
    wait_for(lambda: not hands.are_whole, "a consumer ends")
    beat()
    assert beats == []
    hands.stop(grace_seconds=5)
