"""`tieout worker --processes N`: child processes, started again when they die, stopped when the parent is told to.

Each child is a program of its own that opens its own store and broker: nothing is shared across a fork.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from domain.errors import MisconfiguredError
from tieout.processes.stopping import Beat, no_beat

LOOK_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
STEADY_SECONDS = 60.0  # a child that lived so long starts again at once when it dies
END_SECONDS = 30.0  # beyond the grace, before a child that does not end is killed
MISCONFIGURED = 2  # the exit code of a child that a person must mend the settings for
logger = logging.getLogger(__name__)


@dataclass
class _Place:
    """Where one child works; who comes after it takes its place."""

    number: int
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    start_at: float = 0.0
    pause: float = 0.0


@dataclass
class Supervisor:
    """Keeps so many children at work.

    command: the arguments of a child, the program's own put before them; own: what the child of a place, counted from
    1, is told besides.
    """

    command: Sequence[str]
    children: int
    grace_seconds: float
    clock: Callable[[], float] = time.monotonic
    own: Callable[[int], Sequence[str]] = lambda _place: ()
    places: list[_Place] = field(init=False)

    def __post_init__(self) -> None:
        """Make the places, all empty."""
        self.places = [_Place(number) for number in range(1, self.children + 1)]

    def run(self, *, stop: threading.Event, beat: Beat = no_beat) -> None:
        """Supervise until told to stop, then stop every child. Raises MisconfiguredError when a child says so."""
        try:
            while not stop.is_set():
                for place in self.places:
                    self.look_after(place)
                beat()
                stop.wait(LOOK_SECONDS)
        finally:
            self._end()

    def look_after(self, place: _Place) -> None:
        """Start a child where none is, note one that died."""
        now = self.clock()
        if place.process is not None:
            code = place.process.poll()
            if code is not None:
                self._bury(place, code, now)
        elif now >= place.start_at:
            place.process = subprocess.Popen(  # noqa: S603 (our own command line)
                [sys.executable, "-m", "tieout", *self.command, *self.own(place.number)], stdin=subprocess.PIPE
            )
            place.started_at = now

    def _bury(self, place: _Place, code: int, now: float) -> None:
        """Note a child's death. Verdict: started again, ever later when it dies young; wrong settings end all."""
        _close(place)
        if code == MISCONFIGURED:
            raise MisconfiguredError(
                f"worker {place.number} cannot work with these settings; what it said stands above"
            )
        young = now - place.started_at < STEADY_SECONDS
        place.pause = min(max(place.pause * 2, FIRST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS) if young else 0.0
        place.start_at = now + place.pause
        logger.warning("worker %s ended with %s; started again in %g s", place.number, code, place.pause)

    def _end(self) -> None:
        """Tell every child to stop, wait for the grace and a little more, kill who is left: its leases end by time."""
        living = [(place, process) for place in self.places if (process := place.process) is not None]
        for _, process in living:
            process.terminate()
        give_up_at = self.clock() + self.grace_seconds + END_SECONDS
        for place, process in living:
            try:
                process.wait(max(0.0, give_up_at - self.clock()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _close(place)


def _close(place: _Place) -> None:
    if place.process is not None and place.process.stdin is not None:
        place.process.stdin.close()
    place.process = None


def stop_when_orphaned(stop: threading.Event) -> None:
    """Set the event when the supervisor that holds the other end of standard input is gone."""

    def watch() -> None:
        # Not through sys.stdin: a thread that holds its buffer's lock would crash the interpreter at its end.
        while os.read(0, 1):
            pass  # nobody writes anything; only the end matters
        stop.set()

    threading.Thread(target=watch, name="orphan-watch", daemon=True).start()
