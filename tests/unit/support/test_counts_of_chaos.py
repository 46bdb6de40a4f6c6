"""Figures of a storm count what happened: a kill met a pod at work, a crash a living broker, a purge its queues."""

import random
import signal
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.pods import SAYS_AT_WORK, Pods
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
        assert (pods.killed, pods.started) == (1, 2)
        with pytest.raises(AssertionError, match="ended with 2"):
            pods.revive(4)
        pods.revive(2)
        assert (pods.revived, pods.started) == (1, 3)


def test_only_a_pod_that_is_at_work_is_killed_and_its_like_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SAYS_AT_WORK, "sandbox", "working")  # the one command that lives on without a deployment
    with Pods(tmp_path / "tieout.toml", {}) as pods:
        importing, working = (pods._running[pods.start("sandbox")] for _ in "12")
        assert not pods.kill_one(DICE)
        working.log.write_text("working\n", "utf-8")
        assert pods.kill_one(DICE)
        assert working.process.poll() == -signal.SIGKILL
        assert importing.process.poll() is None
        assert [pod.command for pod in pods._running.values()] == [("sandbox",)] * 2
        assert not pods.kill_one(DICE), "its like is not at work yet"
        assert (pods.killed, pods.started) == (1, 3)


def test_a_pod_that_was_at_work_and_ended_by_itself_is_not_counted(tmp_path: Path) -> None:
    with Pods(tmp_path / "tieout.toml", {}) as pods:
        ended = pods._running[pods.start("relay")]
        ended.process.wait()
        ended.log.write_text("relaying; Ctrl-C or SIGTERM stops it\n", "utf-8")
        assert ended.is_at_work
        assert not pods.kill_one(DICE)
        assert (pods.killed, pods.started) == (0, 1)


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
