"""Many seeds of kill -9 against a hostile sandbox, by hand: `make chaos`."""

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

from tests.support.kill_nine import Killed, kill_through


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--seeds", type=int, default=50)
    options.add_argument("--at-once", type=int, default=2)
    asked = options.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    with tempfile.TemporaryDirectory(prefix="tieout-kill-") as place, ThreadPoolExecutor(asked.at_once) as pool:
        runs = list(pool.map(lambda seed: one(Path(place) / str(seed), seed), seeds))
    bad = [run.seed for run in runs if not run.good]
    kills, batches, handovers = (sum(getattr(run, what) for run in runs) for what in ("kills", "batches", "handovers"))
    sys.stdout.write(f"{len(runs)} seeds, {kills} kills, {batches} batches and {handovers} handovers on the wire")
    sys.stdout.write(f", {sum(run.doubles for run in runs)} doubles, seeds that went wrong: {bad or 'none'}\n")
    return 1 if bad else 0


def one(folder: Path, seed: int) -> Killed:
    run = kill_through(folder, seed=seed)
    sys.stdout.write(msgspec.json.encode(run).decode() + "\n")
    sys.stdout.flush()
    return run


if __name__ == "__main__":
    raise SystemExit(main())
