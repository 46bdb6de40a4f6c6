"""Relay and workers as processes of their own over one store and one RabbitMQ: what happens to either loses nothing."""

import contextlib
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from actors.broker import DEAD_LETTERS
from actors.queues import QUEUES
from tests.integration.broker.rabbit import PATIENCE_SECONDS, Rabbit
from tests.support.cutting_proxy import CuttingProxy
from tests.support.deployment import NAME, Deployment, deployed, schedule
from tests.support.waiting import wait_for

END_SECONDS = 60.0
# A call to AvidXchange may last so long that only a lease of two minutes frees what waits for it.
SLOW = {"organisation": "books", "call_timeout_seconds": 60.0, "settle_window": "61s"}
Process = subprocess.Popen[str]


class Ward:
    """A deployment over a broker, and its processes."""

    def __init__(self, deployment: Deployment, url: str) -> None:
        self.deployment = deployment
        self.rabbit = Rabbit(url)
        deployment.tokens["TIEOUT_BROKER_URL"] = url
        self._poll_by_the_schedule()
        self.living: list[Process] = []

    def behind(self, proxy: CuttingProxy) -> None:
        """Let processes started from now on reach AvidXchange through a proxy."""
        self.deployment.write_settings(avidxchange={"base_url": f"http://127.0.0.1:{proxy.port}/v1"})
        self._poll_by_the_schedule()

    def _poll_by_the_schedule(self) -> None:
        settings = self.deployment.folder / "tieout.toml"
        settings.write_text(settings.read_text("utf-8") + schedule(), "utf-8")

    def start(self, *arguments: str) -> Process:
        self.living.append(self.deployment.process(*arguments))
        return self.living[-1]

    def stop(self, process: Process) -> str:
        """Tell a process to stop, demand that it ends well, give what it said."""
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=END_SECONDS)
        self.living.remove(process)
        assert process.returncode == 0, said
        assert "Traceback" not in said
        return said

    def counts(self, what: str) -> dict[str, int]:
        found: dict[str, int] = self.deployment.json("sync-status", NAME)["counts"][what]
        return found

    def claimed(self) -> set[str]:
        """Name the errands of which somebody holds rows."""
        with contextlib.closing(sqlite3.connect(self.deployment.store)) as store:
            return {errand for (errand,) in store.execute("SELECT errand FROM pending WHERE claimed_by IS NOT NULL")}

    def everything_is_submitted(self) -> bool:
        found = self.counts("invoices")
        return found["submitted"] + found["closed"] > 0 and not found["waiting"] and not found["in_doubt"]


@contextmanager
def warded(folder: Path, url: str, **options: Any) -> Iterator[Ward]:
    with deployed(folder, **options) as deployment:
        ward = Ward(deployment, url)
        try:
            yield ward
        finally:
            for process in ward.living:
                process.kill()
                process.communicate()


@pytest.fixture
def ward(tmp_path: Path, broker_url: str) -> Iterator[Ward]:
    with warded(tmp_path, broker_url) as made:
        yield made


def test_two_relays_and_three_workers_carry_invoices_and_payments_and_the_books_agree(ward: Ward) -> None:
    relays = [ward.start("relay"), ward.start("relay")]
    workers = [ward.start("worker", "--processes", "2", "--threads", "2"), ward.start("worker")]
    wait_for(ward.everything_is_submitted, "every invoice is at AvidXchange", seconds=PATIENCE_SECONDS)
    ward.deployment.desk.tell("avidxchange/settle", share=1.0, seed=1)
    wait_for(lambda: ward.counts("payments")["posted"] > 0, "payments are posted", seconds=PATIENCE_SECONDS)
    wait_for(lambda: not ward.counts("payments")["waiting"], "nothing is under way", seconds=PATIENCE_SECONDS)
    for process in (*workers, *relays):
        ward.stop(process)
    assert ward.deployment.sync().code in (0, 3)
    ward.deployment.assert_books_agree()
    assert ward.rabbit.waiting(DEAD_LETTERS) == 0


def test_a_worker_killed_at_work_loses_nothing(ward: Ward) -> None:
    ward.start("relay")
    first = ward.start("worker")
    wait_for(lambda: ward.counts("suppliers")["seen"] > 0, "it is at work", seconds=PATIENCE_SECONDS)
    os.kill(first.pid, signal.SIGKILL)
    ward.start("worker")
    wait_for(ward.everything_is_submitted, "every invoice is at AvidXchange", seconds=PATIENCE_SECONDS)
    assert ward.deployment.desk.tie_out()["doubles"] == []


def test_a_purge_of_every_queue_loses_nothing(ward: Ward) -> None:
    relay = ward.start("relay")
    wait_for(lambda: ward.rabbit.waiting("poll-suppliers") > 0, "the polls are rung", seconds=PATIENCE_SECONDS)
    ward.rabbit.purge(QUEUES)
    ward.start("worker")
    wait_for(ward.everything_is_submitted, "every invoice is at AvidXchange", seconds=PATIENCE_SECONDS)
    assert "does not answer" not in ward.stop(relay)


def test_deleting_every_queue_loses_nothing(ward: Ward) -> None:
    ward.start("relay")
    ward.start("worker")
    wait_for(lambda: ward.counts("suppliers")["seen"] > 0, "it is at work", seconds=PATIENCE_SECONDS)
    ward.rabbit.delete([*QUEUES, DEAD_LETTERS])
    wait_for(ward.everything_is_submitted, "every invoice is at AvidXchange", seconds=120)


def test_cutting_every_connection_to_the_broker_loses_nothing(ward: Ward, cut_connections: Callable[[], None]) -> None:
    ward.start("relay")
    ward.start("worker")
    wait_for(lambda: ward.counts("suppliers")["seen"] > 0, "it is at work", seconds=PATIENCE_SECONDS)
    cut_connections()
    wait_for(ward.everything_is_submitted, "every invoice is at AvidXchange", seconds=PATIENCE_SECONDS)


def test_a_dead_letter_becomes_an_issue_and_leaves_the_broker(ward: Ward) -> None:
    ward.start("relay")
    ward.start("worker", "--queues", "send-suppliers")
    wait_for(lambda: ward.rabbit.exists("send-suppliers"), "the queue is there", seconds=PATIENCE_SECONDS)
    ward.rabbit.put("send-suppliers", b"not a message")
    wait_for(lambda: "dead-letter" in ward.deployment.issues(), "there is an issue", seconds=PATIENCE_SECONDS)
    issue = ward.deployment.issues()["dead-letter"]
    assert issue["cause"] == "dead-letter:send-suppliers:unreadable"
    wait_for(lambda: ward.rabbit.waiting(DEAD_LETTERS) == 0, "the letter is gone", seconds=PATIENCE_SECONDS)


def test_sigterm_lets_the_errands_in_hand_end_and_nothing_stays_claimed(ward: Ward) -> None:
    ward.start("relay")
    worker = ward.start("worker")
    wait_for(lambda: ward.counts("suppliers")["seen"] > 0, "it is at work", seconds=PATIENCE_SECONDS)
    ward.stop(worker)
    flows = ward.deployment.json("sync-status", NAME)["flows"]
    assert [flow["flow"] for flow in flows if flow["worker"] is not None] == []
    assert ward.claimed() == set()


def test_an_invoice_that_was_only_looked_up_when_the_grace_was_over_goes_out_by_the_next_worker_at_once(
    tmp_path: Path, broker_url: str
) -> None:
    with warded(tmp_path, broker_url, avidxchange=SLOW) as ward:
        assert ward.deployment.sync().code in (0, 3)
        there = urlsplit(ward.deployment.sandbox.avidxchange_url)
        assert there.port is not None
        with CuttingProxy("127.0.0.1", there.port) as proxy:
            ward.behind(proxy)
            ward.deployment.desk.tell("infor/approve", count=3)
            proxy.silent.set()
            ward.start("relay")
            worker = ward.start("worker", "--grace", "0")
            wait_for(lambda: "submit_invoices" in ward.claimed(), "it looks before it sends", seconds=PATIENCE_SECONDS)
            assert "still at work after the grace" in ward.stop(worker)
            assert "submit_invoices" not in ward.claimed()
            proxy.mend()
            ward.start("worker")
            wait_for(ward.everything_is_submitted, "every invoice is at AvidXchange", seconds=PATIENCE_SECONDS / 2)
        assert ward.deployment.desk.tie_out()["doubles"] == []


def test_relay_and_workers_are_listed_while_they_live_each_child_by_itself(ward: Ward) -> None:
    def roles() -> list[str]:
        return [one["role"] for one in ward.deployment.json("sync-status", NAME)["workers"] if one["alive"]]

    relay, workers = ward.start("relay"), ward.start("worker", "--processes", "2")
    wait_for(lambda: roles() == ["relay", "worker", "worker"], "all are listed", seconds=PATIENCE_SECONDS)
    ward.stop(workers)
    assert roles() == ["relay"]
    ward.stop(relay)
    assert roles() == []


def test_nobody_listening_does_not_fill_the_queues(ward: Ward) -> None:
    ward.start("relay")
    wait_for(lambda: ward.rabbit.waiting("poll-suppliers") > 0, "the polls are rung", seconds=PATIENCE_SECONDS)
    wait_for(lambda: ward.rabbit.waiting("poll-suppliers") > 1, "they are rung again", seconds=PATIENCE_SECONDS)
    assert ward.rabbit.waiting("poll-suppliers") <= 4


def test_run_over_rabbitmq_is_relay_and_worker_in_one(ward: Ward) -> None:
    process = ward.start("run", "--threads", "3")
    wait_for(ward.everything_is_submitted, "every invoice is at AvidXchange", seconds=PATIENCE_SECONDS)
    assert ward.rabbit.exists("submit-invoices")
    ward.stop(process)


def test_the_relay_goes_on_folding_while_the_broker_is_away(tmp_path: Path, free_port: int) -> None:
    with warded(tmp_path, f"amqp://127.0.0.1:{free_port}/") as ward:
        relay = ward.start("relay")
        assert relay.stderr is not None
        assert "relaying" in relay.stderr.readline()
        assert "does not answer" in relay.stderr.readline()
        assert ward.deployment.sync().code in (0, 3)  # works within its own process, whatever the broker
        assert ward.everything_is_submitted()
        assert "does not answer" not in ward.stop(relay)
