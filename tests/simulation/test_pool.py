"""Processes that simulate end with the one they work for."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OWNER = """
import sys, threading
from tieout.simulation.pool import open_pool

def main():
    with open_pool(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        threading.Event().wait()

import os
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
