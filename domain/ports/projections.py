"""Port of the projections' tables: rows by key, moved on a page of events at a time together with the position."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

import msgspec


class RowKey(msgspec.Struct, frozen=True, order=True):
    """Names a row within its projection."""

    connection: UUID
    key: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row.

    amount: minor units of currency, summed up by `tally`; terms: what a search finds it by, in lower case;
    data: the projection's struct as JSON.
    """

    connection: UUID
    key: str
    state: str = ""
    sort_key: str = ""
    amount: int = 0
    terms: tuple[str, ...] = ()
    data: bytes

    @property
    def row_key(self) -> RowKey:
        """Name the row."""
        return RowKey(self.connection, self.key)


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a page of events makes of one projection, whose position moves from `after` to `position`."""

    projection: str
    after: int
    position: int
    save: tuple[Row, ...] = ()
    delete: tuple[RowKey, ...] = ()


class Tally(msgspec.Struct, frozen=True):
    """How many rows there are, and the sum of their amounts."""

    count: int
    amount: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A row that a search found; name: its sort key."""

    projection: str
    connection: UUID
    key: str
    name: str
    term: str


class ProjectionStore(Protocol):
    """The rows of all projections. Thread-safe, and safe with other processes. Raises StoreError."""

    def positions(self, projections: Collection[str]) -> dict[str, int]:
        """Give the position each projection is folded up to, 0 before its first page."""

    def load(self, projection: str, keys: Collection[RowKey]) -> dict[RowKey, Row]:
        """Give rows by key; missing ones are left out."""

    def apply(self, changes: Sequence[Changes]) -> bool:
        """Save, delete and move the positions in one transaction.

        False, and nothing is changed, when some projection is not at `after` any more: another runner was faster.
        """

    def rows(
        self,
        projection: str,
        *,
        connection: UUID | None = None,
        states: Collection[str] | None = None,
        after: tuple[str, str] | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Give rows in the order of (sort key, key); after: the last row of the page before."""

    def tally(self, projection: str, *, connection: UUID) -> dict[str, Tally]:
        """Count rows and add up their amounts, by state."""

    def find(
        self, text: str, *, connection: UUID | None = None, exact: bool, projections: Collection[str], limit: int
    ) -> list[Found]:
        """Find rows by a term, or (not `exact`) by the beginning of one; one answer per row and term."""

    def clear(self, projection: str) -> None:
        """Drop a projection's rows and its position: the next page is the log's first."""
