"""Many seeds of everything failing at once, over private servers and against a hostile sandbox: `make storm`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a script, from anywhere

from tests.chaos.seeds import many
from tests.support.endings import Ending
from tests.support.storm import weather


def run(folder: Path, seed: int) -> Ending:
    return weather(folder, seed=seed)


if __name__ == "__main__":
    raise SystemExit(many(run, about=__doc__, at_once=1))
