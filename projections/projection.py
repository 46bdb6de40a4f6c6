"""What every projection is: a name, the facts it follows, a pure fold into rows, and how its rows are found again."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from domain.event import Event, Recorded
from domain.ports.projections import Changes, ProjectionStore, Row, RowKey

D = TypeVar("D", bound=msgspec.Struct)
# Sets are written in one order, so that a rebuilt row equals a live one byte for byte.
_ENCODER = msgspec.json.Encoder(order="deterministic")


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """What a row is listed, counted, summed and searched by."""

    state: str = ""
    sort_key: str = ""
    amount: int = 0
    terms: tuple[str, ...] = ()


def stream_key(recorded: Recorded) -> str:
    """Give the usual row key: the stream, so that one record has the same key in every projection."""
    return recorded.stream.hex


class Projection(Generic[D]):
    """A fold of the log into rows of type `data`.

    evolve: (row or None, event) -> row; None means that there is no row (any more).  handles: the facts it follows;
    every other fact leaves its rows alone.
    """

    def __init__(
        self,
        name: str,
        *,
        data: type[D],
        evolve: Callable[[D | None, Recorded], D | None],
        index: Callable[[D], Index],
        handles: frozenset[type[Event]],
        key: Callable[[Recorded], str] = stream_key,
    ) -> None:
        self.name = name
        self.handles = handles
        self._evolve = evolve
        self._index = index
        self._key = key
        self._decoder = msgspec.json.Decoder(data)

    def followed(self, page: Sequence[Recorded]) -> list[tuple[RowKey, Recorded]]:
        """Give the facts of a page that it follows, each with the row it touches."""
        return [
            (RowKey(recorded.meta.connection, self._key(recorded)), recorded)
            for recorded in page
            if type(recorded.event) in self.handles
        ]

    def fold(
        self, rows: Mapping[RowKey, Row], facts: Sequence[tuple[RowKey, Recorded]], *, after: int, position: int
    ) -> Changes:
        """Fold the followed facts of a page into the rows they touch."""
        folded: dict[RowKey, D | None] = {}
        for key, recorded in facts:
            before = folded[key] if key in folded else (self.read(rows[key]) if key in rows else None)
            folded[key] = self._evolve(before, recorded)
        return Changes(
            projection=self.name,
            after=after,
            position=position,
            save=tuple(self._row(key, data) for key, data in folded.items() if data is not None),
            delete=tuple(key for key, data in folded.items() if data is None and key in rows),
        )

    def read(self, row: Row) -> D:
        """Read a row's data."""
        return self._decoder.decode(row.data)

    def all(
        self, store: ProjectionStore, *, connection: UUID | None = None, states: Collection[str] | None = None
    ) -> list[D]:
        """Give the data of a connection's rows (of every connection: None), in their order."""
        return [self.read(row) for row in store.rows(self.name, connection=connection, states=states)]

    def some(self, store: ProjectionStore, connection: UUID, keys: Collection[str]) -> dict[str, D]:
        """Give the data of rows by key; missing ones are left out."""
        rows = store.load(self.name, [RowKey(connection, key) for key in keys])
        return {key.key: self.read(row) for key, row in rows.items()}

    def _row(self, key: RowKey, data: D) -> Row:
        index = self._index(data)
        return Row(
            connection=key.connection,
            key=key.key,
            state=index.state,
            sort_key=index.sort_key,
            amount=index.amount,
            terms=tuple(sorted({term.lower() for term in index.terms if term})),
            data=_ENCODER.encode(data),
        )


AnyProjection = Projection[Any]
