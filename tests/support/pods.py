"""Pods of one deployment as real processes: started, watched, killed by their own ids, and all ended at the end."""

import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.deployment import ROOT

ENDING_SECONDS = 60.0
SAYS_AT_WORK = {"worker": "working with ", "relay": "relaying; "}  # once it is imported and has opened the store


@dataclass(frozen=True)
class Pod:
    """One process: what it runs, and the file it writes to."""

    process: "subprocess.Popen[bytes]"
    command: tuple[str, ...]
    log: Path

    @property
    def is_at_work(self) -> bool:
        """Whether it said so; before that it is being imported, or finds nothing to work on."""
        says = SAYS_AT_WORK.get(self.command[0])
        return says is not None and says in self.log.read_text("utf-8", "replace")

    @property
    def end_of_log(self) -> str:
        """What it wrote last."""
        return self.log.read_text("utf-8", "replace")[-2000:]


class Pods:
    """The processes a test started over one settings file; a context manager that ends every one of them.

    environ: what their environment holds beside this process's own (without its TIEOUT_ variables).
    """

    def __init__(self, config: Path, environ: Mapping[str, str]) -> None:
        self._config = config
        own = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
        self._environ = {**own, **environ}
        self._logs = config.parent / "pods"
        self._logs.mkdir(exist_ok=True)
        self._running: dict[int, Pod] = {}
        self.started = 0
        self.killed = 0
        self.revived = 0

    def start(self, *command: str) -> int:
        """Start `tieout COMMAND` as a process of its own; give its id."""
        self.started += 1
        log = self._logs / f"{self.started}-{command[0]}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603 (our own command line)
                [sys.executable, "-m", "tieout", "--config", str(self._config), *command],
                cwd=ROOT,
                env=self._environ,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._running[process.pid] = Pod(process, command, log)
        return process.pid

    def kill(self, pid: int) -> bool:
        """Kill one of ours with -9, by id; whether it lived. One that had ended by itself is left to `revive`."""
        pod = self._running[pid]
        pod.process.kill()
        if pod.process.wait() != -signal.SIGKILL:
            return False
        del self._running[pid]
        self.killed += 1
        return True

    def kill_one(self, dice: random.Random) -> bool:
        """Kill one of ours that is at work with -9 and start its like again; whether there was one, and it lived."""
        at_work = sorted(pid for pid, pod in self._running.items() if pod.is_at_work)
        if not at_work:
            return False
        pid = dice.choice(at_work)
        command = self._running[pid].command
        if not self.kill(pid):
            return False
        self.start(*command)
        return True

    def stop(self, pid: int) -> int:
        """End one of ours as an operator does, with SIGTERM; give its exit code."""
        pod = self._running.pop(pid)
        pod.process.terminate()
        return pod.process.wait(timeout=ENDING_SECONDS)

    def stop_all(self, *, but: str = "") -> list[int]:
        """End every one of ours as an operator does, those of one command left; give their exit codes."""
        return [self.stop(pid) for pid, pod in list(self._running.items()) if pod.command[0] != but]

    def revive(self, *may: int) -> None:
        """Start again, as an orchestrator does, what ended by itself with a code that may be; demand no other end."""
        for pid, pod in list(self._running.items()):
            code = pod.process.poll()
            if code is not None:
                assert code in may, f"{' '.join(pod.command)} ended with {code}: {pod.end_of_log}"
                del self._running[pid]
                self.revived += 1
                self.start(*pod.command)

    def last_words(self) -> str:
        """What each living one of ours wrote last."""
        return "\n".join(f"--- {pod.log.name}\n{pod.end_of_log}" for pod in self._running.values())

    def check(self) -> None:
        """Raise AssertionError when one of ours ended by itself."""
        for pod in self._running.values():
            code = pod.process.poll()
            assert code is None, f"{' '.join(pod.command)} ended with {code}: {pod.end_of_log}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pod in self._running.values():
            pod.process.terminate()
        for pod in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):  # verdict: it is killed then
                pod.process.wait(timeout=ENDING_SECONDS)
            pod.process.kill()
            pod.process.wait()
