"""Figures of a storm count what happened: a kill met a living pod, a crash a living broker, a purge its queues."""

import random
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.pods import Pods
from tests.support.storm import Storm

DICE = random.Random(1)  # noqa: S311 (which pod, no secret)


def test_a_kill_counts_when_it_met_a_living_pod(tmp_path: Path) -> None:
    with Pods(tmp_path / "tieout.toml", {}) as pods:
        alive, ended = pods.start("sandbox"), pods.start("no-such-command")
        pods._running[ended].process.wait()
        assert not pods.kill(ended)
        assert pods.killed == 0
        assert pods.kill(alive)
        assert pods.killed == 1
        assert not pods.kill_one(DICE)
        assert (pods.killed, pods.started) == (1, 2)
        with pytest.raises(AssertionError, match="ended with 2"):
            pods.revive(4)
        pods.revive(2)
        assert (pods.revived, pods.started) == (1, 3)


def test_a_storm_counts_only_what_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    lived = iter([False, True, False, True])
    rabbit = SimpleNamespace(url="amqp://guest:guest@127.0.0.1:1/")
    parts: Any = {
        "sandbox": SimpleNamespace(),
        "settings": SimpleNamespace(),
        "pods": SimpleNamespace(kill_one=lambda _: next(lived), revive=lambda *_: None),
        "store": SimpleNamespace(crash=lambda: None, start=lambda: None),
        "broker": SimpleNamespace(rabbit=rabbit, crash=lambda: False, forget=lambda: None, start=lambda: None),
    }
    monkeypatch.setattr(Storm, "_pause", lambda *_: None)
    storm = Storm(dice=DICE, links={}, **parts)
    storm.rage(2, people=[])
    assert next(lived, None) is None, "a kill that met none is followed by another"
    assert storm._done - Counter(["broker emptied"]) == Counter({"kill -9": 2, "store crashed": 1})
