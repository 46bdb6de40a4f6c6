"""The run a happening falls into, as its deeds see it."""

from collections.abc import Callable
from typing import Protocol

from tieout.simulation.people import Staff
from tieout.simulation.processes import Process


class Stage(Staff, Protocol):
    """The run a happening falls into."""

    processes: list[Process]

    def renew(self, process: Process) -> None:
        """Let a process be born again."""


Deed = Callable[[Stage, int], bool]  # takes the number of the crossing; gives whether there was something to do it to
