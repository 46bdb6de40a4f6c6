"""Counts anew which seed catches each planted bug first: by hand, when the program or what is drawn has changed.

`python -m tests.simulation.planted.count` writes `known.py`, takes a minute or two, and says what docs/reliability.md
is to say then (`tests/simulation/test_planted.py` compares it).
"""

import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.simulation.planted.catalogue import BUGS
from tests.simulation.planted.planting import first_catch

MOST_SCHEDULES = 1000
LOG = logging.getLogger("planted")
KNOWN_FILE = Path(__file__).with_name("known.py")
HEAD = '''"""The first seed that catches each planted bug; written by `python -m tests.simulation.planted.count`."""

KNOWN: dict[str, int] = {
'''


def in_words(known: Mapping[str, int]) -> str:
    """Say how soon the bugs are caught; the schedule of seed 0 is the first."""
    within = [sum(seed < most for seed in known.values()) for most in (10, 50)]
    return (
        f"{within[0]} by one of the first ten schedules of its profile, {within[1]} by one of the first fifty,"
        f" the slowest by number {max(known.values()) + 1}"
    )


def main() -> int:
    """Count, write and say it; 1 when a bug is never caught."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    known: dict[str, int] = {}
    for bug in BUGS.values():
        seed = first_catch(bug, until=MOST_SCHEDULES)
        LOG.info("%s: %s", bug.name, "NOT CAUGHT" if seed is None else f"seed {seed}")
        if seed is not None:
            known[bug.name] = seed
    lines = "".join(f'    "{name}": {seed},\n' for name, seed in known.items())
    KNOWN_FILE.write_text(f"{HEAD}{lines}}}\n", encoding="utf-8")
    LOG.info(in_words(known))
    return int(len(known) < len(BUGS))


if __name__ == "__main__":
    sys.exit(main())
