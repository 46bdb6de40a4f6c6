"""The supervisor: children that die are started again, later each time; all of them end when it is told to stop."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from domain.errors import MisconfiguredError
from tieout.processes.supervisor import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, STEADY_SECONDS, Supervisor

Child = subprocess.Popen[bytes]
STAY = "import sys; sys.stdin.read()"


class Nursery:
    """Children that run a line of Python instead of a worker, and a clock that is moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, children: int) -> None:
        self.now = 0.0
        self.program = STAY
        self.born: list[Child] = []
        monkeypatch.setattr("tieout.processes.supervisor.subprocess.Popen", self._start)
        self.supervisor = Supervisor(["worker"], children, grace_seconds=20, clock=lambda: self.now)

    def _start(self, command: list[str], *, stdin: int) -> Child:
        assert command == [sys.executable, "-m", "tieout", "worker"]
        self.born.append(REAL([sys.executable, "-c", self.program], stdin=stdin))
        return self.born[-1]

    def look(self) -> None:
        for place in self.supervisor.places:
            self.supervisor.look_after(place)


REAL: Callable[..., Child] = subprocess.Popen


@pytest.fixture
def nursery(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nursery]:
    made = Nursery(monkeypatch, 2)
    yield made
    for child in made.born:
        child.kill()
        if child.stdin is not None:
            child.stdin.close()
        child.wait()


def test_a_child_that_dies_is_started_again_and_its_neighbour_left_alone(nursery: Nursery) -> None:
    nursery.look()
    first, second = nursery.born
    first.kill()
    first.wait()
    nursery.look()
    nursery.look()
    assert len(nursery.born) == 2
    nursery.now += FIRST_PAUSE_SECONDS
    nursery.look()
    assert len(nursery.born) == 3
    assert second.poll() is None


def test_a_child_that_dies_young_again_and_again_is_started_ever_later(nursery: Nursery) -> None:
    place = nursery.supervisor.places[0]
    nursery.program = "raise SystemExit(1)"
    pauses: list[float] = []
    for _ in range(9):
        nursery.supervisor.look_after(place)
        nursery.born[-1].wait()
        nursery.supervisor.look_after(place)
        pauses.append(place.pause)
        nursery.now += place.pause
    assert pauses == [1, 2, 4, 8, 16, 32, 60, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]


def test_a_child_that_lived_long_is_started_again_at_once(nursery: Nursery) -> None:
    nursery.look()
    nursery.now += STEADY_SECONDS
    nursery.born[0].kill()
    nursery.born[0].wait()
    nursery.look()
    nursery.look()
    assert len(nursery.born) == 3


def test_settings_that_a_person_must_mend_end_all_of_them(nursery: Nursery) -> None:
    nursery.program = "raise SystemExit(2)"
    beats: list[int] = []
    with pytest.raises(MisconfiguredError, match="what it said stands above"):
        nursery.supervisor.run(stop=threading.Event(), beat=lambda: beats.append(1))
    assert beats
    assert [child.poll() is None for child in nursery.born] == [False, False]


def test_told_to_stop_it_tells_every_child(nursery: Nursery) -> None:
    stop = threading.Event()
    nursery.supervisor.run(stop=stop, beat=stop.set)
    assert len(nursery.born) == 2
    assert [child.poll() is None for child in nursery.born] == [False, False]


def test_a_child_notices_that_its_supervisor_is_gone() -> None:
    watch = (
        "import threading\nfrom tieout.processes.supervisor import stop_when_orphaned\n"
        "stop = threading.Event()\nstop_when_orphaned(stop)\nassert stop.wait(30)\nprint('gone')\n"
    )
    child = subprocess.Popen([sys.executable, "-c", watch], stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 (a line of our own)
    out, _ = child.communicate(timeout=30)
    assert (child.returncode, out) == (0, b"gone\n")
