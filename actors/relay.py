"""The relay: follows the log and keeps the table of due work, rows and position in one transaction."""

from collections.abc import Callable, Sequence
from typing import Protocol

from domain.effects import Change
from domain.event import Recorded
from domain.routing import route

PAGE = 1000  # events folded in one transaction

Fold = Callable[[Sequence[Recorded]], Sequence[Change]]


class RelayStore(Protocol):
    """The store as the relay sees it: a log to read, a table to change, a position kept with the table."""

    def position(self) -> int:
        """Give the position folded so far, 0 before the first page."""

    def read(self, *, after: int, limit: int) -> list[Recorded]:
        """Give the events behind a position, in position order."""

    def apply(self, changes: Sequence[Change], *, after: int, position: int) -> bool:
        """Apply the changes in order and move the position from `after` to `position`, in one transaction.

        False, and nothing is changed, when the position is not `after` any more: another relay was faster.
        """

    def refold(self, fold: Fold, *, limit: int) -> int:
        """Drop rows and keys and fold the whole log again, in one transaction; give the number of events.

        A row that comes back with the same version keeps its claim, its attempts and its time.
        """


class Relay:
    """Folds new events into due work; any number of relays may run on one store."""

    def __init__(self, store: RelayStore, *, page: int = PAGE) -> None:
        self._store = store
        self._page = page

    def step(self) -> int:
        """Fold one page; give how many events it held (0 = nothing new)."""
        after = self._store.position()
        page = self._store.read(after=after, limit=self._page)
        if page:
            # A False answer needs no care: the other relay folded these events, the next step goes on behind them.
            self._store.apply(changes(page), after=after, position=page[-1].position)
        return len(page)

    def drain(self) -> int:
        """Fold until nothing is new; give how many events were read."""
        folded = 0
        while count := self.step():
            folded += count
        return folded

    def rebuild(self) -> int:
        """Drop the table and fold the whole log again; give how many events it holds."""
        return self._store.refold(changes, limit=self._page)


def changes(page: Sequence[Recorded]) -> list[Change]:
    """Give what a page of events changes in the table of due work, in order."""
    return [
        Change(recorded.meta.connection, recorded.version, recorded.meta.recorded_at, effect)
        for recorded in page
        for effect in route(recorded)
    ]
