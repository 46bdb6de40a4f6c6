"""`tieout sync` killed with -9 at random moments, against a hostile sandbox in a process of its own; then the books.

The seed draws the data, the faults and the moments; where a process stands when it dies is the machine's.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.deployment import NAME, ROOT
from tests.support.endings import KILLED, PACE, Ending, disagreements, left_of, with_people, written
from tieout.demo.sandbox_process import SandboxProcess
from tieout.demo.story import set_up

INVOICES = 40
SHORTEST_SECONDS, LONGEST_SECONDS = 0.6, 4.0  # a process needs about half a second to begin
LONGEST_END_SECONDS = 240.0
ROUNDS = 4  # of kills
ENDINGS = 5  # syncs after the last kill, until nothing is under way any more
DONE, LEFT, NO_ANSWER = 0, 3, 4


def kill_through(folder: Path, *, seed: int, kills: int = 5, invoices: int = INVOICES) -> Ending:
    """Live one deployment's days under kills: invoices go out, payments come back, one of them is returned."""
    dice = random.Random(seed)  # noqa: S311 (moments to kill at, no secret)
    began = time.monotonic()
    place = folder / "sandbox"
    place.mkdir(parents=True)
    with SandboxProcess(place, seed=seed, invoices=invoices, faults="hostile", pace=PACE) as sandbox:
        set_up(folder, sandbox, store="sqlite:///tieout.db", environ={})
        met = _kill_some(folder, dice, kills)
        sandbox.tell("infor/approve", {"count": 5})
        met += _kill_some(folder, dice, kills)
        end_well(folder)
        sandbox.tell("avidxchange/settle", {"share": 1.0, "seed": seed})
        met += _kill_some(folder, dice, kills)
        sandbox.tell("avidxchange/reverse", {"count": 1, "kind": "Returned", "seed": seed})
        met += _kill_some(folder, dice, kills)
        left = end_well(folder)
        doubts = _json(folder, "doubts")
        found = disagreements(sandbox)
        return Ending(
            seed=seed,
            kills_wanted=kills * ROUNDS,
            done={KILLED: met},
            doubles=len(found.get("doubles", ())),
            disagreements=found,
            left=left,
            with_people=with_people(doubts),
            seconds=round(time.monotonic() - began, 1),
            **written(sandbox),
        )


def _kill_some(folder: Path, dice: random.Random, kills: int) -> int:
    """Kill syncs one after the other; give how many were still at work."""
    return sum(kill_one(folder, dice.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)) for _ in range(kills))


def kill_one(folder: Path, seconds: float) -> bool:
    """Start a sync and kill it after so long; False when it had ended by itself. Only this process is killed."""
    process = _sync(folder)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        return True
    return False


def end_well(folder: Path) -> dict[str, int]:
    """Sync until nothing waits or is in doubt, a few times at most; give what is left of that."""
    left: dict[str, int] = {}
    for _ in range(ENDINGS):
        process = _sync(folder, "--wait", "120")
        out, err = process.communicate(timeout=LONGEST_END_SECONDS)
        if process.returncode not in (DONE, LEFT, NO_ANSWER):
            raise AssertionError(f"sync ended with {process.returncode}: {err}")
        totals = json.loads(out)
        left = left_of(totals)
        if process.returncode != NO_ANSWER and not any(left.values()):
            break
    return left


def _json(folder: Path, *arguments: str) -> Any:
    out, _ = _start(folder, *arguments, "--json").communicate(timeout=LONGEST_END_SECONDS)
    return json.loads(out)


def _sync(folder: Path, *options: str) -> "subprocess.Popen[str]":
    return _start(folder, "sync", NAME, "--json", *options)


def _start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    environ = {name: value for name, value in os.environ.items() if not name.startswith("TIEOUT_")}
    settings = str(folder / "tieout.toml")
    return subprocess.Popen(  # noqa: S603 (our own command line)
        [sys.executable, "-m", "tieout", "--config", settings, *arguments],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
