"""Data keys: one per stream with personal fields, wrapped by the key ring; erasing one erases the data."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from adapters.eventlog.database import Database
from adapters.eventlog.sql import Cursor
from adapters.eventlog.times import stamp
from adapters.vault.keyring import KEY_BYTES, KeyRing, Sealed
from domain.errors import ConflictError, MisconfiguredError

CACHE_SECONDS = 60.0  # so long may a key erased by another process still open things here
_CHUNK = 500


class DataKeys:
    """Makes, gives and erases data keys. Thread-safe; keeps opened keys for a minute."""

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._ring = ring
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._cache: dict[UUID, bytes | None] = {}
        self._cached_since = monotonic()

    def ensure(self, streams: Iterable[UUID]) -> dict[UUID, bytes | None]:
        """Give the keys of streams, making those that are missing; None for one that was erased."""
        wanted = list(dict.fromkeys(streams))
        unknown = [stream for stream in wanted if stream not in self._cached()]
        if unknown:
            present = self._read(unknown)
            fresh = [stream for stream in unknown if stream not in present]
            if fresh:
                self._make(fresh)
        return self.get(wanted)

    def get(self, streams: Iterable[UUID]) -> dict[UUID, bytes | None]:
        """Give the keys of streams, None for one that was erased. Raises MisconfiguredError when one never was."""
        wanted = list(dict.fromkeys(streams))
        cached = self._cached()
        found = {stream: cached[stream] for stream in wanted if stream in cached}
        missing = [stream for stream in wanted if stream not in found]
        if missing:
            found |= self._read(missing)
            for stream in missing:
                if stream not in found:
                    raise MisconfiguredError(f"the vault holds no data key for stream {stream}: restore the vault")
            with self._lock:
                self._cache |= {stream: found[stream] for stream in missing}
        return found

    def within(self, cursor: Cursor, streams: Iterable[UUID]) -> dict[UUID, bytes | None]:
        """Give the keys the caller's transaction sees, for what it writes; None for one that was erased.

        What this process remembers may be a key that a server forgot when it failed over, and that nobody else can
        have. Raises ConflictError when one is missing: the next `ensure` makes it anew.
        """
        wanted = set(streams)
        found = self._rows(cursor, list(wanted))
        if found.keys() != wanted:
            self.forget(wanted)
            raise ConflictError("a data key is missing from the vault, though it was made before: it is made anew")
        return found

    def forget(self, streams: Iterable[UUID]) -> None:
        """Remember the keys of these streams no longer: the next one who asks reads them again."""
        with self._lock:
            gone = set(streams)
            self._cache = {stream: key for stream, key in self._cache.items() if stream not in gone}

    def erase(self, stream: UUID) -> None:
        """Forget a stream's key for ever: its personal fields can never be read again, here or in a copy."""
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO vault_keys (stream, key_id, sealed, erased_at) VALUES (?, '', NULL, ?)"
                " ON CONFLICT (stream) DO UPDATE SET key_id = '', sealed = NULL, erased_at = excluded.erased_at",
                (stream.hex, stamp(self._now())),
            )
        with self._lock:
            self._cache[stream] = None

    def _cached(self) -> dict[UUID, bytes | None]:
        with self._lock:
            if self._monotonic() - self._cached_since > CACHE_SECONDS:
                self._cache, self._cached_since = {}, self._monotonic()
            return self._cache

    def _make(self, streams: Sequence[UUID]) -> None:
        with self._database.writing() as cursor:
            self._ring.refresh()
            ordered = sorted(streams)  # so that no two processes wait for each other
            sealed = [self._ring.seal(os.urandom(KEY_BYTES), context=data_key_context(one)) for one in ordered]
            rows = [(one.hex, key.key_id, key.data) for one, key in zip(ordered, sealed, strict=True)]
            # Somebody else may have made one meanwhile: the first one counts, and `get` reads it back.
            cursor.executemany(
                "INSERT INTO vault_keys (stream, key_id, sealed) VALUES (?, ?, ?) ON CONFLICT (stream) DO NOTHING", rows
            )
            self._ring.confirm(*{key.key_id for key in sealed})

    def _read(self, streams: Sequence[UUID]) -> dict[UUID, bytes | None]:
        with self._database.reading() as cursor:
            return self._rows(cursor, streams)

    def _rows(self, cursor: Cursor, streams: Sequence[UUID]) -> dict[UUID, bytes | None]:
        found: dict[UUID, bytes | None] = {}
        for start in range(0, len(streams), _CHUNK):
            chunk = [stream.hex for stream in streams[start : start + _CHUNK]]
            marks = ", ".join("?" * len(chunk))
            cursor.execute(f"SELECT stream, key_id, sealed FROM vault_keys WHERE stream IN ({marks})", chunk)  # noqa: S608 (only marks are put in)
            for row in cursor.fetchall():
                stream = UUID(row["stream"])
                found[stream] = None if row["sealed"] is None else self._opened(stream, row["key_id"], row["sealed"])
        return found

    def _opened(self, stream: UUID, key_id: str, data: bytes) -> bytes:
        return self._ring.open(Sealed(key_id, data), context=data_key_context(stream))


def data_key_context(stream: UUID) -> str:
    """Give what a data key's ciphertext is bound to."""
    return f"the data key of stream {stream.hex}"
