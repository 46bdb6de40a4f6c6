"""The table of due work as errands and their shell see it: claims lock what they take, nothing comes in or goes."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from adapters.eventlog.database import Database
from adapters.eventlog.times import moment, stamp
from domain.ports.store import Backlog, DueRow

READER = "relay"  # the relay's name among the log's readers
PENDING = "pending"  # asked for by who changes several rows, so that no two wait for each other's; claims skip instead
_FOLDED = f"COALESCE((SELECT notification_id FROM tracking WHERE application_name = '{READER}'), 0)"  # noqa: S608 (fixed text)
_READY = (
    "waits_for IS NULL AND due_at <= :now AND (claimed_until IS NULL OR claimed_until <= :now)"
    f" AND after_position <= {_FOLDED}"
)
_HELD = "connection = ? AND errand = ? AND aggregate = ? AND claimed_by = ? AND claim = ?"
_GIVE_BACK = "claimed_by = NULL, claim = '', claimed_until = NULL"


class PendingWork:
    """WorkBoard over `pending`. Thread-safe, and safe with other processes.

    Claims and returns are not synced to the disk one by one: what a power cut may undo, a lease would have undone.
    """

    def __init__(self, database: Database, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._events = database.events
        self._positions = database.positions
        self._now = now

    def claim(self, errand: str, *, connection: UUID, limit: int, worker: str, lease: timedelta) -> list[DueRow]:
        """Claim due rows, oldest due first."""
        now = self._now()
        token, until = uuid4().hex, stamp(now + lease)
        wanted = {"connection": connection.hex, "errand": errand, "now": stamp(now), "limit": limit}
        with self._database.writing(durable=False) as cursor:
            cursor.execute(
                "SELECT aggregate, version, attempts, due_at FROM pending"  # noqa: S608 (fixed texts)
                f" WHERE connection = :connection AND errand = :errand AND {_READY}"
                f" ORDER BY due_at, aggregate LIMIT :limit{self._database.dialect.skip_locked}",
                wanted,
            )
            rows = cursor.fetchall()
            # By their keys: a server that has no statistics yet plans one joined statement as a scan of them all.
            cursor.executemany(
                "UPDATE pending SET claimed_by = ?, claim = ?, claimed_until = ?"
                " WHERE connection = ? AND errand = ? AND aggregate = ?",
                [(worker, token, until, connection.hex, errand, row["aggregate"]) for row in rows],
            )
        return [
            DueRow(
                connection=connection,
                errand=errand,
                aggregate=UUID(row["aggregate"]),
                version=row["version"],
                attempts=row["attempts"],
                due_at=moment(row["due_at"]),
                claim=token,
            )
            for row in rows
        ]

    def postpone(self, rows: Sequence[DueRow], *, worker: str, until: datetime, attempt: bool = True) -> None:
        """Give rows back, due again at `until`."""
        with self._database.writing(durable=False) as cursor:
            self._database.lock(cursor, PENDING)
            cursor.executemany(
                f"UPDATE pending SET due_at = ?, attempts = attempts + ?, {_GIVE_BACK} WHERE {_HELD}",  # noqa: S608 (fixed texts)
                [(stamp(until), int(attempt), *_key(row, worker)) for row in rows],
            )

    def release(self, rows: Sequence[DueRow], *, worker: str) -> None:
        """Give rows back; claimable again once the relay folded everything appended so far."""
        with self._database.writing(durable=False) as cursor:
            self._database.lock(cursor, PENDING)
            last = self._events.last_position(cursor)
            cursor.executemany(
                f"UPDATE pending SET after_position = ?, {_GIVE_BACK} WHERE {_HELD}",  # noqa: S608 (fixed texts)
                [(last, *_key(row, worker)) for row in rows],
            )

    def give_up(self, worker: str, *, but_for: Collection[str] = ()) -> None:
        """Give back what a process holds that is about to end in the midst of it, but for some errands' rows.

        Whoever claims a row next reads the log first, where an intent without an outcome is in doubt and only looked
        up, from its deadline on; and what the ending process still says of a row counts no more, for its claim is gone.
        """
        with self._database.writing(durable=False) as cursor:
            self._database.lock(cursor, PENDING)
            last = self._events.last_position(cursor)
            cursor.execute(
                f"UPDATE pending SET after_position = ?, {_GIVE_BACK} WHERE claimed_by = ?"  # noqa: S608 (fixed texts)
                f"{' AND errand <> ?' * len(but_for)}",
                (last, worker, *but_for),
            )

    def due_counts(self, now: datetime) -> dict[tuple[UUID, str], int]:
        """Count the claimable rows by connection and errand."""
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT connection, errand, COUNT(*) AS number FROM pending WHERE {_READY}"  # noqa: S608 (fixed texts)
                " GROUP BY connection, errand",
                {"now": stamp(now)},
            )
            return {(UUID(row["connection"]), row["errand"]): row["number"] for row in cursor.fetchall()}

    def backlog(self, now: datetime) -> dict[tuple[UUID, str], Backlog]:
        """Give what is due by connection and errand, claimed rows included."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT connection, errand, COUNT(*) AS number, MIN(due_at) AS oldest FROM pending"
                " WHERE waits_for IS NULL AND due_at <= ? GROUP BY connection, errand",
                (stamp(now),),
            )
            return {
                (UUID(row["connection"]), row["errand"]): Backlog(
                    rows=row["number"], oldest_due_at=moment(row["oldest"])
                )
                for row in cursor.fetchall()
            }

    def next_due_at(self, connection: UUID) -> datetime | None:
        """Give the earliest time a row can be claimed, rows that wait for a key left out."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT MIN(CASE WHEN claimed_until > due_at THEN claimed_until ELSE due_at END) AS earliest"
                " FROM pending WHERE connection = ? AND waits_for IS NULL",
                (connection.hex,),
            )
            earliest = cursor.fetchone()["earliest"]
        return None if earliest is None else moment(earliest)

    def is_quiet(self, connection: UUID, *, until: datetime | None = None, but_for: Collection[str] = ()) -> bool:
        """Whether everything is folded, nothing is claimed, and nothing falls due up to `until` (default: now)."""
        now = self._now()
        with self._database.reading() as cursor:
            if self._positions.at(cursor, READER) < self._events.last_position(cursor):
                return False
            cursor.execute(
                "SELECT DISTINCT errand FROM pending WHERE connection = ?"
                " AND (claimed_until > ? OR (waits_for IS NULL AND due_at <= ?))",
                (connection.hex, stamp(now), stamp(until or now)),
            )
            return all(row["errand"] in but_for for row in cursor.fetchall())

    def in_hand(self, connection: UUID) -> dict[str, int]:
        """Count the rows that are claimed, by errand."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT errand, COUNT(*) AS number FROM pending WHERE connection = ? AND claimed_until > ?"
                " GROUP BY errand ORDER BY errand",
                (connection.hex, stamp(self._now())),
            )
            return {row["errand"]: row["number"] for row in cursor.fetchall()}

    def waiting(self, connection: UUID) -> dict[str, int]:
        """Count the rows that wait, by key."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT waits_for, COUNT(*) AS number FROM pending WHERE connection = ? AND waits_for IS NOT NULL"
                " GROUP BY waits_for",
                (connection.hex,),
            )
            return {row["waits_for"]: row["number"] for row in cursor.fetchall()}

    def sweep(self) -> int:
        """Make rows due that wait for a key which is open; give how many there were (0 unless something is wrong)."""
        with self._database.writing() as cursor:
            self._database.lock(cursor, PENDING)
            cursor.execute(
                "UPDATE pending SET waits_for = NULL, due_at = ? WHERE waits_for IS NOT NULL AND EXISTS ("
                "SELECT 1 FROM open_keys WHERE open_keys.connection = pending.connection"
                " AND open_keys.name = pending.waits_for) RETURNING 1",
                (stamp(self._now()),),
            )
            return len(cursor.fetchall())


def _key(row: DueRow, worker: str) -> tuple[str, str, str, str, str]:
    return row.connection.hex, row.errand, row.aggregate.hex, worker, row.claim
