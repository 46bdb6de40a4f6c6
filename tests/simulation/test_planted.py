"""Every planted bug is caught by the schedule known to catch it, as what it breaks; without it that one is clean."""

from pathlib import Path

import pytest

from tests.simulation.planted.catalogue import ALL, BUGS
from tests.simulation.planted.count import in_words
from tests.simulation.planted.known import KNOWN
from tests.simulation.planted.planting import first_violation
from tieout.simulation.checkers.catalogue import CHECKERS
from tieout.simulation.engine import Engine

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def test_there_are_at_least_thirty_planted_bugs_each_with_its_seed() -> None:
    assert len(BUGS) == len(ALL) >= 30
    assert set(KNOWN) == set(BUGS)


def test_every_invariant_but_that_of_replays_is_broken_by_some_planted_bug() -> None:
    assert {invariant for bug in ALL for invariant in bug.breaks} == set(CHECKERS) - {"I9"}


def test_the_page_says_how_many_there_are_and_how_soon_they_are_caught() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"a line or two of our own code at a time: {len(BUGS)} bugs" in page
    assert in_words(KNOWN) in page


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name: str) -> None:
    bug, seed = BUGS[name], KNOWN[name]
    broken = first_violation(bug, seed)
    assert broken is not None, f"seed {seed} saw nothing: count anew (tests/simulation/planted/count.py)"
    assert broken.invariant in bug.breaks, f"not what it is expected to break: {broken}"
    assert Engine(bug.schedule(seed)).run() == []
