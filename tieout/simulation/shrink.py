"""Shrink a failing schedule: leave out faults and happenings while the same invariant still breaks."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from tieout.simulation.engine import Engine
from tieout.simulation.faults import Fault
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Schedule

V = TypeVar("V")
MOST_RUNS = 400


def shrink(schedule: Schedule, *, most_runs: int = MOST_RUNS) -> Schedule:
    """Give a smaller schedule that breaks the same invariant, its faults and happenings spelled out.

    Raises ValueError for a schedule that breaks nothing.
    """
    first = _play(schedule)
    if not first.violations:
        raise ValueError("the schedule breaks nothing")
    invariant = first.violations[0].invariant
    smallest = schedule.explicit(first.made, first.occurred)
    if not _breaks(smallest, invariant):
        return schedule  # the focus alone drew it: the seed stays the shortest way to say it
    runs = [most_runs]

    def still(faults: Mapping[int, Fault], happenings: Mapping[int, Happening]) -> bool:
        runs[0] -= 1
        return runs[0] > 0 and _breaks(smallest.explicit(faults, happenings), invariant)

    faults = dict(smallest.faults or {})
    happenings = dict(smallest.happenings or {})
    before = -1
    while before != len(faults) + len(happenings):
        before = len(faults) + len(happenings)
        faults = _without(faults, partial(_swapped, still, happenings))
        happenings = _without(happenings, partial(still, faults))
    return smallest.explicit(faults, happenings)


def _swapped(
    still: Callable[[Mapping[int, Fault], Mapping[int, Happening]], bool],
    happenings: Mapping[int, Happening],
    faults: Mapping[int, Fault],
) -> bool:
    return still(faults, happenings)


def _without(given: dict[int, V], still: Callable[[dict[int, V]], bool]) -> dict[int, V]:
    """Leave out halves, then single ones, as long as it still breaks."""
    size = max(1, len(given) // 2)
    while given:
        for start in range(0, len(given), size):
            chunk = set(list(given)[start : start + size])
            left = {number: value for number, value in given.items() if number not in chunk}
            if still(left):
                given = left
                break
        else:
            if size == 1:
                return given
            size = max(1, size // 2)
    return given


def _breaks(schedule: Schedule, invariant: str) -> bool:
    return any(violation.invariant == invariant for violation in _play(schedule).violations)


def _play(schedule: Schedule) -> Engine:
    engine = Engine(schedule)
    engine.run()
    return engine
