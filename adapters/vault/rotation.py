"""Everything in the vault under the newest key: counted by key, and encrypted anew batch by batch."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from adapters.eventlog.database import Database
from adapters.eventlog.times import moment
from adapters.vault.credentials import credential_context
from adapters.vault.data_keys import data_key_context
from adapters.vault.keyring import KeyRing, Sealed
from domain.errors import MisconfiguredError, RefusedError

BATCH = 200  # rows of one transaction: writers of the store wait that long for each other, not longer


class Uses(msgspec.Struct, frozen=True, kw_only=True):
    """What lies under one key."""

    credentials: int = 0
    data_keys: int = 0


class Rotation:
    """The vault's own hands on its rows. lock: SQL that keeps writers of the vault out until the transaction ends.

    SQLite needs no lock, its writing transaction is the only one.
    """

    def __init__(self, database: Database, ring: KeyRing, *, lock: str = "") -> None:
        self._database = database
        self._ring = ring
        self._lock = lock

    def uses(self) -> dict[str, Uses]:
        """Count what lies under each key, by key id."""
        with self._database.reading() as cursor:
            return count_uses(cursor)

    def stored_at(self) -> dict[tuple[str, str], datetime]:
        """Give when each credential was put away, by (connection, system)."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT connection_name, system, stored_at FROM vault_credentials ORDER BY 1, 2")
            return {(row["connection_name"], row["system"]): moment(row["stored_at"]) for row in cursor.fetchall()}

    def alone(self, change: Callable[[dict[str, Uses]], None]) -> None:
        """Let `change` work on the ring's source, told what is in use, while nobody else rotates or seals."""
        with self._database.writing() as cursor:
            cursor.execute("UPDATE store_state SET id = 1 WHERE id = 1")  # whoever else rotates waits for this row
            if self._lock:
                cursor.execute(self._lock)
            change(count_uses(cursor))
        self._ring.refresh()

    def step(self, *, limit: int = BATCH) -> Uses:
        """Encrypt so many rows anew under the newest key, in one transaction; zeros when nothing is left.

        A row that somebody else replaced meanwhile is left to them. Broken off anywhere, every row opens as before.
        Raises MisconfiguredError when a row's key is not in the ring.
        """
        self._ring.refresh()
        with self._database.writing() as cursor:
            credentials = self._credentials(cursor, limit)
            data_keys = 0 if credentials else self._data_keys(cursor, limit)
            self._ring.confirm(self._ring.newest)
        return Uses(credentials=credentials, data_keys=data_keys)

    def _credentials(self, cursor: Any, limit: int) -> int:
        newest = self._ring.newest
        cursor.execute(
            "SELECT connection_name, system, key_id, sealed FROM vault_credentials WHERE key_id <> ?"
            " ORDER BY connection_name, system LIMIT ?",
            (newest, limit),
        )
        changed = []
        for row in cursor.fetchall():
            old = Sealed(row["key_id"], bytes(row["sealed"]))
            new = self._again(old, credential_context(row["connection_name"], row["system"]))
            changed.append((new.key_id, new.data, row["connection_name"], row["system"], old.key_id, old.data))
        cursor.executemany(
            "UPDATE vault_credentials SET key_id = ?, sealed = ?"
            " WHERE connection_name = ? AND system = ? AND key_id = ? AND sealed = ?",
            changed,
        )
        return len(changed)

    def _data_keys(self, cursor: Any, limit: int) -> int:
        newest = self._ring.newest
        cursor.execute(
            "SELECT stream, key_id, sealed FROM vault_keys WHERE key_id <> ? AND sealed IS NOT NULL"
            " ORDER BY stream LIMIT ?",
            (newest, limit),
        )
        changed = []
        for row in cursor.fetchall():
            old = Sealed(row["key_id"], bytes(row["sealed"]))
            new = self._again(old, data_key_context(UUID(row["stream"])))
            changed.append((new.key_id, new.data, row["stream"], old.key_id, old.data))
        cursor.executemany(
            "UPDATE vault_keys SET key_id = ?, sealed = ? WHERE stream = ? AND key_id = ? AND sealed = ?", changed
        )
        return len(changed)

    def _again(self, old: Sealed, context: str) -> Sealed:
        return self._ring.seal(self._ring.open(old, context=context), context=context)


def check_complete(uses: dict[str, Uses], held: tuple[str, ...]) -> None:
    """Raise MisconfiguredError when something lies under a key that the ring does not hold."""
    missing = sorted(uses.keys() - set(held))
    if missing:
        raise MisconfiguredError(
            f"the vault uses the key {missing[0]!r}, which the ring does not hold: put it back behind the newest one"
        )


def check_unused(key_id: str, uses: dict[str, Uses], held: tuple[str, ...]) -> None:
    """Raise MisconfiguredError for an unknown key, RefusedError for one that is newest or in use."""
    if key_id not in held:
        raise MisconfiguredError(f"the ring holds no key {key_id!r} (there is: {', '.join(held)})")
    if key_id == held[0]:
        raise RefusedError(f"{key_id!r} is the newest key: `tieout keys rotate` makes a newer one", code="NEWEST")
    if key_id in uses:
        found = uses[key_id]
        text = f"{found.credentials} credentials and {found.data_keys} data keys lie under the key {key_id!r}"
        raise RefusedError(f"{text}: `tieout keys rotate --keep-ring` encrypts them anew", code="IN_USE")


def count_uses(cursor: Any) -> dict[str, Uses]:
    """Count what lies under each key, by key id, as the caller's transaction sees it."""
    cursor.execute("SELECT key_id, COUNT(*) AS number FROM vault_credentials GROUP BY key_id")
    credentials = {row["key_id"]: row["number"] for row in cursor.fetchall()}
    cursor.execute("SELECT key_id, COUNT(*) AS number FROM vault_keys WHERE sealed IS NOT NULL GROUP BY key_id")
    data_keys = {row["key_id"]: row["number"] for row in cursor.fetchall()}
    return {
        key_id: Uses(credentials=credentials.get(key_id, 0), data_keys=data_keys.get(key_id, 0))
        for key_id in sorted(credentials.keys() | data_keys.keys())
    }
