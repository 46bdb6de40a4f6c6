"""`tieout simulate` that is stopped ends soon, keeps what it did, says how to go on, and nothing else is printed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 30  # seconds for what takes one or two on an idle machine


def begin(*typed: str) -> "subprocess.Popen[str]":
    """Begin to simulate on two other processes, in a process group of its own."""
    command = [sys.executable, "-m", "tieout", "simulate", "--processes", "2", *typed]
    return subprocess.Popen(  # noqa: S603 (our own program)
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def stopped(running: "subprocess.Popen[str]", stop: Callable[[int], None], *, when: Callable[[], bool]) -> str:
    """Stop it as soon as something is so; give what it said."""
    while not when():
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.05)
    stop(running.pid)
    out, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, out) == (130, ""), err
    (sentence,) = err.splitlines()
    return sentence


def terminate(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)


def press_control_c(pid: int) -> None:
    os.killpg(pid, signal.SIGINT)


def terminate_all(pid: int) -> None:
    os.killpg(pid, signal.SIGTERM)


@pytest.mark.parametrize(("stop", "least"), [(terminate, 1), (press_control_c, 0), (terminate_all, 0)])
def test_a_run_that_is_stopped_keeps_its_state_and_says_how_to_go_on(
    tmp_path: Path, stop: Callable[[int], None], least: int
) -> None:
    state = tmp_path / "state.json"

    def has_done_enough() -> bool:
        return state.exists() and json.loads(state.read_bytes())["schedules"] >= least

    running = begin("--schedules", "1000000", "--state", str(state))
    sentence = stopped(running, stop, when=has_done_enough)
    done = json.loads(state.read_bytes())["schedules"]
    assert sentence == f"stopped after {done} schedules, kept in {state}: the same command goes on from there"
    assert [*tmp_path.iterdir()] == [state]


def test_a_run_without_a_state_says_that_nothing_is_kept() -> None:
    running = begin("--schedules", "1000000")
    sentence = stopped(running, press_control_c, when=lambda: children_of(running.pid) > 1)
    assert sentence.endswith("nothing is kept: with --state FILE a run can be gone on with")


def test_a_search_that_is_stopped_says_so() -> None:
    running = begin("--exhaustive")
    sentence = stopped(running, terminate, when=lambda: children_of(running.pid) > 1)
    assert sentence == "stopped before the end of the search, nothing is kept: it begins anew"


def children_of(pid: int) -> int:
    """Count the processes that a process started."""
    return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
