"""What the store says of itself: its incarnation, what held it when it was opened, the hold on money writes."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from adapters.eventlog.database import Database
from adapters.eventlog.schema import SCHEMA_VERSION
from adapters.eventlog.sql import Cursor
from adapters.eventlog.times import moment_or_none
from domain.errors import HeldError

FOR_EVER = datetime(9999, 12, 31, tzinfo=UTC)


class StoreState(msgspec.Struct, frozen=True, kw_only=True):
    """What the store says of itself; version: its tables'; went_back: a report nobody has answered with a hold yet."""

    version: int
    incarnation: UUID
    identity: str
    hold_until: datetime | None
    went_back: str | None

    @property
    def held_until(self) -> datetime | None:
        """The end of the hold on money writes; while a report is unanswered it has no end."""
        return FOR_EVER if self.went_back is not None else self.hold_until


def read_state(cursor: Cursor, *, kept: str = "") -> StoreState:
    """Read the store's own state; kept: the dialect's words that let nobody change it before the transaction ends."""
    cursor.execute(f"SELECT schema_version, incarnation, file_identity, hold_until, went_back FROM store_state{kept}")  # noqa: S608 (fixed texts)
    row = cursor.fetchone()
    return StoreState(
        version=row["schema_version"],
        incarnation=UUID(row["incarnation"]),
        identity=row["file_identity"],
        hold_until=moment_or_none(row["hold_until"]),
        went_back=row["went_back"],
    )


def known_state(cursor: Cursor, database: Database) -> StoreState:
    """Read the state within a writing transaction. Raises HeldError when something else holds the store by now.

    A server that fails over, or is restored, under a process at work: until somebody recognises it, nobody knows
    what it forgot. Whoever does waits for this transaction, or this one for them. Likewise when the tables were
    migrated under a process at work: it may not know what keeps two of them apart there.
    """
    state = read_state(cursor, kept=database.dialect.for_share)
    if database.identity(cursor) != state.identity:
        raise HeldError("the store is not the one it was when it was opened: it is held until it is opened again")
    if state.version != SCHEMA_VERSION:
        text = f"the store's tables have version {state.version} by now, this process knows {SCHEMA_VERSION}"
        raise HeldError(f"{text}: nothing is sent or polled until it is started again with the program of that version")
    return state
