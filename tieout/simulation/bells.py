"""Doorbells on their way to a process: each names an errand; one comes twice, behind a later one, or for nothing."""

from collections import Counter
from typing import Protocol

from actors.errands.catalogue import ERRANDS, POLLS
from tieout.simulation.dice import Dice
from tieout.simulation.faults import DOORBELL, Fault
from tieout.simulation.processes import Process

NAMES = (*ERRANDS, *POLLS)
ASTRAY = (Fault.RUNG_TWICE, Fault.RUNG_LATE)  # the third is a move of its own: nothing due asks for it


class House(Protocol):
    """The run whose processes are rung."""

    dice: Dice
    steps: int

    def due(self, *sides: str | int) -> list[str]:
        """Name what is due; of the polls only now and then."""

    def idle(self, *sides: str | int) -> Process | None:
        """Pick a process that is free."""

    def run_on(self, process: Process | None, name: str) -> int:
        """Run an errand or poll on a process."""

    def note_of(self, who: str, text: str) -> None:
        """Note a line of the trace."""


class Bells:
    """The doorbells of a run; rate: how often one goes astray. What went astray is counted when it rings."""

    def __init__(self, house: House, *, rate: float) -> None:
        self._house, self._rate = house, rate
        self.hits: Counter[tuple[str, Fault]] = Counter()
        self._overtaken: list[str] = []

    def ring(self) -> None:
        """Ring for something that is due, and behind it for what it overtook."""
        house = self._house
        sides = ("step", house.steps, 0)
        due = house.due(*sides)
        overtaken, self._overtaken = self._overtaken, []
        if due:
            name, astray = house.dice.pick(due, "due", *sides), self._astray()
            if astray is Fault.RUNG_LATE and not overtaken:
                self._overtaken.append(name)
                return
            house.run_on(house.idle(*sides), name)
            if astray is Fault.RUNG_TWICE:
                self._ring_astray(name, astray)
        for late in overtaken:
            self._ring_astray(late, Fault.RUNG_LATE if due else None)

    def ring_for_any(self) -> None:
        """Ring whatever is due: a message that came too early, or long after its cause."""
        sides = ("bell", self._house.steps)
        name = self._house.dice.pick(NAMES, *sides)
        self._ring_astray(name, None if name in self._house.due(*sides) else Fault.RUNG_FOR_NOTHING)

    def _astray(self) -> Fault | None:
        dice, sides = self._house.dice, ("astray", self._house.steps)
        return dice.pick(ASTRAY, *sides, 0) if dice.chance(*sides) < self._rate else None

    def _ring_astray(self, name: str, fault: Fault | None) -> None:
        house = self._house
        if fault is not None:
            self.hits[DOORBELL, fault] += 1
            house.note_of(DOORBELL, f"{name}: {fault.value}")
        house.run_on(house.idle("bell", house.steps), name)
