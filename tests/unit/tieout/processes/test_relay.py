"""A relay goes on over rounds in which the store gave no answer, or somebody else was faster."""

import threading
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from actors.ringer import Ringer
from domain.errors import ConflictError, StoreError, TieoutError
from tieout.processes import relay
from tieout.processes.upkeep import STORE_PATIENCE
from tieout.wiring import Deployment

DEPLOYMENT = cast(Deployment, SimpleNamespace(settings=SimpleNamespace(broker_url="memory://")))


class Rounds:
    """A relay's loop that meets these faults, one a round, and is told to stop behind the last."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, faults: list[TieoutError]) -> None:
        self.opened, self.faults, self.stop, self.ended = None, faults, threading.Event(), False
        monkeypatch.setattr(relay, "RelayLoop", lambda *_: self)
        monkeypatch.setattr(relay, "open_desk", lambda *_: SimpleNamespace(close=lambda: None))
        monkeypatch.setattr(relay, "IDLE_SECONDS", 0.0)

    def round(self) -> bool:
        if not self.faults:
            self.stop.set()
            return False
        raise self.faults.pop()

    def end(self) -> None:
        self.ended = True


@pytest.mark.parametrize("fault", [StoreError("the server is starting"), ConflictError("somebody else wrote first")])
def test_a_round_that_failed_is_followed_by_another(monkeypatch: pytest.MonkeyPatch, fault: TieoutError) -> None:
    rounds = Rounds(monkeypatch, [fault, fault])
    relay.run_relay(DEPLOYMENT, stop=rounds.stop)
    assert rounds.ended


def test_a_store_that_never_answers_ends_the_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = Rounds(monkeypatch, [StoreError("the disk is full") for _ in range(STORE_PATIENCE)])
    with pytest.raises(StoreError, match="full"):
        relay.run_relay(DEPLOYMENT, stop=rounds.stop)


def test_a_round_ends_and_rings_though_others_append_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    acme, rung, pages = UUID(int=1), list[str](), list[int]()

    def step() -> int:
        pages.append(1)
        assert len(pages) < 10_000, "it never ends"
        return 1

    monkeypatch.setattr(relay, "Opened", lambda _: SimpleNamespace(names=lambda: {acme: "acme"}))
    monkeypatch.setattr(relay, "Upkeep", lambda *_: SimpleNamespace(round=lambda: None))
    busy = SimpleNamespace(
        relay=SimpleNamespace(step=step),
        work=SimpleNamespace(due_counts=lambda _: {(acme, "send_suppliers"): 7}),
        polls=SimpleNamespace(due=lambda _: []),
        gate=SimpleNamespace(held_back=lambda *_: ""),
    )
    ringer = SimpleNamespace(ask=lambda errand, _connection, **_: rung.append(errand))
    assert relay.RelayLoop(cast(Deployment, busy), cast(Ringer, ringer)).round()
    assert rung == ["send_suppliers"]
