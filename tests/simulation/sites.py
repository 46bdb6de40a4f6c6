"""A place where calls cross the boundary, with the faults a test wants, one a crossing."""

from tieout.simulation.boundary import Call
from tieout.simulation.faults import STEPS, Fault


class Sites:
    """What a crossing needs: gives each its fault, keeps what is taken late, and lets nobody else work."""

    def __init__(self, *faults: Fault | None) -> None:
        self._faults = iter(faults)
        self.crossed: list[str] = []
        self.strikes: list[int] = []
        self.late: list[Call] = []

    def cross(self, worker: str, step: str) -> tuple[int, Fault | None]:
        assert worker == "w1"
        self.crossed.append(step)
        fault = next(self._faults, None)
        assert fault is None or fault in STEPS[step]
        return len(self.crossed), fault

    def struck(self, number: int) -> None:
        self.strikes.append(number)

    def take_late(self, number: int, call: Call, *, slowly: bool = False) -> None:
        assert (number, slowly) == (len(self.crossed), False)
        self.late.append(call)

    def others_work(self, worker: str, number: int) -> None:
        raise AssertionError(worker, number)

    stall = others_work

    def pause(self, number: int) -> None:
        """No time passes."""

    def wait_out(self, step: str) -> None:
        """No time passes."""
