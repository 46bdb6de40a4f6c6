"""Exhaustive search of a small state machine: every reachable state, shortest counter-examples, liveness.

States are hashable values. The search is breadth first, so the first broken state has the shortest trace.
Liveness is judged on the moves that are no faults: a finite machine in which every reachable state still
has a fault-free way to an end state ends on every fair path (one that does not ignore for ever a move that
stays possible), whatever the faults did before they stopped.
"""

from array import array
from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

S = TypeVar("S", bound=Hashable)
STATE_LIMIT = 1_500_000


class Move(NamedTuple, Generic[S]):
    """One step of the machine; `fault` marks what a healthy world would not do."""

    name: str
    fault: bool
    state: S


class Machine(Protocol[S]):
    """What the search needs to know of a model."""

    def initial(self) -> Iterable[S]:
        """Return the states the machine may start in."""

    def moves(self, state: S, /) -> Iterator[Move[S]]:
        """Yield every possible next step, repetitions allowed."""

    def broken(self, state: S, /) -> Iterator[str]:
        """Yield the name of each safety rule that does not hold in the state."""

    def ended(self, state: S, /) -> bool:
        """Say whether nothing more is owed: done, refused, held with a reason, or at the doubt desk."""


class SearchLimitError(Exception):
    """The machine has more states than the search may keep."""


@dataclass(frozen=True)
class Finding:
    """What a search found; `broken` is empty when every safety rule held, `stuck` when everything ends."""

    states: int
    edges: int
    broken: str
    stuck: bool
    trace: tuple[str, ...]
    reached: frozenset[str]

    @property
    def sound(self) -> bool:
        """Say whether safety and liveness both held."""
        return not self.broken and not self.stuck


class Search(Generic[S]):
    """The states met so far, how each was met, and the fault-free edges between them."""

    def __init__(self, machine: Machine[S], *, watched: Collection[str] | None) -> None:
        self.machine = machine
        self.watched = watched
        self.number: dict[S, int] = {}
        self.states: list[S] = []
        self.parent: list[tuple[int, str]] = []
        self.healthy_from = array("L")
        self.healthy_to = array("L")
        self.edges = 0
        self.reached: set[str] = set()

    def run(self) -> Finding:
        """Visit everything; stop at the first state that breaks a watched rule."""
        for state in self.machine.initial():
            self.meet(state, -1, "start")
        at = 0
        while at < len(self.states):
            state = self.states[at]
            rule = next((r for r in self.machine.broken(state) if not self.watched or r in self.watched), "")
            if rule:
                return self.finding(rule, at)
            self.expand(at, state)
            at += 1
        stuck = self.first_stuck()
        return self.finding("", stuck)

    def expand(self, at: int, state: S) -> None:
        """Meet every successor of one state."""
        for name, fault, after in self.machine.moves(state):
            to = self.meet(after, at, name)
            self.edges += 1
            self.reached.add(name)
            if not fault:
                self.healthy_from.append(at)
                self.healthy_to.append(to)

    def meet(self, state: S, parent: int, name: str) -> int:
        """Return the state's number, giving it one when it is new."""
        known = self.number.get(state)
        if known is not None:
            return known
        number = len(self.states)
        if number >= STATE_LIMIT:
            raise SearchLimitError(f"more than {STATE_LIMIT} states")
        self.number[state] = number
        self.states.append(state)
        self.parent.append((parent, name))
        return number

    def first_stuck(self) -> int:
        """Return the first state with no fault-free way to an end, or -1."""
        before: list[list[int]] = [[] for _ in self.states]
        for source, target in zip(self.healthy_from, self.healthy_to, strict=True):
            before[target].append(source)
        ends = [number for number, state in enumerate(self.states) if self.machine.ended(state)]
        good = bytearray(len(self.states))
        for number in ends:
            good[number] = 1
        while ends:
            for source in before[ends.pop()]:
                if not good[source]:
                    good[source] = 1
                    ends.append(source)
        return good.find(0)

    def finding(self, rule: str, at: int) -> Finding:
        """Sum the search up, with the way to state `at` (-1: nothing to show)."""
        return Finding(
            states=len(self.states),
            edges=self.edges,
            broken=rule,
            stuck=not rule and at >= 0,
            trace=tuple(self.way_to(at)),
            reached=frozenset(self.reached),
        )

    def way_to(self, at: int) -> list[str]:
        """Return the names of the moves that lead from a start to state `at`."""
        names: list[str] = []
        while at >= 0:
            at, name = self.parent[at]
            names.append(name)
        return names[::-1]


def explore(machine: Machine[S], *, watched: Collection[str] | None = None) -> Finding:
    """Search the machine; `watched` narrows the safety rules that stop the search (none: all of them)."""
    return Search(machine, watched=watched).run()
