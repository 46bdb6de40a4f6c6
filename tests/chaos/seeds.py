"""Many seeds of one kind of trouble, by hand: what is asked for, each seed in a process, and the sum of all."""

import argparse
import logging
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import msgspec

from domain.errors import TieoutError
from tests.support.endings import Ending
from tests.support.private_nodes import UnavailableError

Run = Callable[[Path, int], Ending]  # over a folder of its own; found by its name in the processes
FAULTS = (AssertionError, OSError, TieoutError, UnavailableError)


def many(run: Run, *, about: str | None, at_once: int) -> int:
    """Run the seeds that the command line names; give the exit code: 1 when one of them went wrong."""
    options = argparse.ArgumentParser(description=about)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--seeds", type=int, default=50)
    options.add_argument("--at-once", type=int, default=at_once)
    asked = options.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    with tempfile.TemporaryDirectory(prefix="tieout-chaos-") as place, ProcessPoolExecutor(asked.at_once) as pool:
        endings = list(pool.map(partial(_one, run, Path(place)), seeds))
    bad = [seed for seed, ending in zip(seeds, endings, strict=True) if ending is None or not ending.good]
    _sum_up([ending for ending in endings if ending is not None], seeds=len(seeds), bad=bad)
    return 1 if bad else 0


def _one(run: Run, place: Path, seed: int) -> Ending | None:
    """Run one seed in this process; None, and why on stderr, when it did not end well."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # it tells of every moment in which a broker is down
    try:
        ending = run(place / str(seed), seed)
    except FAULTS as error:
        sys.stderr.write(f"seed {seed}: {type(error).__name__}: {error}\n")  # verdict: a seed that went wrong
        return None
    sys.stdout.write(msgspec.json.encode(ending).decode() + "\n")
    sys.stdout.flush()
    return ending


def _sum_up(endings: Sequence[Ending], *, seeds: int, bad: Sequence[int]) -> None:
    done = sum((Counter(ending.done) for ending in endings), Counter())
    sys.stdout.write(f"{seeds} seeds: {', '.join(f'{count} {name}' for name, count in sorted(done.items()))}; ")
    for what in ("batches", "handovers", "doubles"):
        sys.stdout.write(f"{sum(getattr(ending, what) for ending in endings)} {what}, ")
    sys.stdout.write(f"seeds that went wrong: {bad or 'none'}\n")
