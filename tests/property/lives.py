"""Lives of aggregates made by their own decisions: what happens next is drawn, what it means is decided."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from hypothesis import strategies as st

from domain.errors import RefusedError
from domain.event import Event, Recorded
from tests.support.history import START, recorded

State = TypeVar("State")
Act = tuple[str, int]  # which method of a life, and its variation; 0 is what goes well
MOST_ACTS = 30
VARIATIONS = 12


def acts(life: type[Any]) -> st.SearchStrategy[list[Act]]:
    """Draw what happens to a life: one of its BEGINNINGS, then any of its ACTS, about half of which go well."""
    variations = st.just(0) | st.integers(0, VARIATIONS - 1)
    rest = st.lists(st.tuples(st.sampled_from(life.ACTS), variations), max_size=MOST_ACTS)
    return st.builds(list.__add__, st.sampled_from(life.BEGINNINGS).map(list), rest)


class Life(Generic[State]):
    """The history of one aggregate; each fact is folded the moment it is decided."""

    def __init__(self, fold: Callable[[Iterable[Recorded]], State]) -> None:
        self._fold = fold
        self.history: list[Recorded] = []
        self.states: list[State] = [fold([])]

    @property
    def state(self) -> State:
        """The state after everything so far."""
        return self.states[-1]

    @property
    def now(self) -> datetime:
        """A minute after the last fact."""
        return START + timedelta(minutes=len(self.history))

    def happen(self, events: Iterable[Event]) -> None:
        """Append what was decided, and fold after each fact."""
        for event in events:
            self.history += recorded([event], after=len(self.history))
            self.states.append(self._fold(self.history))

    def ordered(self, decide: Callable[[], Iterable[Event]]) -> None:
        """Let a person order something; an order that is refused changes nothing."""
        try:
            events = tuple(decide())
        except RefusedError:
            return  # the person reads why
        self.happen(events)
