"""A run under kills counts as good only when it was put to the test: killed, and writing money to both systems."""

from typing import Any

import msgspec
import pytest

from tests.support.endings import KILLED, Ending

GOOD = Ending(
    seed=1,
    kills_wanted=20,
    done={KILLED: 10},
    batches=1,
    handovers=1,
    doubles=0,
    disagreements={},
    left={"invoices in_doubt": 1},
    with_people=1,
    seconds=1.0,
)


def test_a_run_that_was_put_to_the_test_and_ties_out_is_good() -> None:
    assert GOOD.good


@pytest.mark.parametrize(
    "change",
    [
        {"done": {KILLED: 9}},
        {"done": {}},
        {"kills_wanted": 0},
        {"batches": 0},
        {"handovers": 0},
        {"disagreements": {"doubles": ["INV-1"]}},
        {"with_people": 0},
    ],
)
def test_what_shows_nothing_or_something_wrong_is_not(change: dict[str, Any]) -> None:
    assert not msgspec.structs.replace(GOOD, **change).good
