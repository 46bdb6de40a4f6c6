"""The tally of many runs: what was hit how often, what was broken; it can be written down and gone on with."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from tieout.simulation.engine import Engine
from tieout.simulation.faults import CELLS, Fault
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile, Schedule, draw

KEPT = 20  # findings kept with their seeds
WRITE_EVERY = 200


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A seed that broke something."""

    seed: int
    invariant: str
    text: str


class Tally(msgspec.Struct, kw_only=True):
    """Sums over schedules; next_seed: where to go on.

    hits: by "step: fault"; happenings: by "what: in which errand".
    """

    first_seed: int
    next_seed: int
    schedules: int = 0
    crossings: int = 0
    violations: int = 0
    ambiguous_writes: int = 0
    seconds: float = 0.0
    hits: dict[str, int] = {}
    happenings: dict[str, int] = {}
    findings: list[Finding] = []

    @classmethod
    def read(cls, path: Path) -> "Tally":
        """Read a tally that was cut."""
        return msgspec.json.decode(path.read_bytes(), type=cls)

    def write(self, path: Path) -> None:
        """Write the tally down, whole or not at all."""
        beside = path.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(self))
        beside.replace(path)

    def add(self, engine: Engine, seed: int) -> None:
        """Add one run."""
        self.schedules += 1
        self.next_seed = seed + 1
        self.crossings += engine.crossings
        self.ambiguous_writes += engine.ambiguous
        _count(self.hits, {f"{step}: {fault.value}": n for (step, fault), n in engine.hits.items()})
        _count(self.happenings, {f"{what.value}: {where}": n for (what, where), n in engine.happened.items()})
        self.violations += bool(engine.violations)
        if engine.violations and len(self.findings) < KEPT:
            worst = engine.violations[0]
            self.findings.append(Finding(seed=seed, invariant=worst.invariant, text=worst.text))

    @property
    def schedules_per_second(self) -> float:
        """How fast it went."""
        return self.schedules / self.seconds if self.seconds else 0.0

    def rare(self, at_least: int) -> dict[str, int]:
        """Give the cells of fault and step that were hit less often than `at_least`."""
        cells = {f"{step}: {fault.value}": 0 for step, fault in CELLS}
        return {cell: n for cell in cells if (n := self.hits.get(cell, 0)) < at_least}

    def by_fault(self) -> dict[Fault, tuple[int, int]]:
        """Give for each fault how many steps it was tried at, and the rarest cell's hits."""
        return {
            fault: (len(steps), min(self.hits.get(f"{step}: {fault.value}", 0) for step in steps))
            for fault in Fault
            if (steps := [step for step, one in CELLS if one is fault])
        }

    def by_happening(self) -> dict[Happening, tuple[int, int]]:
        """Give for each happening how often it fell, and into how many different errands."""
        found: dict[Happening, Counter[str]] = {one: Counter() for one in Happening}
        names = {one.value: one for one in Happening}
        for cell, number in self.happenings.items():
            what, _, where = cell.rpartition(": ")
            found[names[what]][where] += number
        return {one: (sum(where.values()), len(where)) for one, where in found.items()}


def run_many(
    tally: Tally,
    *,
    until: int,
    profile: Profile | None = None,
    on_finding: Callable[[Schedule, Engine], None] = lambda _s, _e: None,
    state: Path | None = None,
    seconds: float | None = None,
) -> Tally:
    """Run seeds from `tally.next_seed` up to (not including) `until`, or for so many seconds; give the tally."""
    started = before = time.monotonic()
    for seed in _seeds(tally, until):
        schedule = draw(seed, profile=profile)
        engine = Engine(schedule)
        engine.run()
        now = time.monotonic()
        tally.seconds += now - before
        before = now
        tally.add(engine, seed)
        if engine.violations:
            on_finding(schedule, engine)
        if state is not None and tally.schedules % WRITE_EVERY == 0:
            tally.write(state)
        if seconds is not None and now - started > seconds:
            break
    if state is not None:
        tally.write(state)
    return tally


def _seeds(tally: Tally, until: int) -> Iterable[int]:
    return range(tally.next_seed, until)


def _count(into: dict[str, int], more: dict[str, Any]) -> None:
    for name, number in more.items():
        into[name] = into.get(name, 0) + number
