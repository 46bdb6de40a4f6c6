"""Credentials of the remotes, one encrypted row per connection name and system."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from adapters.eventlog.database import Database
from adapters.eventlog.times import stamp
from adapters.vault.keyring import KeyRing, Sealed
from domain.errors import MisconfiguredError

FINGERPRINT_CHARACTERS = 12


class CredentialVault:
    """Puts secrets away and gives them back; nothing of them is ever logged or put into an event."""

    def __init__(self, database: Database, ring: KeyRing, *, now: Callable[[], datetime]) -> None:
        self._database = database
        self._ring = ring
        self._now = now

    @property
    def ring(self) -> KeyRing:
        """The key ring everything here is sealed under."""
        return self._ring

    def put(self, connection: str, system: str, secret: bytes) -> str:
        """Store a new secret (system: infor or avidxchange); give its fingerprint."""
        if not self._write(connection, system, secret, "NOTHING"):
            text = f"connection {connection!r} has credentials for {system} already; `tieout connection rotate`"
            raise MisconfiguredError(text)
        return fingerprint(secret)

    def replace(self, connection: str, system: str, secret: bytes) -> str:
        """Store a secret in place of the one that may be there; give its fingerprint."""
        columns = ("key_id", "sealed", "fingerprint", "stored_at")
        newer = ", ".join(f"{column} = excluded.{column}" for column in columns)
        self._write(connection, system, secret, f"UPDATE SET {newer}")
        return fingerprint(secret)

    def get(self, connection: str, system: str) -> bytes:
        """Give a secret. Raises MisconfiguredError when it is missing or its key is not in the ring."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT key_id, sealed FROM vault_credentials WHERE connection_name = ? AND system = ?",
                (connection, system),
            )
            row = cursor.fetchone()
        if row is None:
            text = f"connection {connection!r} has no credentials for {system}; `tieout connection add`"
            raise MisconfiguredError(text)
        return self._ring.open(Sealed(row["key_id"], row["sealed"]), context=credential_context(connection, system))

    def remove(self, connection: str) -> tuple[str, ...]:
        """Delete a connection's secrets; give the systems whose secrets were there."""
        with self._database.writing() as cursor:
            cursor.execute("DELETE FROM vault_credentials WHERE connection_name = ? RETURNING system", (connection,))
            return tuple(sorted(row["system"] for row in cursor.fetchall()))

    def fingerprints(self) -> dict[tuple[str, str], str]:
        """Give the fingerprint of every stored secret by (connection, system)."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT connection_name, system, fingerprint FROM vault_credentials ORDER BY 1, 2")
            return {(row["connection_name"], row["system"]): row["fingerprint"] for row in cursor.fetchall()}

    def _write(self, connection: str, system: str, secret: bytes, on_conflict: str) -> bool:
        with self._database.writing() as cursor:
            self._ring.refresh()
            sealed = self._ring.seal(secret, context=credential_context(connection, system))
            row = (connection, system, sealed.key_id, sealed.data, fingerprint(secret), stamp(self._now()))
            cursor.execute(
                "INSERT INTO vault_credentials (connection_name, system, key_id, sealed, fingerprint, stored_at)"  # noqa: S608 (fixed texts)
                f" VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (connection_name, system) DO {on_conflict} RETURNING 1",
                row,
            )
            stored = cursor.fetchone() is not None
            self._ring.confirm(sealed.key_id)
            return stored


def fingerprint(secret: bytes) -> str:
    """Name a secret without telling it: the beginning of its SHA-256 (the secrets here are long and random)."""
    return hashlib.sha256(secret).hexdigest()[:FINGERPRINT_CHARACTERS]


def credential_context(connection: str, system: str) -> str:
    """Give what a credential's ciphertext is bound to."""
    return f"{system} credentials of {connection}"
