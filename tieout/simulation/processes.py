"""The processes of a run: each its own tools over the shared store, its own clocks, its own name per life."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar, cast

from actors.tools import Tools
from domain.ports import BlobStore, EventLog, LedgerSystem, PayablesSystem, PollBook, WorkQueue
from tieout.simulation.boundary import Port, guarded
from tieout.simulation.clocks import ProcessClock
from tieout.simulation.money_writes import LedgerPort, PayablesPort, Wire
from tieout.simulation.world import World

T = TypeVar("T")
R = TypeVar("R")
SKEW = timedelta(seconds=2)
WORK_CALLS = {"claim": "claim", "release": "release", "postpone": "postpone"}
POLL_CALLS = {"claim": "poll claim", "finish": "poll finish", "fail": "poll fail"}


@dataclass
class Process:
    """One process: its slot, how often it was born, its clocks, its tools now."""

    slot: int
    births: int
    clock: ProcessClock
    tools: Tools

    @property
    def name(self) -> str:
        """The name in its claims and attempt ids: another one in every life."""
        return name_of(self.slot, self.births)


class LogPort(Port):
    """The event log as one process sees it: appends cross the boundary, named after the errand at work."""

    def __init__(self, site: Wire, worker: str, log: EventLog, at_work: Callable[[], str]) -> None:
        super().__init__(site, worker, log, {})
        self._at_work = at_work

    def append(self, batch: Any, **options: Any) -> None:
        """Append, or not, or nobody knows."""
        guarded(self._site, self._worker, f"append in {self._at_work()}", lambda: self._inner.append(batch, **options))


def name_of(slot: int, births: int) -> str:
    """Name a process in one of its lives."""
    return f"w{slot}.{births}"


def give_birth(
    world: World, wire: Wire, slot: int, births: int, at_work: Callable[[], str], *, clock: ProcessClock | None = None
) -> Process:
    """Start a process. clock: its machine's, which one that is still at work there shares; None makes a fresh one."""
    name = name_of(slot, births)
    if clock is None:
        clock = ProcessClock(world.time, world.dice.span(SKEW * 2, "skew", slot) - SKEW)
    ids = count(1)
    throws = count(1)
    tools = Tools(
        rules=world.rules,
        log=cast(EventLog, LogPort(wire, name, world.store.log, at_work)),
        work=cast(WorkQueue, Port(wire, name, world.store.work, WORK_CALLS)),
        polls=cast(PollBook, Port(wire, name, world.store.polls, POLL_CALLS)),
        blobs=cast(BlobStore, world.store.blobs),
        ledger=cast(LedgerSystem, LedgerPort(wire, name, world.ledger, clock)),
        payables=cast(PayablesSystem, PayablesPort(wire, name, world.payables, clock)),
        clock=clock,
        new_id=lambda: f"{name}-{next(ids)}",
        chance=lambda: world.dice.chance("jitter", slot, births, next(throws)),
        worker=name,
        spread=one_by_one,
        index_turns_after=world.index_turns_after,
    )
    return Process(slot, births, clock, tools)


def one_by_one(function: Callable[[T], R], items: Iterable[T], *, at_once: int) -> list[R]:
    """Run one after the other, whatever could be done at once."""
    return [function(item) for item in items if at_once]
