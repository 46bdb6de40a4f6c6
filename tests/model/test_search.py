"""The search itself finds what is broken, by the shortest way, and what never ends."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.model import search
from tests.model.search import Move, explore


@dataclass(frozen=True)
class Counter:
    """A machine that counts by one or two up to a limit; it ends at `end` and breaks at `bad`."""

    limit: int
    end: int
    bad: int = -1
    only_by_fault: bool = False

    def initial(self) -> list[int]:
        return [0]

    def moves(self, state: int) -> Iterator[Move[int]]:
        for step in (1, 2):
            if state + step <= self.limit:
                yield Move(f"plus {step}", self.only_by_fault, state + step)

    def broken(self, state: int) -> Iterator[str]:
        if state == self.bad:
            yield "too far"

    def ended(self, state: int) -> bool:
        return state == self.end


def test_every_state_is_visited_once() -> None:
    finding = explore(Counter(limit=9, end=9))
    assert (finding.states, finding.edges, finding.sound) == (10, 17, True)


def test_the_shortest_way_to_a_broken_state_is_told() -> None:
    finding = explore(Counter(limit=9, end=9, bad=4))
    assert (finding.broken, finding.trace) == ("too far", ("start", "plus 2", "plus 2"))


def test_a_rule_that_is_not_watched_does_not_stop_the_search() -> None:
    assert explore(Counter(limit=9, end=9, bad=4), watched=["another"]).broken == ""


def test_a_state_without_a_way_to_an_end_is_stuck() -> None:
    finding = explore(Counter(limit=9, end=8))
    assert (finding.stuck, finding.trace[-1]) == (True, "plus 2")


def test_an_end_that_only_a_fault_leads_to_is_no_end() -> None:
    assert explore(Counter(limit=9, end=9, only_by_fault=True)).stuck


def test_a_search_that_outgrows_its_limit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "STATE_LIMIT", 5)
    with pytest.raises(search.SearchLimitError):
        explore(Counter(limit=9, end=9))
