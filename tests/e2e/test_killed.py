"""A sync that is killed at any moment loses nothing and doubles nothing: the next one goes on from there."""

import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.deployment import ANSWER_SECONDS, NAME, Deployment, deployed
from tests.support.kill_nine import kill_through

MOMENTS_SECONDS = (1.0, 1.4, 1.8, 2.2)
# What a killed process had claimed comes back after a few call timeouts, what it had sent after the settle window.
SHORT = {"call_timeout_seconds": 0.5, "settle_window": "1s"}
BATCHES = "POST /invoices/batches"
HANDOVERS = "GLS840MI/UpdBatch"


def test_a_sync_killed_again_and_again_doubles_nothing_at_avidxchange(tmp_path: Path) -> None:
    with deployed(tmp_path, invoices=40, infor=SHORT, avidxchange=SHORT) as deployment:
        for seconds in MOMENTS_SECONDS:
            kill_after(deployment, seconds)
        totals = deployment.settled_sync()
        assert totals["invoices"]["in_doubt"] == totals["invoices"]["waiting"] == 0
        deployment.assert_books_agree()


def test_a_sync_killed_again_and_again_doubles_nothing_in_infor(tmp_path: Path) -> None:
    with deployed(tmp_path, invoices=40, infor=SHORT, avidxchange=SHORT) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0)
        for seconds in MOMENTS_SECONDS:
            kill_after(deployment, seconds)
        totals = deployment.settled_sync()
        assert totals["payments"]["posted"] == totals["payments"]["seen"]
        deployment.assert_books_agree()


@pytest.mark.parametrize("moment", [BATCHES, HANDOVERS])
def test_a_sync_killed_while_a_money_write_is_under_way_finds_out_what_became_of_it(
    tmp_path: Path, moment: str
) -> None:
    with deployed(tmp_path, infor=SHORT, avidxchange=SHORT) as deployment:
        if moment == HANDOVERS:
            deployment.settled_sync()
            deployment.desk.tell("avidxchange/settle", share=1.0, unsettled_share=0.0)
        kill_at(deployment, moment)
        ran = deployment.sync()
        assert ran.code == 0, ran.err
        deployment.assert_books_agree()


def kill_after(deployment: Deployment, seconds: float) -> None:
    process = deployment.process("sync", NAME)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate(timeout=ANSWER_SECONDS)


def kill_at(deployment: Deployment, moment: str) -> None:
    """Kill the process as soon as the pretend system has begun to take the write."""
    process = deployment.process("sync", NAME)
    side = deployment.sandbox.avidxchange_books if moment == BATCHES else deployment.sandbox.infor_books
    never = threading.Event()
    while process.poll() is None and not side.calls[moment]:
        never.wait(0.001)
    process.kill()
    process.communicate(timeout=ANSWER_SECONDS)
    assert side.calls[moment], "the sync ended before it wrote"


def test_a_deployment_under_kills_and_hostile_remotes_ends_with_books_that_agree(tmp_path: Path) -> None:
    run = kill_through(tmp_path, seed=1, kills=2, invoices=20)
    assert run.kills == 8
    assert run.batches >= 1
    assert run.handovers >= 1
    assert (run.doubles, run.disagreements) == (0, {})
    assert run.good, run
