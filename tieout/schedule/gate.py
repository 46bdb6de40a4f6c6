"""The gate: whether an errand or a poll may start now. A removal stops all, a pause what is new, a blackout polls."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from actors.errands.catalogue import LOOK_UPS, POLLS
from domain.connections.connection import Connection, fold
from domain.connections.removal import removed_words
from domain.identifiers import stream_id
from domain.ports import EventLog
from tieout.schedule.plan import Plan

FRESH_SECONDS = 1.0  # a pause takes effect within this time, in every process


def may_start(name: str, *, state: Connection, plan: Plan | None, now: datetime) -> str:
    """Say why an errand or poll of a connection may not start now; "" when it may.

    Removed: nothing, for nothing is in doubt then. Paused: no poll, no send, no plan; what is in doubt is still looked
    up. Blackout: no poll; work that is due goes on.
    plan: None for an explicit order, which keeps to a pause but to no blackout.
    """
    if state.removed:
        return removed_words(state)
    if state.is_paused(now) and name not in LOOK_UPS:
        return paused(state)
    if plan is not None and name in POLLS and plan.blackout.covers(now):
        return f"blackout until {shown(plan.blackout.free_from(now))}"
    return ""


def paused(state: Connection) -> str:
    """Say who paused a connection, why and until when."""
    by = f" by {state.paused_by}" if state.paused_by else ""
    why = f": {state.pause_reason}" if state.pause_reason else ""
    end = f"until {shown(state.paused_until)}" if state.paused_until else "until a person resumes it"
    return f"paused{by} {end}{why}"


def shown(moment: datetime) -> str:
    """Write a moment for a sentence: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Gate:
    """Asks `may_start` by what the store says, read at most once a second per connection. Thread-safe."""

    def __init__(self, log: EventLog, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._seconds = seconds
        self._plans: dict[UUID, Plan] = {}
        self._seen: dict[UUID, tuple[float, Connection, datetime]] = {}
        self._orders = 0
        self._lock = threading.Lock()

    def watch(self, connection: UUID, plan: Plan) -> None:
        """Keep to a connection's plan from now on."""
        self._plans[connection] = plan

    @contextmanager
    def ordered(self) -> Iterator[None]:
        """Let a person's explicit order poll within blackouts; a pause still holds."""
        with self._lock:
            self._orders += 1
        try:
            yield
        finally:
            with self._lock:
                self._orders -= 1

    def held_back(self, connection: UUID, name: str) -> str:
        """Say why an errand or poll may not start now, "" when it may. Raises StoreError."""
        state, now = self._look(connection)
        plan = None if self._orders else self._plans.get(connection)
        return may_start(name, state=state, plan=plan, now=now)

    def _look(self, connection: UUID) -> tuple[Connection, datetime]:
        at = self._seconds()
        with self._lock:
            seen = self._seen.get(connection)
            if seen is None or not 0 <= at - seen[0] < FRESH_SECONDS:
                seen = (at, connection_state(self._log, connection), self._log.now())
                self._seen[connection] = seen
        return seen[1], seen[2]


def connection_state(log: EventLog, connection: UUID) -> Connection:
    """Give a connection's state as its own stream tells it."""
    stream = stream_id(connection, "connection", "")
    return fold(log.load([stream])[stream])
