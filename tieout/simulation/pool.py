"""Processes that work for one other, each asked over a pipe of its own; they end with it, however it ends."""

import contextlib
import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from domain.errors import TransientError

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 3  # results for each process that may wait for the one whose turn it is
TICK = 0.1  # seconds until a stop is seen
YOUNG = 20_000  # objects made before the youngest are searched for cycles: at 700 it takes a twelfth of the time
_STOPS = (signal.SIGINT, signal.SIGTERM)


def in_order(
    function: Callable[[T], R], tasks: Iterable[T], *, processes: int, stop: threading.Event
) -> Generator[R, None, None]:
    """Give a function's results in the order of its tasks, until there are no more or somebody says stop.

    Closing the iterator ends the processes, whatever they are at: what one leaves half said stays in its own pipe.
    """
    pool = _Pool(processes)
    given = enumerate(tasks)
    results: dict[int, R] = {}
    following = 0
    try:
        while not stop.is_set():
            while pool.has_room and pool.under_way + len(results) < processes * AHEAD:
                numbered = next(given, None)
                if numbered is None:
                    break
                number, task = numbered
                pool.give(number, function, task)
            if not pool.under_way and not results:
                return
            results.update(pool.hear())
            while following in results and not stop.is_set():
                yield results.pop(following)
                following += 1
    finally:
        pool.end()


class _Pool:
    """Fresh interpreters, deaf to what stops their owner; one is started when none is idle."""

    def __init__(self, processes: int) -> None:
        self._most = processes
        resource_tracker.ensure_running()  # starting it lifts the block of signals that the others are to inherit
        self._context = multiprocessing.get_context("spawn")
        self._processes: list[Any] = []
        self._idle: list[Connection] = []
        self._busy: dict[Connection, int] = {}

    @property
    def under_way(self) -> int:
        """How many tasks were given out and not answered."""
        return len(self._busy)

    @property
    def has_room(self) -> bool:
        """Whether somebody is free to take a task."""
        return len(self._busy) < self._most

    def give(self, number: int, function: Callable[[T], Any], task: T) -> None:
        """Give a task to somebody who is free.

        Raises TransientError when a process was killed.
        """
        pipe = self._idle.pop() if self._idle else self._start()
        self._busy[pipe] = number
        with _alive():
            pipe.send((function, task))

    def hear(self) -> Iterator[tuple[int, Any]]:
        """Give the results that have come, with their numbers, after a moment at the latest.

        Raises TransientError when a process was killed.
        """
        ready = wait([*self._busy], TICK)
        for pipe in [one for one in self._busy if one in ready]:
            with _alive():
                result, fault = pipe.recv()
            if fault is not None:
                raise fault
            self._idle.append(pipe)
            yield self._busy.pop(pipe), result

    def end(self) -> None:
        """End every process at once."""
        for process in self._processes:
            process.kill()
            process.join()
        for pipe in (*self._idle, *self._busy):
            pipe.close()

    def _start(self) -> Connection:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,))
        with _unheard():
            process.start()
        theirs.close()
        self._processes.append(process)
        return ours


@contextlib.contextmanager
def _alive() -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError) as died:
        raise TransientError("one of the processes that simulate was killed from outside") from died


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Block what stops a process: one that is started now inherits that."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection) -> None:
    gc.set_threshold(YOUNG)
    owner = multiprocessing.parent_process()
    if owner is not None:
        threading.Thread(target=_end_with, args=(owner.sentinel,), daemon=True).start()
    with contextlib.suppress(EOFError):  # nobody asks any more
        while True:
            function, task = pipe.recv()
            try:
                result = function(task)
            except Exception as fault:  # noqa: BLE001 - whoever asked is told of it
                pipe.send((None, fault))
            else:
                pipe.send((result, None))


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)  # nobody is left to hear of anything
