"""Many seeds of kill -9 against a hostile sandbox, by hand: `make chaos`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

from tests.chaos.seeds import many
from tests.support.endings import Ending
from tests.support.kill_nine import kill_through


def run(folder: Path, seed: int) -> Ending:
    return kill_through(folder, seed=seed)


if __name__ == "__main__":
    raise SystemExit(many(run, about=__doc__, at_once=2))
