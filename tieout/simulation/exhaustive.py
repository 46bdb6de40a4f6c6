"""The exhaustive search: one or two documents, everything that may go wrong at every crossing, alone and in pairs.

The base run of a seed has no fault, and is long enough for its documents to come to their end. At each of its
crossings every fault possible there and every happening is tried alone. In pairs, a second fault from `PAIRED` is
tried behind each fault from it, at every later watched crossing of the first one's own run; and behind each happening
that falls into a money write, at that write and every later one. Steps that only a mishap leads to get every fault
behind a lost request or answer. Orders of two processes are faults, too: others work before a call, before its answer
is read, while its sender stalls; what they do is drawn, so several seeds are searched.
"""

import threading
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from tieout.simulation.base_runs import Scope, base_runs
from tieout.simulation.engine import Engine
from tieout.simulation.faults import MONEY_WRITES, STEPS, Fault
from tieout.simulation.happened import can_be_noticed
from tieout.simulation.happenings import Happening
from tieout.simulation.pool import in_order
from tieout.simulation.schedule import Schedule
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
# Steps that no base run comes to.
BEHIND_A_MISHAP = (
    *("append in look_up_invoices", "append in plan_reversal", "append in resume_posting"),
    *("find_batches", "find_vendors", "poll fail"),
)
CHUNK = 8  # mishaps a process takes at a time
AFTERMATH = 60  # crossings more for a happening that is followed by faults: a void has its reversal


class Search(msgspec.Struct, kw_only=True):
    """What a search visited, and what it found, by its mishaps.

    runs: those in which all that was meant for them struck or happened; steps: those at which something was tried.
    """

    runs: int = 0
    crossings: int = 0
    ambiguous_writes: int = 0
    states: set[States] = msgspec.field(default_factory=set)
    steps: set[str] = msgspec.field(default_factory=set)
    findings: list[str] = []

    def merge(self, other: "Search") -> None:
        """Add what another part of the search visited."""
        self.runs += other.runs
        self.crossings += other.crossings
        self.ambiguous_writes += other.ambiguous_writes
        self.states |= other.states
        self.steps |= other.steps
        self.findings.extend(other.findings)


class Mishap(NamedTuple):
    """One thing that goes wrong at one crossing."""

    number: int
    what: Fault | Happening


class Task(NamedTuple):
    """A mishap in a base run; paired: whether others are tried behind it."""

    base: Schedule
    mishap: Mishap
    paired: bool


class _Nothing(BaseException):
    """A happening found nothing to happen to: from here on the run is one that was played already."""


class _Searched(Engine):
    """A run of the search: it ends when its happening finds nothing to happen to."""

    def complete(self) -> bool:
        """Whether all that was meant for the run struck or happened."""
        schedule = self.schedule
        meant = dict(schedule.faults or {})
        return self.strikes.items() >= meant.items() and sum(self.happened.values()) == len(schedule.happenings or {})

    def _happen(self, worker: str, number: int, happening: Happening) -> bool:
        if not super()._happen(worker, number, happening):
            raise _Nothing
        return True


def search(
    scope: Scope, *, seeds: range = range(1, 2), processes: int = 1, stop: threading.Event | None = None
) -> Search:
    """Search every single mishap of each base run, and the pairs if the scope has them.

    processes: how many at once; stop: ends the search at once when it is set.
    """
    found = Search()
    tasks: list[Task] = []
    for base in base_runs(scope, seeds):
        whole = _play(base, found)
        tasks += [
            Task(base, mishap, scope.paired and _leads(mishap.what, whole.steps_at[mishap.number]))
            for mishap in _mishaps(whole)
        ]
    chunks = (tasks[start : start + CHUNK] for start in range(0, len(tasks), CHUNK))
    for part in in_order(_follow_all, chunks, processes=processes, stop=stop or threading.Event()):
        found.merge(part)
    return found


def _follow_all(tasks: list[Task]) -> Search:
    found = Search()
    for task in tasks:
        found.merge(_follow(task))
    return found


def _follow(task: Task) -> Search:
    """Play one mishap, and every pair that begins with it."""
    base, mishap, *_ = task
    found = Search()
    faults: dict[int, Fault] = {}
    happenings: dict[int, Happening] = {}
    if isinstance(mishap.what, Happening):
        happenings[mishap.number] = mishap.what
        base = msgspec.structs.replace(base, crossings=base.crossings + (AFTERMATH if task.paired else 0))
    else:
        faults[mishap.number] = mishap.what
    engine = _play(base.explicit(faults, happenings), found)
    if engine.complete():
        for number, second in _seconds(engine, task):
            _play(base.explicit({**faults, number: second}, happenings), found)
    return found


def _mishaps(engine: Engine) -> Iterator[Mishap]:
    happenings = [one for one in Happening if can_be_noticed(engine.world.rules, one)]
    for number, step in engine.steps_at.items():
        yield from (Mishap(number, fault) for fault in STEPS[step])
        yield from (Mishap(number, happening) for happening in happenings)


def _leads(what: Fault | Happening, step: str) -> bool:
    """Whether pairs begin with a mishap at a step."""
    return step in MONEY_WRITES if isinstance(what, Happening) else what in _paired_at(step)


def _seconds(engine: Engine, task: Task) -> Iterator[tuple[int, Fault]]:
    """Give what is tried behind a mishap: also everything at a step that only such a mishap leads to, once."""
    number, what = task.mishap
    happened, lost = isinstance(what, Happening), what in (Fault.REQUEST_LOST, Fault.RESPONSE_LOST)
    unseen = set(BEHIND_A_MISHAP)
    for later, at in engine.steps_at.items():
        if later < number + (not happened):
            continue
        if at in unseen and (lost or task.paired):
            unseen.remove(at)
            yield from ((later, fault) for fault in STEPS[at])
        elif task.paired and (at in MONEY_WRITES or not happened):
            yield from ((later, fault) for fault in _paired_at(at))


def _paired_at(step: str) -> list[Fault]:
    """Give the faults that are tried in pairs at a step of the doubt protocol: a money write, a look-up, an append.

    Whoever dies after a look-up leaves what one who died before it leaves.
    """
    if step not in WATCHED and not step.startswith("append in"):
        return []
    dies_twice = step in MONEY_WRITES or step.startswith("append in")
    return [one for one in STEPS[step] if one in PAIRED and (dies_twice or one is not Fault.CRASH_AFTER)]


def _play(schedule: Schedule, found: Search) -> _Searched:
    engine = _Searched(schedule)
    engine.states = found.states
    try:
        engine.run()
    except _Nothing:
        return engine
    found.crossings += engine.crossings
    found.ambiguous_writes += engine.ambiguous
    mishaps = [*(schedule.faults or {}).items(), *(schedule.happenings or {}).items()]
    if engine.complete():
        found.runs += 1
        found.steps.update(engine.steps_at[number] for number, _ in mishaps)
    if engine.violations:
        text = ", ".join(f"{number} {what.value}" for number, what in mishaps)
        found.findings.append(f"seed {schedule.seed}, {schedule.profile}, {text}: {engine.violations[0]}")
    return engine
