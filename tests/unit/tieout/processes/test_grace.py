"""Told to stop: errands in hand end within the grace; who does not is left to its lease."""

import threading
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import dramatiq
import pytest

from actors import shell
from actors.broker import make_broker
from actors.errands.catalogue import ERRANDS
from actors.hands import stop_worker
from actors.shell import Doorbell
from actors.tools import Tools
from actors.watch import UNWATCHED

ACME, BETA = UUID(int=1), UUID(int=2)
PATIENCE_SECONDS = 20.0


class Office:
    """One thread with an errand in hand that ends when it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.done: list[int] = []
        monkeypatch.setattr(shell, "ERRANDS", {**ERRANDS, "send_suppliers": self._errand})
        broker = make_broker("memory://")
        self.bell = Doorbell(
            broker, lambda _: cast(Tools, SimpleNamespace(watch=UNWATCHED)), lambda *_: None, threads=1
        )
        self.worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=50)
        self.worker.start()
        self.bell.ring("send_suppliers", ACME)
        self.bell.ring("send_suppliers", BETA)
        assert self.begun.wait(PATIENCE_SECONDS)
        self.bell.hush()

    def _errand(self, _: Tools) -> int:
        self.begun.set()
        assert self.let_go.wait(PATIENCE_SECONDS)
        self.done.append(1)
        return 50


def test_the_errand_in_hand_ends_and_no_other_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(monkeypatch)
    threading.Timer(0.2, office.let_go.set).start()
    assert stop_worker(office.worker, grace_seconds=PATIENCE_SECONDS)
    assert office.done == [1]


def test_an_errand_that_outlasts_the_grace_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(monkeypatch)
    assert not stop_worker(office.worker, grace_seconds=0.1)
    assert office.done == []
    office.let_go.set()
    assert stop_worker(office.worker, grace_seconds=PATIENCE_SECONDS)
    assert office.done == [1]
