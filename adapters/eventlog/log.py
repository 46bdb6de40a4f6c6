"""The event log: one transaction per append, with its versions, its guard and its poll's end checked inside it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from eventsourcing.persistence import Notification

from adapters.eventlog.database import Database
from adapters.eventlog.mapper import EventMapper
from adapters.eventlog.personal import holds_personal
from adapters.eventlog.polls import check_claim, write_mark
from adapters.eventlog.sql import Cursor
from adapters.eventlog.state import StoreState, known_state, read_state
from adapters.vault.data_keys import DataKeys
from domain.connections.events import ConnectionAdded, ConnectionRemoved
from domain.errors import ConflictError, HeldError, MalformedError
from domain.event import Append, Meta, Recorded
from domain.identifiers import stream_id
from domain.ports.store import Causes, Guard, MoneyGuard, PollGuard, PollMark, StillGuard

REMOVED_TEXT = "the connection was removed: nothing is sent for it any more"
MOVED_TEXT = "the connection's work went on meanwhile: what was judged of it no longer stands"
_ADDED, _REMOVED = (one.TOPIC.partition("/")[0] for one in (ConnectionAdded, ConnectionRemoved))
_PAGE = 1000
FUTURE_MARGIN = timedelta(seconds=5)  # a newest event recorded later than this from now stops money writes


class StoredLog:
    """EventLog over `stored_events`. Thread-safe, and safe with other processes on the same store."""

    def __init__(
        self,
        database: Database,
        *,
        mapper: EventMapper,
        data_keys: DataKeys,
        now: Callable[[], datetime],
        future_margin: timedelta = FUTURE_MARGIN,
    ) -> None:
        self._database = database
        self._events = database.events
        self._mapper = mapper
        self._data_keys = data_keys
        self._now = now
        self._future_margin = future_margin

    def now(self) -> datetime:
        """Give the store's clock: the one every process on the store shares."""
        return self._now()

    def load(self, streams: Sequence[UUID]) -> dict[UUID, list[Recorded]]:
        """Give the events of many streams, in one query for up to 500."""
        wanted = list(dict.fromkeys(streams))
        with self._database.reading() as cursor:
            stored = self._events.of_streams(cursor, wanted)
        found: dict[UUID, list[Recorded]] = {stream: [] for stream in wanted}
        for recorded in self._recorded(stored):
            found[recorded.stream].append(recorded)
        return found

    def append(
        self,
        batch: Sequence[Append],
        *,
        causes: Causes,
        mark: PollMark | None = None,
        guard: Guard | None = None,
    ) -> None:
        """Append all or nothing."""
        personal = [a.stream for a in batch if any(holds_personal(type(event)) for event in a.events)]
        if personal:
            self._data_keys.ensure(personal)  # made in a transaction of their own
        with self._database.writing() as cursor:
            self._events.lock(cursor)
            now = self._now()
            if guard is not None:
                self._check(cursor, guard, causes.connection, now)
            new = self._expected(cursor, batch, causes, now)
            keys = self._data_keys.within(cursor, personal) if personal else {}
            self._events.insert(cursor, [self._mapper.to_stored(recorded, keys) for recorded in new])
            if mark is not None:
                write_mark(cursor, self._database, mark, now=now)

    def read(self, *, after: int, limit: int) -> list[Recorded]:
        """Give the events behind a position."""
        with self._database.reading() as cursor:
            stored = self._events.page(cursor, after=after, limit=limit)
        return self._recorded(stored)

    def last_position(self) -> int:
        """Give the position of the newest event."""
        with self._database.reading() as cursor:
            return self._events.last_position(cursor)

    def incarnation(self) -> UUID:
        """Give the store's incarnation."""
        return self._state().incarnation

    def hold_until(self) -> datetime | None:
        """Give the end of the hold on money writes, None when none is in force."""
        until = self._state().held_until
        return until if until is not None and until > self._now() else None

    def _state(self) -> StoreState:
        with self._database.reading() as cursor:
            return read_state(cursor)

    def _recorded(self, stored: Sequence[Notification]) -> list[Recorded]:
        personal = {UUID(str(s.originator_id)) for s in stored if self._mapper.needs_key(s.topic)}
        keys = self._data_keys.get(personal) if personal else {}
        try:
            return [self._mapper.to_recorded(event, keys) for event in stored]
        except MalformedError:
            if not personal:
                raise
        # The key this process remembers may be one the store forgot, and another process made anew.
        self._data_keys.forget(personal)
        keys = self._data_keys.get(personal)
        return [self._mapper.to_recorded(event, keys) for event in stored]

    def _check(self, cursor: Cursor, guard: Guard, connection: UUID, now: datetime) -> None:
        if isinstance(guard, PollGuard):
            check_claim(cursor, self._database, guard)
            return
        if isinstance(guard, StillGuard):
            self._check_still(cursor, guard)
            return
        state = known_state(cursor, self._database)
        if guard.incarnation != state.incarnation:
            raise HeldError("the store is another incarnation than the one this work began with: it was restored")
        if isinstance(guard, MoneyGuard):
            self._check_hold(cursor, state, now)
            self._check_stands(cursor, connection)

    def _check_hold(self, cursor: Cursor, state: StoreState, now: datetime) -> None:
        if state.held_until is not None and state.held_until > now:
            raise HeldError(f"money writes are held until {state.held_until.isoformat()}: the store was restored")
        last = self._events.last(cursor)
        if last is not None and self._mapper.read_meta(last).recorded_at > now + self._future_margin:
            raise HeldError("the newest event was recorded in the future: a clock is wrong, money writes are held")
        if not self._database.is_steady(cursor):
            # A deadline that others take for passed while we still send would let them look up, and send, too early.
            raise HeldError("this process was wrong about the store's clock a moment ago: money writes are held")

    def _check_stands(self, cursor: Cursor, connection: UUID) -> None:
        stream = stream_id(connection, "connection", "")
        if self._events.newest_name(cursor, stream, (_ADDED, _REMOVED)) == _REMOVED:
            raise HeldError(REMOVED_TEXT)

    def _check_still(self, cursor: Cursor, guard: StillGuard) -> None:
        known_state(cursor, self._database)
        position = guard.position
        while page := self._events.page(cursor, after=position, limit=_PAGE):
            if any(self._mapper.read_meta(one).connection == guard.connection for one in page):
                raise HeldError(MOVED_TEXT)
            position = page[-1].id

    def _expected(self, cursor: Cursor, batch: Sequence[Append], causes: Causes, now: datetime) -> list[Recorded]:
        versions = self._events.versions(cursor, list({append.stream for append in batch}))
        new = []
        for append in batch:
            version = versions.get(append.stream, 0)
            if version != append.expected_version:
                text = f"stream {append.stream} is at version {version}, expected {append.expected_version}"
                raise ConflictError(text)
            meta = Meta(
                connection=causes.connection,
                recorded_at=now,
                occurred_at=append.occurred_at or now,
                correlation_id=causes.correlation_id,
                causation_id=causes.causation_id,
                actor=causes.actor,
            )
            for number, event in enumerate(append.events, start=version + 1):
                new.append(Recorded(stream=append.stream, version=number, meta=meta, event=event))
            versions[append.stream] = version + len(append.events)
        return new
