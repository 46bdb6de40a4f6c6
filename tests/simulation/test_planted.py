"""Every planted bug is caught within a bounded number of schedules, by one that is clean without the bug."""

import pytest

from tests.simulation.planted.invoice_bugs import INVOICE_BUGS
from tests.simulation.planted.known import KNOWN
from tests.simulation.planted.machinery_bugs import MACHINERY_BUGS
from tests.simulation.planted.planting import Bug, planted
from tests.simulation.planted.posting_bugs import POSTING_BUGS
from tieout.simulation.engine import Engine

BUGS = {bug.name: bug for bug in (*INVOICE_BUGS, *POSTING_BUGS, *MACHINERY_BUGS)}
MOST_SCHEDULES = 600


def first_catch(bug: Bug) -> int | None:
    """Give the first seed that catches the bug: the known one, else the first of all."""
    with planted(bug):
        seeds = (KNOWN.get(bug.name, 0), *range(MOST_SCHEDULES))
        return next((seed for seed in seeds if Engine(bug.schedule(seed)).run()), None)


def test_there_are_at_least_thirty_planted_bugs() -> None:
    assert len(BUGS) == len(INVOICE_BUGS) + len(POSTING_BUGS) + len(MACHINERY_BUGS) >= 30
    assert set(KNOWN) <= set(BUGS)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name: str) -> None:
    bug = BUGS[name]
    seed = first_catch(bug)
    assert seed is not None, f"{name}: {MOST_SCHEDULES} schedules saw nothing"
    assert Engine(bug.schedule(seed)).run() == []
