"""Has the store gone back in time? The identity of what holds it, and for a file a checkpoint kept outside of it."""

import os
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from adapters.eventlog.database import Database
from adapters.eventlog.polls import void_claims
from adapters.eventlog.sql import Cursor
from adapters.eventlog.state import StoreState, read_state
from adapters.eventlog.times import stamp_or_none
from domain.errors import StoreError

STATE = "store_state"  # asked for by who may change it


class WentBack(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a store that was restored, copied or cut: a new incarnation, until its hold is set."""

    incarnation: UUID
    detail: str


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the file beside the store: the incarnation, and how long the log was at least."""

    incarnation: UUID
    position: int


def checkpoint_path(store: Path) -> Path:
    """Give the place of a store's checkpoint."""
    return store.with_name(store.name + ".checkpoint")


def read_checkpoint(store: Path) -> Checkpoint | None:
    """Read the checkpoint; None when there is none (a broken one says nothing either). Raises StoreError."""
    try:
        return msgspec.json.decode(checkpoint_path(store).read_bytes(), type=Checkpoint)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    except OSError as error:
        raise StoreError(f"{checkpoint_path(store)}: the checkpoint cannot be read ({error.strerror})") from error


def write_checkpoint(store: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint in one step; call it as the store's only writer. Raises StoreError."""
    path = checkpoint_path(store)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            file.write(msgspec.json.encode(checkpoint))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: the checkpoint cannot be written ({error.strerror})") from error


def grow_checkpoint(store: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint when it says more than the one that is there."""
    present = read_checkpoint(store)
    if present is None or present.incarnation != checkpoint.incarnation or present.position < checkpoint.position:
        write_checkpoint(store, checkpoint)


def keep_checkpoint(cursor: Cursor, database: Database, *, position: int) -> None:
    """Let the checkpoint grow where one is kept, within the caller's writing transaction."""
    if database.checkpoint_beside is not None:
        checkpoint = Checkpoint(incarnation=read_state(cursor).incarnation, position=position)
        grow_checkpoint(database.checkpoint_beside, checkpoint)


def recognise(cursor: Cursor, database: Database, *, declared: str | None = None) -> WentBack | None:
    """Compare the store with what holds it and its checkpoint; a stranger becomes a new incarnation.

    Called within a writing transaction. The report is given at every opening until `hold` answers it. declared: what a
    person says of a restore that left no trace, as a snapshot of a whole disk does; it makes a stranger of any store.
    """
    database.lock(cursor, STATE)
    state, identity, last_position = (
        read_state(cursor),
        database.identity(cursor),
        database.events.last_position(cursor),
    )
    detail = declared or _went_back(state, identity, database.checkpoint_beside, last_position)
    if detail is not None:
        state = msgspec.structs.replace(state, incarnation=uuid4(), went_back=detail)
        cursor.execute(
            "UPDATE store_state SET incarnation = ?, file_identity = ?, went_back = ?",
            (state.incarnation.hex, identity, detail),
        )
        void_claims(cursor, database)
    keep_checkpoint(cursor, database, position=last_position)
    return None if state.went_back is None else WentBack(incarnation=state.incarnation, detail=state.went_back)


def hold(cursor: Cursor, database: Database, *, until: datetime, answers: WentBack | None) -> None:
    """Hold money writes at least until then.

    answers: the report that is answered by it; that of a store which went back once more meanwhile stays unanswered,
    for nobody recorded it yet.
    """
    database.lock(cursor, STATE)
    state = read_state(cursor)
    longest = until if state.hold_until is None else max(state.hold_until, until)
    answered = answers is not None and answers.incarnation == state.incarnation
    left = None if answered else state.went_back
    cursor.execute("UPDATE store_state SET hold_until = ?, went_back = ?", (stamp_or_none(longest), left))


def _went_back(state: StoreState, identity: str, store: Path | None, last_position: int) -> str | None:
    checkpoint = None if store is None else read_checkpoint(store)
    if state.identity != identity:
        if store is None:
            return "the store is another database, table or timeline than before: a restored backup or a failover"
        return "the store is another file than before: a copy or a restored backup"
    if checkpoint is None:
        return None
    if checkpoint.incarnation != state.incarnation:
        return "the store is another incarnation than its checkpoint names: a restored backup"
    if last_position < checkpoint.position:
        return f"the log ends at {last_position}, its checkpoint was at {checkpoint.position}: a restored backup"
    return None
