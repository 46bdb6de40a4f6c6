"""The doorbell: rung once until heard, faults reported, nothing but errands behind it."""

import inspect
import re
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import dramatiq
import pytest

from actors import shell
from actors.broker import make_broker
from actors.errands.catalogue import ERRANDS, FLOWS, POLLS
from actors.shell import Doorbell
from actors.tools import Tools
from actors.watch import UNWATCHED
from domain import routing
from domain.errors import MisconfiguredError, TransientError

CONNECTION = UUID(int=1)
PATIENCE_SECONDS = 10.0
Errand = Callable[[Tools], int]


class Bell:
    """A doorbell over a real broker and worker, with one errand of the test's own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, errand: Errand) -> None:
        monkeypatch.setattr(shell, "ERRANDS", {**ERRANDS, "send_suppliers": errand})
        self.faults: list[tuple[str, UUID, BaseException]] = []
        self.broker = make_broker("memory://")
        self.bell = Doorbell(self.broker, self.find_tools, lambda *fault: self.faults.append(fault), threads=2)
        self.worker = dramatiq.Worker(self.broker, worker_threads=2, worker_timeout=50)
        self.tools: Tools | None = cast(Tools, SimpleNamespace(watch=UNWATCHED))

    def find_tools(self, connection: UUID) -> Tools | None:
        return self.tools if connection == CONNECTION else None

    def heard(self) -> None:
        """Wait until every ring was answered."""
        self.broker.join("send-suppliers", timeout=int(PATIENCE_SECONDS * 1000))
        self.worker.join()


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Errand], Bell]]:
    bells: list[Bell] = []

    def make(errand: Errand) -> Bell:
        bells.append(Bell(monkeypatch, errand))
        bells[-1].worker.start()
        return bells[-1]

    yield make
    for bell in bells:
        bell.worker.stop()


def test_an_errand_runs_until_nothing_is_due(ring: Callable[[Errand], Bell]) -> None:
    left = [3, 2, 0]
    calls: list[int] = []

    def errand(_: Tools) -> int:
        calls.append(left.pop(0))
        return calls[-1]

    bell = ring(errand)
    bell.bell.ring("send_suppliers", CONNECTION)
    bell.heard()
    assert calls == [3, 2, 0]
    assert bell.bell.is_silent


def test_a_bell_that_was_not_heard_yet_is_not_rung_again(ring: Callable[[Errand], Bell]) -> None:
    entered, leave, calls = threading.Event(), threading.Event(), []

    def errand(_: Tools) -> int:
        calls.append(1)
        entered.set()
        assert leave.wait(PATIENCE_SECONDS)
        return 0

    bell = ring(errand)
    for _ in range(5):
        bell.bell.ring("send_suppliers", CONNECTION)
    assert entered.wait(PATIENCE_SECONDS)
    assert not bell.bell.is_silent
    leave.set()
    bell.heard()
    assert len(calls) == 1


@pytest.mark.parametrize("error", [TransientError("the remote is away"), ValueError("a fault of ours")])
def test_a_fault_is_reported_and_the_next_ring_is_answered(ring: Callable[[Errand], Bell], error: Exception) -> None:
    outcomes: list[Exception | None] = [error, None]

    def errand(_: Tools) -> int:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return 0

    bell = ring(errand)
    for _ in range(2):
        bell.bell.ring("send_suppliers", CONNECTION)
        bell.heard()
    assert bell.faults == [("send_suppliers", CONNECTION, error)]
    assert outcomes == []


def test_a_connection_that_is_not_open_here_is_left_to_others(ring: Callable[[Errand], Bell]) -> None:
    bell = ring(lambda _: pytest.fail("nobody may work on it here"))
    bell.bell.ring("send_suppliers", UUID(int=2))
    bell.heard()
    assert bell.faults == []


def test_a_hushed_bell_lets_the_batch_in_hand_end_and_starts_no_other(ring: Callable[[Errand], Bell]) -> None:
    calls: list[int] = []

    def errand(_: Tools) -> int:
        calls.append(1)
        bell.bell.hush()
        return 50

    bell = ring(errand)
    bell.bell.ring("send_suppliers", CONNECTION)
    bell.heard()
    assert len(calls) == 1


def test_a_broker_we_do_not_know_is_refused_in_one_sentence() -> None:
    with pytest.raises(MisconfiguredError, match="use memory://"):
        make_broker("redis://localhost")


def test_every_poll_of_a_flow_is_in_the_catalogue() -> None:
    assert {f"poll_{poll}" for polls in FLOWS.values() for poll in polls} == set(POLLS)


def test_every_errand_the_routing_names_is_in_the_catalogue() -> None:
    source = inspect.getsource(routing)
    named = set(re.findall(r'"((?:send|submit|look|fetch|close|post|resume|confirm|plan)_[a-z_]+)"', source))
    assert named == set(ERRANDS)
