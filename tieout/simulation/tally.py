"""The tally of many runs: what was hit how often, what was broken; it can be written down and gone on with."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import msgspec

from domain.errors import MisconfiguredError
from tieout.simulation.engine import Engine
from tieout.simulation.faults import CELLS, Fault
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile, draw

KEPT = 20  # findings kept with their seeds


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A seed that broke something."""

    seed: int
    invariant: str
    text: str


class Tally(msgspec.Struct, kw_only=True):
    """Sums over schedules; next_seed: where to go on.

    hits: by "step: fault"; happenings: by "what: in which errand", only what found something to happen to; code: the
    digest of the code that ran; seconds: by the wall clock, whatever the number of processes.
    """

    first_seed: int
    next_seed: int
    code: str = ""
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
        """Write the tally down, whole or not at all.

        Raises MisconfiguredError.
        """
        beside = path.with_name(f"{path.name}.new")
        try:
            beside.write_bytes(msgspec.json.encode(self))
            beside.replace(path)
        except OSError as fault:
            beside.unlink(missing_ok=True)
            raise MisconfiguredError(f"{path} cannot be written ({fault.strerror}): name another file") from fault

    def add(self, engine: Engine, seed: int) -> None:
        """Add one run."""
        self.schedules += 1
        self.next_seed = seed + 1
        self.crossings += engine.crossings
        self.ambiguous_writes += engine.ambiguous
        _add(self.hits, {f"{step}: {fault.value}": n for (step, fault), n in engine.hits.items()})
        _add(self.happenings, {f"{what.value}: {where}": n for (what, where), n in engine.happened.items()})
        self.violations += bool(engine.violations)
        if engine.violations and len(self.findings) < KEPT:
            worst = engine.violations[0]
            self.findings.append(Finding(seed=seed, invariant=worst.invariant, text=worst.text))

    def merge(self, later: "Tally") -> None:
        """Add the tally of the seeds that follow."""
        self.schedules += later.schedules
        self.next_seed = later.next_seed
        self.crossings += later.crossings
        self.ambiguous_writes += later.ambiguous_writes
        _add(self.hits, later.hits)
        _add(self.happenings, later.happenings)
        self.violations += later.violations
        self.findings.extend(later.findings[: KEPT - len(self.findings)])

    @property
    def schedules_per_second(self) -> float:
        """How fast it went."""
        return self.schedules / self.seconds if self.seconds else 0.0

    def rare(self, at_least: int) -> dict[str, int]:
        """Give the cells of fault and step that were hit, and the happenings that happened, less often than that."""
        happenings = {one.value: times for one, (times, _) in self.by_happening().items()}
        cells = {cell: self.hits.get(cell, 0) for cell in (f"{step}: {fault.value}" for step, fault in CELLS)}
        return {what: times for what, times in (cells | happenings).items() if times < at_least}

    def by_fault(self) -> dict[Fault, tuple[int, int]]:
        """Give for each fault how many steps it was tried at, and the rarest cell's hits."""
        return {
            fault: (len(steps), min(self.hits.get(f"{step}: {fault.value}", 0) for step in steps))
            for fault in Fault
            if (steps := [step for step, one in CELLS if one is fault])
        }

    def by_happening(self) -> dict[Happening, tuple[int, int]]:
        """Give for each happening how often it was done, and while how many different errands ran."""
        found: dict[Happening, Counter[str]] = {one: Counter() for one in Happening}
        names = {one.value: one for one in Happening}
        for cell, number in self.happenings.items():
            what, _, where = cell.rpartition(": ")
            found[names[what]][where] += number
        return {one: (sum(where.values()), len(where)) for one, where in found.items()}


def run_seeds(first: int, until: int, *, profile: Profile | None = None) -> Tally:
    """Run the seeds from `first` up to (not including) `until` in this process; give their tally."""
    tally = Tally(first_seed=first, next_seed=first)
    for seed in range(first, until):
        engine = Engine(draw(seed, profile=profile))
        engine.run()
        tally.add(engine, seed)
    return tally


def _add(into: dict[str, int], more: Mapping[str, int]) -> None:
    for name, number in more.items():
        into[name] = into.get(name, 0) + number
