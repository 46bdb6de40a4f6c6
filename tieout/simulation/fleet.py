"""Many seeds on many processes: blocks of seeds go out, their tallies come back in order and are written down."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from tieout.simulation.pool import open_pool
from tieout.simulation.tally import Tally, run_seeds

BLOCK = 100  # seeds a process takes at a time; a run that is cut loses those under way, no others
AHEAD = 3  # blocks given out for each process

Follow = Callable[[Tally], None]


def run_many(
    tally: Tally,
    *,
    until: int,
    processes: int = 1,
    seconds: float | None = None,
    state: Path | None = None,
    follow: Follow = lambda _: None,
) -> Tally:
    """Run seeds from `tally.next_seed` up to (not including) `until`, or for so many seconds; give the tally.

    state: where the tally is written after every block; follow: told of the tally after every block.
    """
    started = last = time.monotonic()
    pool = open_pool(processes)
    blocks: deque[Future[Tally]] = deque()
    seeds = iter(range(tally.next_seed, until, BLOCK))
    try:
        while True:
            while len(blocks) < processes * AHEAD and (first := next(seeds, None)) is not None:
                blocks.append(pool.submit(run_seeds, first, min(first + BLOCK, until)))
            if not blocks:
                break
            tally.merge(blocks.popleft().result())
            now = time.monotonic()
            tally.seconds += now - last
            last = now
            if state is not None:
                tally.write(state)
            follow(tally)
            if seconds is not None and now - started > seconds:
                break
    finally:
        pool.shutdown(cancel_futures=True)
    return tally
