"""The exhaustive search: one or two documents, every fault at every crossing, alone and (bounded) in pairs.

The base run of a seed has no fault. At each of its crossings every fault possible there is tried alone; in pairs, a
second one from `PAIRED` is tried at every later crossing of the first one's own run. Orders of two processes are
faults, too: others work before a call, before its answer is read, while its sender stalls.
"""

from collections.abc import Iterator

import msgspec

from tieout.simulation.engine import Engine
from tieout.simulation.faults import MONEY_WRITES, STEPS, Fault
from tieout.simulation.schedule import Profile, Schedule
from tieout.simulation.state import States

CROSSINGS = {Profile.SUBMIT: 48, Profile.PAY: 60}
PAIRED = (
    Fault.CRASH_BEFORE,
    Fault.CRASH_AFTER,
    Fault.OTHERS_AFTER,
    Fault.STALL_AFTER,
    Fault.REQUEST_LOST,
    Fault.RESPONSE_LOST,
    Fault.TAKEN_LATE,
    Fault.UNKNOWN_COMMIT,
)
WATCHED = (*MONEY_WRITES, "find_batches", "find_invoices", "open_batches", "payment_rows")


class Search(msgspec.Struct, kw_only=True):
    """What a search visited: runs, crossings, distinct states; and what it found, by its faults."""

    runs: int = 0
    crossings: int = 0
    ambiguous_writes: int = 0
    states: set[States] = msgspec.field(default_factory=set)
    findings: list[str] = []


def search(
    profile: Profile, documents: int, *, pairs: bool, seeds: tuple[int, ...] = (1,), crossings: int | None = None
) -> Search:
    """Search all single faults of each seed's base run, and the pairs if asked for.

    crossings: how many calls the faults may fall into, those of `CROSSINGS` when None.
    """
    found = Search()
    for seed in seeds:
        base = _base(seed, profile, documents, crossings or CROSSINGS[profile])
        first = _play(base, found)
        for number, fault in _choices(first, after=0, paired=False):
            engine = _play(base.explicit({number: fault}, {}), found)
            if pairs and fault in PAIRED and _is_watched(first.steps_at[number]):
                for later, second in _choices(engine, after=number, paired=True):
                    _play(base.explicit({number: fault, later: second}, {}), found)
    return found


def _choices(engine: Engine, *, after: int, paired: bool) -> Iterator[tuple[int, Fault]]:
    for number, step in engine.steps_at.items():
        if number <= after or (paired and not _is_watched(step)):
            continue
        for fault in STEPS[step]:
            if not paired or fault in PAIRED:
                yield number, fault


def _is_watched(step: str) -> bool:
    """Whether a step belongs to the doubt protocol: a money write, its look-ups, or an append around them."""
    return step in WATCHED or step.startswith("append in")


def _base(seed: int, profile: Profile, documents: int, crossings: int) -> Schedule:
    return Schedule(
        seed=seed,
        profile=profile,
        documents=documents,
        workers=2,
        start=0,
        crossings=crossings,
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
        faults = ", ".join(f"{number} {fault.value}" for number, fault in (schedule.faults or {}).items())
        found.findings.append(f"seed {schedule.seed}, {schedule.profile}, faults {faults}: {engine.violations[0]}")
    return engine
