"""Histories for domain tests: given what happened, when something is decided, then these facts follow."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from domain.event import Event, Meta, Recorded

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CONNECTION = UUID("00000000-0000-4000-8000-0000000000c0")
STREAM = UUID("00000000-0000-4000-8000-0000000000a1")
_State = TypeVar("_State")


def recorded(
    events: Iterable[Event],
    *,
    stream: UUID = STREAM,
    connection: UUID = CONNECTION,
    start: datetime = START,
    step: timedelta = timedelta(minutes=1),
    after: int = 0,
) -> list[Recorded]:
    """Record events one `step` apart, as versions (and positions) behind `after`."""
    return [
        Recorded(
            stream=stream,
            version=after + number,
            position=after + number,
            meta=Meta(
                connection=connection,
                recorded_at=start + step * (after + number - 1),
                occurred_at=start + step * (after + number - 1),
                correlation_id="test",
            ),
            event=event,
        )
        for number, event in enumerate(events, start=1)
    ]


@dataclass(frozen=True)
class Outcome(Generic[_State]):
    """What was decided, and the state it leads to."""

    history: Sequence[Recorded]
    fold: Callable[[Iterable[Recorded]], _State]
    events: tuple[Event, ...]

    @property
    def state(self) -> _State:
        """Fold the history with what was decided."""
        return self.fold([*self.history, *recorded(self.events, after=len(self.history))])

    def then(self, expected: Sequence[Event]) -> "Outcome[_State]":
        """Demand exactly these facts, in this order."""
        assert list(self.events) == list(expected)
        return self

    def then_nothing(self) -> "Outcome[_State]":
        """Demand that nothing was decided."""
        return self.then([])


@dataclass(frozen=True)
class Given(Generic[_State]):
    """A history with the fold of its aggregate."""

    history: Sequence[Recorded]
    fold: Callable[[Iterable[Recorded]], _State]

    @property
    def state(self) -> _State:
        """Fold the history."""
        return self.fold(self.history)

    def when(self, decide: Callable[[_State], Iterable[Event]]) -> Outcome[_State]:
        """Decide on the history's state, for example `.when(lambda state: decide_hold(state, why=...))`."""
        return Outcome(self.history, self.fold, tuple(decide(self.state)))


def given(events: Iterable[Event], *, fold: Callable[[Iterable[Recorded]], _State]) -> Given[_State]:
    """Begin with what happened; `fold` is the aggregate's."""
    return Given(recorded(events), fold)
