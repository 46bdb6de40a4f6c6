"""The projections' tables in memory, for tests and the simulation."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from threading import RLock
from uuid import UUID

from domain.ports.projections import Changes, Found, Row, RowKey, Tally


class MemoryProjections:
    """ProjectionStore over dictionaries. Thread-safe."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._rows: dict[str, dict[RowKey, Row]] = defaultdict(dict)
        self._positions: dict[str, int] = {}

    def positions(self, projections: Collection[str]) -> dict[str, int]:
        """Give the positions."""
        with self._lock:
            return {name: self._positions.get(name, 0) for name in projections}

    def load(self, projection: str, keys: Collection[RowKey]) -> dict[RowKey, Row]:
        """Give rows by key."""
        with self._lock:
            rows = self._rows[projection]
            return {key: rows[key] for key in keys if key in rows}

    def apply(self, changes: Sequence[Changes]) -> bool:
        """Save, delete and move on, unless another runner was faster."""
        with self._lock:
            if any(self._positions.get(change.projection, 0) != change.after for change in changes):
                return False
            for change in changes:
                rows = self._rows[change.projection]
                rows.update({row.row_key: row for row in change.save})
                for key in change.delete:
                    rows.pop(key, None)
                self._positions[change.projection] = change.position
            return True

    def rows(
        self,
        projection: str,
        *,
        connection: UUID | None = None,
        states: Collection[str] | None = None,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Give rows in order."""
        with self._lock:
            found = [
                row
                for row in self._rows[projection].values()
                if (connection is None or row.connection == connection)
                and (states is None or row.state in states)
                and (after is None or (row.sort_key, row.key) > after)
            ]
        return sorted(found, key=lambda row: (row.sort_key, row.key))[:limit]

    def tally(self, projection: str, *, connection: UUID) -> dict[str, Tally]:
        """Count and add up."""
        sums: dict[str, list[int]] = defaultdict(list)
        for row in self.rows(projection, connection=connection):
            sums[row.state].append(row.amount)
        return {state: Tally(len(amounts), sum(amounts)) for state, amounts in sums.items()}

    def find(
        self, text: str, *, connection: UUID | None = None, exact: bool, projections: Collection[str], limit: int
    ) -> list[Found]:
        """Find rows by their terms."""
        wanted = text.lower()
        found = [
            Found(projection=name, connection=row.connection, key=row.key, name=row.sort_key, term=term)
            for name in projections
            for row in self.rows(name, connection=connection)
            for term in row.terms
            if (term == wanted if exact else term.startswith(wanted))
        ]
        return sorted(found, key=lambda hit: (hit.term, hit.projection, hit.key))[:limit]

    def clear(self, projection: str) -> None:
        """Drop rows and position."""
        with self._lock:
            self._rows.pop(projection, None)
            self._positions.pop(projection, None)
