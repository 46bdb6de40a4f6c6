"""Runs of errands and calls of remotes as this process sees them, told to whoever observes: counters, traces, logs.

A run has a correlation id that its events, its log lines and its trace share.
"""

import logging
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Protocol, TypeVar
from uuid import uuid4

import msgspec

from domain.errors import (
    DoubtError,
    HeldError,
    MalformedError,
    MisconfiguredError,
    RefusedError,
    StoreError,
    TransientError,
)

R = TypeVar("R")
DONE, IDLE, UNEXPECTED = "done", "idle", "unexpected"
_OUTCOMES: tuple[tuple[type[Exception], str], ...] = (
    (StoreError, "store"),
    (TransientError, "transient"),
    (RefusedError, "refused"),
    (MalformedError, "malformed"),
    (MisconfiguredError, "misconfigured"),
    (HeldError, "held"),
    (DoubtError, "doubt"),
)
OUTCOMES = (DONE, IDLE, *(name for _, name in _OUTCOMES), UNEXPECTED)
logger = logging.getLogger(__name__)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One batch of an errand, or one poll. connection: its name; correlation_id: 32 hexadecimal digits."""

    errand: str
    connection: str
    correlation_id: str
    worker: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a remote. system: infor or avidxchange; label: what it does, from a fixed set."""

    connection: str
    system: str
    method: str
    label: str


Finished = Callable[[str, float], None]
"""Hears how a run ended: one of OUTCOMES, and the seconds it took."""
Answered = Callable[[int | None], None]
"""Hears a call's HTTP status; None when no answer came."""


class Observer(Protocol):
    """Hears of what begins, and by what it gives back of what ends, both in the thread that does it."""

    def run_began(self, run: Run) -> Finished:
        """Hear of a run."""

    def call_began(self, call: Call) -> Answered:
        """Hear of a call."""


_current: ContextVar[Run | None] = ContextVar("tieout_run", default=None)


def current_run() -> Run | None:
    """Give the run this thread works for."""
    return _current.get()


def outcome_of(error: BaseException) -> str:
    """Name the outcome a fault stands for."""
    return next((name for kind, name in _OUTCOMES if isinstance(error, kind)), UNEXPECTED)


class Watching:
    """Tells every observer of this process. Thread-safe; an observer that fails disturbs nothing."""

    def __init__(self, *, worker: str) -> None:
        self.worker = worker
        self._observers: tuple[Observer, ...] = ()
        self._closers: tuple[Callable[[], None], ...] = ()

    def add(self, observer: Observer, *, close: Callable[[], None] = lambda: None) -> None:
        """Tell one more observer from now on; `close` lets go what it holds."""
        self._observers = (*self._observers, observer)
        self._closers = (*self._closers, close)

    def close(self) -> None:
        """Tell nobody any more, and let go what the observers hold."""
        self._observers = ()
        _all(lambda close: close(), self._closers)
        self._closers = ()

    def of(self, connection: str) -> "ConnectionWatch":
        """Give what watches the errands of a connection."""
        return ConnectionWatch(self, connection)

    def run_began(self, run: Run) -> Finished:
        """Tell of a run; what is given back tells of its end."""
        heard = _all(lambda observer: observer.run_began(run), self._observers)

        def finished(outcome: str, seconds: float) -> None:
            _all(lambda end: end(outcome, seconds), reversed(heard))

        return finished

    def call_began(self, call: Call) -> Answered:
        """Tell of a call; what is given back tells of its answer."""
        heard = _all(lambda observer: observer.call_began(call), self._observers)

        def answered(status: int | None) -> None:
            _all(lambda end: end(status), reversed(heard))

        return answered


class ConnectionWatch:
    """`actors.watch.Watch` of one connection."""

    def __init__(self, watching: Watching, connection: str) -> None:
        self._watching = watching
        self._connection = connection
        self._noted: ContextVar[list[str] | None] = ContextVar("tieout_noted", default=None)

    def run(self, errand: str, work: Callable[[], R]) -> R:
        """Do the work under a fresh correlation id and tell how it ended; what it raises passes through."""
        run = Run(errand=errand, connection=self._connection, correlation_id=uuid4().hex, worker=self._watching.worker)
        noted: list[str] = []
        tokens = _current.set(run), self._noted.set(noted)
        began, outcome = time.monotonic(), UNEXPECTED
        finished = self._watching.run_began(run)
        try:
            result = work()
            outcome = noted[-1] if noted else DONE if result else IDLE
        except Exception as error:
            outcome = outcome_of(error)
            raise
        finally:
            finished(outcome, time.monotonic() - began)
            _current.reset(tokens[0])
            self._noted.reset(tokens[1])
        return result

    def note(self, error: Exception) -> None:
        """Keep the fault for the outcome of the run under way."""
        noted = self._noted.get()
        if noted is not None:
            noted.append(outcome_of(error))

    def correlation_id(self) -> str:
        """Give the id of the run under way, "" outside of one."""
        run = _current.get()
        return run.correlation_id if run is not None else ""

    def call(self, system: str, method: str, label: str) -> Answered:
        """Tell of a call to one of the connection's remotes."""
        return self._watching.call_began(Call(connection=self._connection, system=system, method=method, label=label))


T = TypeVar("T")
H = TypeVar("H")


def _all(tell: Callable[[T], H], observers: Iterable[T]) -> list[H]:
    """Tell each of them. Verdict on failure: the others are told, the work goes on, the log says so."""
    heard = []
    for observer in observers:
        try:
            heard.append(tell(observer))
        except Exception:
            logger.exception("an observer failed; the work goes on without it")
    return heard
