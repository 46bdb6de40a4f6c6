"""Many seeds of everything failing at once, over private servers and against a hostile sandbox: `make storm`."""

import argparse
import logging
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

from domain.errors import TieoutError
from tests.support.private_nodes import UnavailableError
from tests.support.storm import Weathered, weather


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--seeds", type=int, default=50)
    options.add_argument("--kills", type=int, default=40)
    options.add_argument("--at-once", type=int, default=1)
    asked = options.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    with tempfile.TemporaryDirectory(prefix="tieout-storm-") as place, ProcessPoolExecutor(asked.at_once) as pool:
        tried = list(pool.map(partial(one, Path(place), kills=asked.kills), seeds))
    runs = [run for run in tried if run is not None]
    bad = [seed for seed, run in zip(seeds, tried, strict=True) if run is None or not run.good]
    done = sum((Counter(run.done) for run in runs), Counter())
    sys.stdout.write(f"{len(tried)} seeds: {', '.join(f'{count} {name}' for name, count in sorted(done.items()))}; ")
    sys.stdout.write(f"{sum(run.batches for run in runs)} batches, {sum(run.handovers for run in runs)} handovers, ")
    sys.stdout.write(f"{sum(run.doubles for run in runs)} doubles, seeds that went wrong: {bad or 'none'}\n")
    return 1 if bad else 0


def one(place: Path, seed: int, *, kills: int) -> Weathered | None:
    """Weather one storm in this process; None, and why on stderr, when it did not end well."""
    logging.getLogger("pika").setLevel(logging.CRITICAL)  # it tells of every moment in which the broker is down
    try:
        run = weather(place / str(seed), seed=seed, kills=kills)
    except (AssertionError, OSError, TieoutError, UnavailableError) as error:
        sys.stderr.write(f"seed {seed}: {type(error).__name__}: {error}\n")  # verdict: a seed that went wrong
        return None
    sys.stdout.write(msgspec.json.encode(run).decode() + "\n")
    sys.stdout.flush()
    return run


if __name__ == "__main__":
    raise SystemExit(main())
