"""Many seeds on many processes: blocks of seeds go out, their tallies come back in order and are written down."""

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tieout.simulation.pool import in_order
from tieout.simulation.tally import Tally, run_seeds

BLOCK = 100  # seeds a process takes at a time; a run that is cut loses those under way, no others

Follow = Callable[[Tally], None]


def run_many(
    tally: Tally,
    *,
    until: int,
    processes: int = 1,
    seconds: float | None = None,
    state: Path | None = None,
    stop: threading.Event | None = None,
    follow: Follow = lambda _: None,
) -> Tally:
    """Run seeds from `tally.next_seed` up to (not including) `until`, or for so many seconds; give the tally.

    state: where the tally is written after every block; stop: ends the run at once when it is set, blocks under way are
    lost; follow: told of the tally after every block.
    """
    started = last = time.monotonic()
    blocks = ((first, min(first + BLOCK, until)) for first in range(tally.next_seed, until, BLOCK))
    never = threading.Event()
    with contextlib.closing(in_order(_run_block, blocks, processes=processes, stop=stop or never)) as done:
        for block in done:
            tally.merge(block)
            now = time.monotonic()
            tally.seconds += now - last
            last = now
            if state is not None:
                tally.write(state)
            follow(tally)
            if seconds is not None and now - started > seconds:
                break
    return tally


def _run_block(seeds: tuple[int, int]) -> Tally:
    return run_seeds(*seeds)
