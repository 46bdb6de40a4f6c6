"""The projections' rows, their search terms and their positions in the log, moved on together."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from adapters.eventlog.database import Database
from adapters.eventlog.sql import Cursor, marks
from domain.ports.projections import Changes, Found, Row, RowKey, Tally

TABLES: dict[str, str] = {
    "projection_rows": """
        projection TEXT NOT NULL, connection TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL,
        sort_key TEXT NOT NULL, amount INTEGER NOT NULL, data BLOB NOT NULL,
        PRIMARY KEY (projection, connection, key)""",
    "projection_terms": """
        projection TEXT NOT NULL, connection TEXT NOT NULL, key TEXT NOT NULL, term TEXT NOT NULL,
        PRIMARY KEY (projection, connection, key, term)""",
}
INDEXES = (
    "CREATE INDEX IF NOT EXISTS projection_rows_listed ON projection_rows (projection, connection, sort_key, key)",
    "CREATE INDEX IF NOT EXISTS projection_rows_state ON projection_rows (projection, connection, state, amount)",
    "CREATE INDEX IF NOT EXISTS projection_terms_term ON projection_terms (term)",
)
_CHUNK = 400  # keys in one query; SQLite limits the number of parameters
_LAST = "\U0010ffff"  # behind every text that begins the same way
_SAVE = (
    "INSERT INTO projection_rows (projection, connection, key, state, sort_key, amount, data)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (projection, connection, key) DO UPDATE SET"
    " state = excluded.state, sort_key = excluded.sort_key, amount = excluded.amount, data = excluded.data"
)
_SAVE_TERM = "INSERT INTO projection_terms (projection, connection, key, term) VALUES (?, ?, ?, ?)"
_THE_ROW = "WHERE projection = ? AND connection = ? AND key = ?"
_COLUMNS = "connection, key, state, sort_key, amount, data"


class ProjectionTables:
    """ProjectionStore over `projection_rows`, `projection_terms` and the library's tracking table."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._positions = database.positions

    def positions(self, projections: Collection[str]) -> dict[str, int]:
        """Give the positions."""
        with self._database.reading() as cursor:
            return {name: self._positions.at(cursor, _reader(name)) for name in projections}

    def load(self, projection: str, keys: Collection[RowKey]) -> dict[RowKey, Row]:
        """Give rows by key, in one query for up to 400 of a connection."""
        if not keys:
            return {}
        with self._database.reading() as cursor:
            return {row.row_key: row for row in self._load(cursor, projection, keys)}

    def apply(self, changes: Sequence[Changes]) -> bool:
        """Save, delete and move on, unless another runner was faster."""
        with self._database.writing(durable=False) as cursor:
            for name in sorted(_reader(change.projection) for change in changes):
                self._database.lock(cursor, name)
            for change in changes:
                if self._positions.at(cursor, _reader(change.projection)) != change.after:
                    return False
            for change in changes:
                _save(cursor, change)
                self._positions.advance(cursor, _reader(change.projection), change.position)
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
        if states is not None and not states:
            return []
        conditions, values = ["projection = ?"], list[Any]([projection])
        if connection is not None:
            conditions.append("connection = ?")
            values.append(connection.hex)
        if states is not None:
            conditions.append(f"state IN ({marks(states)})")
            values.extend(states)
        if after is not None:
            conditions.append("(sort_key, key) > (?, ?)")
            values.extend(after)
        statement = (
            f"SELECT {_COLUMNS} FROM projection_rows WHERE {' AND '.join(conditions)}"  # noqa: S608 (fixed texts, marks)
            " ORDER BY sort_key, key"
        )
        if limit is not None:
            statement += " LIMIT ?"
            values.append(limit)
        with self._database.reading() as cursor:
            cursor.execute(statement, values)
            found = cursor.fetchall()
            terms = self._terms(cursor, projection, [RowKey(UUID(row["connection"]), row["key"]) for row in found])
        return [_row(row, terms) for row in found]

    def tally(self, projection: str, *, connection: UUID) -> dict[str, Tally]:
        """Count and add up."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT state, COUNT(*) AS count, SUM(amount) AS amount FROM projection_rows"
                " WHERE projection = ? AND connection = ? GROUP BY state",
                (projection, connection.hex),
            )
            return {row["state"]: Tally(row["count"], int(row["amount"])) for row in cursor.fetchall()}

    def find(
        self, text: str, *, connection: UUID | None = None, exact: bool, projections: Collection[str], limit: int
    ) -> list[Found]:
        """Find rows by their terms."""
        if not projections:
            return []
        wanted = text.lower()
        conditions, values = [f"projection IN ({marks(projections)})"], list[Any](projections)
        if connection is not None:
            conditions.append("connection = ?")
            values.append(connection.hex)
        conditions.append("term = ?" if exact else "term >= ? AND term < ?")
        values.extend([wanted] if exact else [wanted, wanted + _LAST])
        statement = (
            "SELECT projection, connection, key, sort_key, term FROM projection_terms"  # noqa: S608 (fixed texts, marks)
            f" JOIN projection_rows USING (projection, connection, key) WHERE {' AND '.join(conditions)}"
            " ORDER BY term, projection, key LIMIT ?"
        )
        with self._database.reading() as cursor:
            cursor.execute(statement, [*values, limit])
            return [
                Found(
                    projection=row["projection"],
                    connection=UUID(row["connection"]),
                    key=row["key"],
                    name=row["sort_key"],
                    term=row["term"],
                )
                for row in cursor.fetchall()
            ]

    def clear(self, projection: str) -> None:
        """Drop rows, terms and position."""
        with self._database.writing() as cursor:
            self._database.lock(cursor, _reader(projection))
            cursor.execute("DELETE FROM projection_rows WHERE projection = ?", (projection,))
            cursor.execute("DELETE FROM projection_terms WHERE projection = ?", (projection,))
            cursor.execute("DELETE FROM tracking WHERE application_name = ?", (_reader(projection),))

    def _load(self, cursor: Cursor, projection: str, keys: Collection[RowKey]) -> Iterator[Row]:
        for connection, chunk in _chunks(keys):
            cursor.execute(
                f"SELECT {_COLUMNS} FROM projection_rows"  # noqa: S608 (fixed texts, marks)
                f" WHERE projection = ? AND connection = ? AND key IN ({marks(chunk)})",
                [projection, connection.hex, *chunk],
            )
            found = cursor.fetchall()
            terms = self._terms(cursor, projection, [RowKey(connection, row["key"]) for row in found])
            yield from (_row(row, terms) for row in found)

    def _terms(
        self, cursor: Cursor, projection: str, keys: Collection[RowKey]
    ) -> dict[tuple[str, str], tuple[str, ...]]:
        terms: dict[tuple[str, str], tuple[str, ...]] = {}
        for connection, chunk in _chunks(keys):
            cursor.execute(
                "SELECT connection, key, term FROM projection_terms"  # noqa: S608 (fixed texts, marks)
                f" WHERE projection = ? AND connection = ? AND key IN ({marks(chunk)}) ORDER BY key, term",
                [projection, connection.hex, *chunk],
            )
            for row in cursor.fetchall():
                name = (row["connection"], row["key"])
                terms[name] = (*terms.get(name, ()), row["term"])
        return terms


def _save(cursor: Cursor, change: Changes) -> None:
    gone = [(change.projection, key.connection.hex, key.key) for key in change.delete]
    kept = [(change.projection, row.connection.hex, row.key) for row in change.save]
    cursor.executemany(f"DELETE FROM projection_rows {_THE_ROW}", gone)  # noqa: S608 (fixed texts)
    cursor.executemany(f"DELETE FROM projection_terms {_THE_ROW}", [*gone, *kept])  # noqa: S608 (fixed texts)
    cursor.executemany(
        _SAVE,
        [(*name, row.state, row.sort_key, row.amount, row.data) for name, row in zip(kept, change.save, strict=True)],
    )
    cursor.executemany(
        _SAVE_TERM, [(*name, term) for name, row in zip(kept, change.save, strict=True) for term in row.terms]
    )


def _row(row: Any, terms: dict[tuple[str, str], tuple[str, ...]]) -> Row:
    return Row(
        connection=UUID(row["connection"]),
        key=row["key"],
        state=row["state"],
        sort_key=row["sort_key"],
        amount=row["amount"],
        terms=terms.get((row["connection"], row["key"]), ()),
        data=row["data"],
    )


def _chunks(keys: Iterable[RowKey]) -> Iterator[tuple[UUID, list[str]]]:
    """Give keys by connection, so many at a time."""
    by_connection: dict[UUID, list[str]] = {}
    for key in keys:
        by_connection.setdefault(key.connection, []).append(key.key)
    for connection, names in by_connection.items():
        for start in range(0, len(names), _CHUNK):
            yield connection, names[start : start + _CHUNK]


def _reader(projection: str) -> str:
    return f"projection:{projection}"
