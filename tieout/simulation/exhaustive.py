"""The exhaustive search: one or two documents, everything that may go wrong at every crossing, alone and in pairs.

The base run of a seed has no fault, and is long enough for its documents to come to their end. At each of its
crossings every fault possible there and every happening is tried alone; in pairs, a second fault from `PAIRED` is
tried at every later watched crossing of the first one's own run. Orders of two processes are faults, too: others work
before a call, before its answer is read, while its sender stalls; what they do is drawn, so several seeds are searched.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from tieout.simulation.engine import Engine
from tieout.simulation.faults import MONEY_WRITES, STEPS, Fault
from tieout.simulation.happenings import Happening
from tieout.simulation.pool import in_order
from tieout.simulation.schedule import Profile, Schedule
from tieout.simulation.state import States

PAIRED = (
    Fault.CRASH_BEFORE,
    Fault.CRASH_AFTER,
    Fault.OTHERS_AFTER,
    Fault.STALL_AFTER,
    Fault.REQUEST_LOST,
    Fault.RESPONSE_LOST,
    Fault.TAKEN_LATE,
    Fault.SENT_LATE,
    Fault.UNKNOWN_COMMIT,
)
WATCHED = (*MONEY_WRITES, "find_batches", "find_invoices", "open_batches", "payment_rows")


class Scope(NamedTuple):
    """What is searched: documents of a profile; crossings: how many calls the first mishap may fall into."""

    profile: Profile
    documents: int
    crossings: int


# In their base runs the documents have come to their end before the last of these crossings.
SCOPES = (
    Scope(Profile.SUBMIT, 1, 48),
    Scope(Profile.SUBMIT, 2, 60),
    Scope(Profile.PAY, 1, 84),
    Scope(Profile.PAY, 2, 140),
)


class Search(msgspec.Struct, kw_only=True):
    """What a search visited: runs, crossings, distinct states; and what it found, by its faults."""

    runs: int = 0
    crossings: int = 0
    ambiguous_writes: int = 0
    states: set[States] = msgspec.field(default_factory=set)
    findings: list[str] = []

    def merge(self, other: "Search") -> None:
        """Add what another part of the search visited."""
        self.runs += other.runs
        self.crossings += other.crossings
        self.ambiguous_writes += other.ambiguous_writes
        self.states |= other.states
        self.findings.extend(other.findings)


class Mishap(NamedTuple):
    """One thing that goes wrong at one crossing."""

    number: int
    what: Fault | Happening


def search(scope: Scope, *, pairs: bool, seeds: Sequence[int] = (1,), processes: int = 1) -> Search:
    """Search every single mishap of each seed's base run, and the pairs if asked for; processes: how many at once."""
    found = Search()
    tasks: list[tuple[Schedule, Mishap, bool]] = []
    for seed in seeds:
        base = base_run(seed, scope)
        first = _play(base, found)
        for mishap in _mishaps(first):
            paired = pairs and mishap.what in PAIRED and _is_watched(first.steps_at[mishap.number])
            tasks.append((base, mishap, paired))
    if processes == 1:
        for part in map(_follow, tasks):
            found.merge(part)
        return found
    for part in in_order(_follow, tasks, processes=processes, stop=threading.Event()):
        found.merge(part)
    return found


def _follow(task: tuple[Schedule, Mishap, bool]) -> Search:
    """Play one mishap, and every pair that begins with it if asked for."""
    base, mishap, paired = task
    found = Search()
    if isinstance(mishap.what, Happening):
        _play(base.explicit({}, {mishap.number: mishap.what}), found)
        return found
    engine = _play(base.explicit({mishap.number: mishap.what}, {}), found)
    if paired:
        for later, second in _seconds(engine, after=mishap.number):
            _play(base.explicit({mishap.number: mishap.what, later: second}, {}), found)
    return found


def _mishaps(engine: Engine) -> Iterator[Mishap]:
    for number, step in engine.steps_at.items():
        for what in (*STEPS[step], *Happening):
            yield Mishap(number, what)


def _seconds(engine: Engine, *, after: int) -> Iterator[tuple[int, Fault]]:
    for number, step in engine.steps_at.items():
        if number > after and _is_watched(step):
            for fault in STEPS[step]:
                if fault in PAIRED:
                    yield number, fault


def _is_watched(step: str) -> bool:
    """Whether a step belongs to the doubt protocol: a money write, its look-ups, or an append around them."""
    return step in WATCHED or step.startswith("append in")


def base_run(seed: int, scope: Scope) -> Schedule:
    """Give the run of a seed in which nothing goes wrong."""
    return Schedule(
        seed=seed,
        profile=scope.profile,
        documents=scope.documents,
        workers=2,
        start=0,
        crossings=scope.crossings,
        rate=0.0,
        happening_rate=0.0,
        focus=0,
        faults={},
        happenings={},
    )


def _play(schedule: Schedule, found: Search) -> Engine:
    engine = Engine(schedule)
    engine.states = found.states
    engine.run()
    found.runs += 1
    found.crossings += engine.crossings
    found.ambiguous_writes += engine.ambiguous
    if engine.violations:
        mishaps = [*(schedule.faults or {}).items(), *(schedule.happenings or {}).items()]
        text = ", ".join(f"{number} {what.value}" for number, what in mishaps)
        found.findings.append(f"seed {schedule.seed}, {schedule.profile}, {text}: {engine.violations[0]}")
    return engine
