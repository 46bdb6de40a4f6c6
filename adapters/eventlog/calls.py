"""How many requests each connection has cost so far, by system, over all processes that noted theirs."""

from collections.abc import Mapping
from uuid import UUID

from adapters.eventlog.database import Database


class CallBook:
    """Totals of requests. A process notes what it sent since it noted last; one that is killed loses that part."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: UUID, calls: Mapping[str, int]) -> None:
        """Add requests by system (infor, avidxchange)."""
        rows = [(connection.hex, system, count) for system, count in calls.items() if count]
        if not rows:
            return
        with self._database.writing(durable=False) as cursor:
            cursor.executemany(
                "INSERT INTO remote_calls (connection, system, calls) VALUES (?, ?, ?)"
                " ON CONFLICT (connection, system) DO UPDATE SET calls = remote_calls.calls + excluded.calls",
                rows,
            )

    def totals(self, connection: UUID) -> dict[str, int]:
        """Give the totals by system."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT system, calls FROM remote_calls WHERE connection = ?", (connection.hex,))
            return {row["system"]: row["calls"] for row in cursor.fetchall()}
