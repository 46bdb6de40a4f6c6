"""Every pod is replaced in turn while work goes on, and the history is that of a run nobody disturbed."""

import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psycopg

from tests.integration.spread_out import (
    COMPARABLE,
    LONG_SECONDS,
    counts,
    history,
    spread_out,
    totals,
    work_until,
)
from tests.support.deployment import Deployment, Desk, deployed
from tests.support.facts import Fact, Subject
from tests.support.pods import Pods
from tests.support.private_nodes import free_port
from tests.support.waiting import wait_for

RELAY, WORKER = ("relay",), ("worker", "--threads", "2")
PODS = (RELAY, RELAY, WORKER, WORKER, WORKER)
WAVES = range(1, len(PODS) + 1)  # as many as there are pods to replace
INVOICES, PER_WAVE = 60, 2
OPTIONS = COMPARABLE | {"invoices": INVOICES}
LEFT = ("waiting", "in_doubt")
Wave = Callable[[Desk, int], None]
History = dict[Subject, list[Fact]]


def approve(desk: Desk, _wave: int) -> None:
    """Let people approve some invoices more."""
    assert desk.tell("infor/approve", count=PER_WAVE)["count"] == PER_WAVE


def pay(desk: Desk, wave: int) -> None:
    """Let AvidXchange pay a part of what it owes, in the last wave the rest."""
    share = 1.0 if wave == WAVES[-1] else 0.3
    assert desk.tell("avidxchange/settle", share=share, unsettled_share=0.0, seed=wave)["payments"] > 0


def undisturbed(folder: Path) -> tuple[dict[str, Any], History]:
    """Let one process do the same work, wave by wave."""
    with deployed(folder, **OPTIONS) as alone:
        alone.settled_sync()
        for wave in (approve, pay):
            for number in WAVES:
                wave(alone.desk, number)
            alone.settled_sync()
        alone.assert_books_agree()
        return totals(alone), history(alone)


class Rollout:
    """The pods of a deployment, and how an orchestrator replaces every one of them while work goes on."""

    def __init__(self, deployment: Deployment, pods: Pods, store_url: str) -> None:
        self._deployment, self._pods, self._store_url = deployment, pods, store_url
        self._running = [(self._started(command), command) for command in PODS]

    def replace_every_pod(self, wave: Wave, topic: str) -> None:
        """For each pod: start its successor, let new work come in, and when that is in hand end the old one."""
        for number, (old, command) in zip(WAVES, list(self._running), strict=True):
            self._running.append((self._started(command), command))
            self._come_in(wave, number, topic)
            assert self._pods.stop(old) == 0
            self._running.remove((old, command))
            self._pods.check()

    def upgrade_the_store(self) -> None:
        """Do what the job before new pods does, twice: it may be started again, and it disturbs nobody."""
        for _ in "12":
            for command in (("init", str(self._deployment.folder)), ("migrate",)):
                ran = self._deployment.command(*command)
                assert ran.code == 0, ran.err
        self._pods.check()

    def _started(self, command: tuple[str, ...]) -> int:
        port = free_port()
        pid = self._pods.start(*command, "--health-host", "127.0.0.1", "--health-port", str(port))
        wait_for(lambda: is_ready(port), f"{command[0]} is ready", seconds=LONG_SECONDS)
        return pid

    def _come_in(self, wave: Wave, number: int, topic: str) -> None:
        before = self._recorded(topic)
        wave(self._deployment.desk, number)
        wait_for(lambda: self._recorded(topic) > before, topic, seconds=LONG_SECONDS)

    def _recorded(self, topic: str) -> int:
        """Count what was recorded of a topic, without opening a deployment: that would do some of the pods' work."""
        with psycopg.connect(self._store_url) as connection:
            row = connection.execute("SELECT count(*) FROM stored_events WHERE topic = %s", [topic]).fetchone()
        return int(row[0]) if row else 0


def is_ready(port: int) -> bool:
    """Ask as an orchestrator's probe does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/ready", timeout=10) as reply:
            return bool(reply.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False


def test_a_rolling_restart_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, store_url: str, broker_url: str
) -> None:
    expected = undisturbed(tmp_path / "one")
    with spread_out(tmp_path / "many", store_url=store_url, broker_url=broker_url, **OPTIONS) as (deployment, pods):
        rollout = Rollout(deployment, pods, store_url)
        work_until(deployment, pods, "invoices", "submitted", "closed")
        rollout.replace_every_pod(approve, "invoice.approved/1")
        rollout.upgrade_the_store()
        work_until(deployment, pods, "invoices", "submitted", "closed")
        rollout.replace_every_pod(pay, "payment.settled/1")
        work_until(deployment, pods, "payments", "posted")
        work_until(deployment, pods, "invoices", "closed")
        assert pods.stop_all() == [0] * len(PODS)
        left = {(what, state): counts(deployment, what)[state] for what in ("invoices", "payments") for state in LEFT}
        found = (totals(deployment), history(deployment))
        deployment.assert_books_agree()
    assert set(left.values()) == {0}, left
    assert found[0] == expected[0]
    assert found[1].keys() == expected[1].keys()
    assert {subject: said for subject, said in found[1].items() if said != expected[1][subject]} == {}
