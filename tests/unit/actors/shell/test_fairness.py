"""Many connections in one process: they take turns, and a dead remote holds no more threads than its share."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import CurrentMessage

from actors import shell
from actors.broker import make_broker
from actors.errands.catalogue import ERRANDS, POLLS
from actors.queues import message
from actors.shell import Doorbell, Shell
from actors.tools import Tools
from actors.watch import UNWATCHED, Watch

PATIENCE_SECONDS = 20.0
CONNECTIONS = [UUID(int=number) for number in range(1, 11)]
DEAD, *HEALTHY = CONNECTIONS
BATCHES = 5


@dataclass(frozen=True)
class Bench:
    """The tools of a connection, as far as a pretend errand needs them."""

    connection: UUID
    watch: Watch = UNWATCHED


@dataclass
class Town:
    """Ten connections with work of every kind over one worker; the remote of the first never answers."""

    threads: int
    left: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    claims: list[UUID] = field(default_factory=list)
    most_held: int = 0
    held: int = 0
    answered: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def errand(self, name: str) -> Callable[[Tools], int]:
        def run(tools: Tools) -> int:
            if tools.connection == DEAD:
                self.hang()
                return 0
            return self.claim(name, tools.connection)

        return run

    def claim(self, name: str, connection: UUID) -> int:
        """Do one of the batches that are left."""
        with self.lock:
            if not self.left[name, connection]:
                return 0
            self.left[name, connection] -= 1
            self.claims.append(connection)
            if not any(self.left.values()):
                self.finished.set()
        return 50

    def hang(self) -> None:
        """Wait for a remote that does not answer."""
        with self.lock:
            self.held += 1
            self.most_held = max(self.most_held, self.held)
        assert self.answered.wait(PATIENCE_SECONDS)
        with self.lock:
            self.held -= 1


@pytest.fixture(params=[1, 2, 5, 6])
def town(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    made = Town(threads=request.param)
    monkeypatch.setattr(shell, "ERRANDS", {name: made.errand(name) for name in ERRANDS})
    monkeypatch.setattr(shell, "POLLS", {name: made.errand(name) for name in POLLS})
    yield made
    made.answered.set()


@pytest.fixture
def bell(town: Town) -> Iterator[Doorbell]:
    broker = make_broker("memory://")
    made = Doorbell(
        broker,
        lambda one: cast(Tools, Bench(one)),
        lambda *_: None,
        threads=town.threads,
        serves=lambda: len(HEALTHY) + 1,
    )
    worker = dramatiq.Worker(broker, worker_threads=town.threads, worker_timeout=50)
    worker.start()
    yield made
    town.answered.set()
    worker.stop()


@pytest.mark.parametrize("town", [2, 5, 6], indirect=True)
def test_a_dead_remote_holds_its_share_of_threads_and_all_others_finish(town: Town, bell: Doorbell) -> None:
    town.left.update({("send_suppliers", connection): BATCHES for connection in HEALTHY})
    for errand in (*ERRANDS, *POLLS):
        bell.ring(errand, DEAD)
        for connection in HEALTHY:
            bell.ring(errand, connection)
    assert town.finished.wait(PATIENCE_SECONDS)
    assert town.most_held <= -(-town.threads // 2)
    assert Counter(town.claims) == dict.fromkeys(HEALTHY, BATCHES)
    assert bell.turns.held(DEAD) >= 1
    assert not bell.is_silent


@pytest.mark.parametrize("town", [1], indirect=True)
def test_connections_take_turns_batch_by_batch(town: Town, bell: Doorbell) -> None:
    town.left.update({("send_suppliers", connection): BATCHES for connection in HEALTHY})
    with town.lock:  # nobody begins before everybody has rung
        for connection in HEALTHY:
            bell.ring("send_suppliers", connection)
    assert town.finished.wait(PATIENCE_SECONDS)
    rounds = [town.claims[at : at + len(HEALTHY)] for at in range(0, len(town.claims), len(HEALTHY))]
    assert rounds == [HEALTHY] * BATCHES


@pytest.mark.parametrize("town", [1], indirect=True)
def test_rings_that_piled_up_while_nobody_listened_are_one_turn(town: Town) -> None:
    town.left.update({("send_suppliers", connection): BATCHES for connection in HEALTHY})
    broker = StubBroker(middleware=[CurrentMessage()])

    def ring(errand: str, connection: UUID, *, seconds_ago: int = 0) -> None:
        rung = message(errand, connection)
        broker.enqueue(rung.copy(message_timestamp=rung.message_timestamp - seconds_ago * 1000))

    Shell(
        broker,
        lambda one: cast(Tools, Bench(one)),
        lambda *_: None,
        ring=ring,
        threads=town.threads,
        serves=lambda: len(HEALTHY),
    )
    for connection in (*HEALTHY[:1] * 10, *HEALTHY):
        ring("send_suppliers", connection, seconds_ago=5)
    worker = dramatiq.Worker(broker, worker_threads=town.threads, worker_timeout=50)
    worker.start()
    try:
        assert town.finished.wait(PATIENCE_SECONDS)
    finally:
        worker.stop()
    rounds = [town.claims[at : at + len(HEALTHY)] for at in range(0, len(town.claims), len(HEALTHY))]
    assert rounds == [HEALTHY] * BATCHES


@pytest.mark.parametrize("town", [6], indirect=True)
def test_what_a_dead_remote_left_waiting_is_done_when_it_answers(town: Town, bell: Doorbell) -> None:
    town.left["send_suppliers", HEALTHY[0]] = 1
    bell.ring("send_suppliers", HEALTHY[0])
    assert town.finished.wait(PATIENCE_SECONDS)
    for errand in ERRANDS:
        bell.ring(errand, DEAD)
    town.answered.set()
    pause = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if bell.is_silent:
            break
        pause.wait(0.02)
    assert bell.is_silent
    assert town.most_held <= 3
