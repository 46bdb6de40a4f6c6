"""Processes that simulate end with the one they work for."""

import multiprocessing
import os
import select
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest

from domain.errors import TransientError
from tieout.simulation.pool import in_order

ROOT = Path(__file__).parents[2]
OWNER = """
import os, threading
from tieout.simulation.pool import in_order

def main():
    for worker in in_order(eval, ["__import__('os').getpid()"], processes=1, stop=threading.Event()):
        print(worker, flush=True)
        threading.Event().wait()

if __name__ == "__main__":
    main()
"""


def test_a_process_ends_when_the_one_it_works_for_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(script)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as owner:  # noqa: S603 (our script)
        assert owner.stdout is not None
        worker = int(owner.stdout.readline())
        handle = os.pidfd_open(worker)
        os.kill(owner.pid, signal.SIGKILL)
        owner.wait()
        # The worker is nobody's child any more: its handle becomes readable when it has ended.
        assert select.select([handle], [], [], 30)[0] == [handle]
        os.close(handle)


def slow_first(number: int) -> int:
    """Let the first task come last."""
    if number == 0:
        sum(range(3_000_000))
    return number * number


def test_results_come_in_the_order_of_the_tasks() -> None:
    assert [*in_order(slow_first, range(12), processes=2, stop=threading.Event())] == [n * n for n in range(12)]


def test_a_fault_of_a_task_is_told_to_whoever_asked() -> None:
    with pytest.raises(ZeroDivisionError):
        [*in_order(partial(divmod, 1), [1, 0], processes=1, stop=threading.Event())]


def test_nothing_comes_after_a_stop_and_no_process_is_left() -> None:
    stop = threading.Event()
    results = in_order(slow_first, range(1, 1000), processes=2, stop=stop)
    assert next(results) == 1
    assert multiprocessing.active_children()
    stop.set()
    assert [*results] == []
    assert multiprocessing.active_children() == []


def test_a_process_that_was_killed_is_told_of() -> None:
    with pytest.raises(TransientError, match="killed from outside"):
        [*in_order(os._exit, [9], processes=1, stop=threading.Event())]
