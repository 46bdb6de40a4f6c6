"""The runner: folds the log into every projection, a page of events per transaction with the position in it."""

from collections.abc import Sequence

from domain.ports.projections import ProjectionStore
from domain.ports.store import EventLog
from projections.projection import AnyProjection

PAGE = 1000  # events folded in one transaction


class Runner:
    """Keeps projections up to date; any number of runners may work on one store."""

    def __init__(self, log: EventLog, storage: ProjectionStore, projections: Sequence[AnyProjection]) -> None:
        self._log = log
        self._storage = storage
        self._projections = tuple(projections)

    def step(self, limit: int = PAGE, *, until: int | None = None) -> int:
        """Fold one page into the projections that are furthest behind; give how many events it held (0 = nothing new).

        until: nothing more is folded once all of them have come so far.

        The positions are read before the rows and compared again when both are written, so that a page which another
        runner folded meanwhile is thrown away, never folded twice.
        """
        positions = self._storage.positions([p.name for p in self._projections])
        after = min(positions.values(), default=0)
        if until is not None and after >= until:
            return 0
        page = self._log.read(after=after, limit=limit)
        if not page:
            return 0
        position = page[-1].position
        behind = [p for p in self._projections if positions[p.name] == after]
        changes = []
        for projection in behind:
            facts = projection.followed(page)
            rows = self._storage.load(projection.name, {key for key, _ in facts}) if facts else {}
            changes.append(projection.fold(rows, facts, after=after, position=position))
        # A False answer needs no care: another runner folded these events, the next step goes on behind them.
        self._storage.apply(changes)
        return len(page)

    def catch_up(self, limit: int = PAGE) -> int:
        """Fold what was there when it began; give how many events were read.

        Others may append faster than rows are folded: whoever waits for the end of such a log is never done.
        """
        end, folded = self._log.last_position(), 0
        while count := self.step(limit, until=end):
            folded += count
        return folded

    def rebuild(self) -> int:
        """Drop every row and fold the whole log again; give how many events were read."""
        for projection in self._projections:
            self._storage.clear(projection.name)
        return self.catch_up()
