"""Doorbells come twice, behind later ones, or for nothing; each is counted when it rings, and breaks nothing."""

from collections import Counter

import msgspec
import pytest

from tieout.simulation.bells import Bells
from tieout.simulation.dice import Dice
from tieout.simulation.engine import Engine
from tieout.simulation.faults import CELLS, DOORBELL, Fault
from tieout.simulation.processes import Process
from tieout.simulation.schedule import draw


class Rung:
    """A house of bells: one errand after the other is due; it notes who was rung."""

    def __init__(self, *due: str) -> None:
        self.dice = Dice(1)
        self.steps = 0
        self.ran: list[str] = []
        self.notes: list[str] = []
        self._due = list(due)

    def due(self, *sides: str | int) -> list[str]:
        return self._due[:1] if sides else []

    def idle(self, *sides: str | int) -> Process | None:
        assert sides
        return None

    def run_on(self, process: Process | None, name: str) -> int:
        assert process is None
        self.ran.append(name)
        return 0

    def note_of(self, who: str, text: str) -> None:
        assert who == DOORBELL
        self.notes.append(text)

    def play(self, bells: Bells, fault: Fault) -> None:
        """Ring for what is due, one errand a step, from the first step on at which the dice say that fault."""
        while bells._astray() is not fault:
            self.steps += 1
        while self._due:
            bells.ring()
            self._due.pop(0)
            bells._rate = 0.0


def test_a_bell_that_comes_twice_rings_twice() -> None:
    house = Rung("submit_invoices", "fetch_images")
    bells = Bells(house, rate=1.0)
    house.play(bells, Fault.RUNG_TWICE)
    assert house.ran == ["submit_invoices", "submit_invoices", "fetch_images"]
    assert bells.hits == {(DOORBELL, Fault.RUNG_TWICE): 1}
    assert house.notes == [f"submit_invoices: {Fault.RUNG_TWICE.value}"]


def test_a_bell_that_is_overtaken_rings_behind_the_later_one() -> None:
    house = Rung("submit_invoices", "fetch_images", "send_postings")
    bells = Bells(house, rate=1.0)
    house.play(bells, Fault.RUNG_LATE)
    assert house.ran == ["fetch_images", "submit_invoices", "send_postings"]
    assert bells.hits == {(DOORBELL, Fault.RUNG_LATE): 1}


def test_a_bell_that_nothing_overtook_is_not_counted() -> None:
    house = Rung("submit_invoices")
    bells = Bells(house, rate=1.0)
    house.play(bells, Fault.RUNG_LATE)
    bells.ring()
    assert (house.ran, bells.hits) == (["submit_invoices"], Counter())


@pytest.mark.parametrize("due", [True, False])
def test_a_bell_for_nothing_is_one_whose_errand_is_not_due(due: bool) -> None:  # noqa: FBT001 - a parameter of the test
    house = Rung()
    Bells(house, rate=0.0).ring_for_any()
    (rung,) = house.ran
    again = Rung(rung if due else "another")
    bells = Bells(again, rate=0.0)
    bells.ring_for_any()
    assert again.ran == [rung]
    assert bells.hits == ({} if due else {(DOORBELL, Fault.RUNG_FOR_NOTHING): 1})


def test_schedules_that_aim_at_doorbells_hit_each_kind_of_them() -> None:
    cells = [cell for cell in CELLS if cell[0] == DOORBELL]
    assert [fault for _, fault in cells] == [Fault.RUNG_TWICE, Fault.RUNG_LATE, Fault.RUNG_FOR_NOTHING]
    hits: Counter[tuple[str, Fault]] = Counter()
    for seed in range(1, 9):
        engine = Engine(msgspec.structs.replace(draw(seed), focus=CELLS.index(cells[0])))
        assert engine.run() == []
        hits += engine.hits
    assert all(hits[cell] > 8 for cell in cells)
