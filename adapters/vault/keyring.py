"""The key ring (`TIEOUT_KEYS`): AES-256-GCM keys by id, the newest first."""

import os
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import ConflictError, MisconfiguredError

KEY_BYTES = 32
NONCE_BYTES = 12
_ID = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class Sealed(NamedTuple):
    """Ciphertext (nonce first) and the id of its key."""

    key_id: str
    data: bytes

    def __repr__(self) -> str:
        """Name the key only: even ciphertext has no business in logs."""
        return f"Sealed({self.key_id})"


class KeyRing:
    """Seals under the newest key, opens under any it holds. Never shows a key."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        if not keys:
            raise MisconfiguredError("TIEOUT_KEYS is empty: `tieout init` writes a key ring")
        self._source: Callable[[], str] | None = None
        self._take(keys)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Read `id:base64,id:base64` (commas or line breaks), newest first."""
        return cls(_parse(text))

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys, newest first."""
        return tuple(self._ciphers)

    def follow(self, source: Callable[[], str]) -> None:
        """Read the ring again from here when somebody else may have changed it: `keys rotate`, `keys retire`."""
        self._source = source

    def refresh(self) -> None:
        """Take the ring as its source says now: what is sealed next lies under a key that is still in it."""
        if self._source is None:
            return
        try:
            keys = _parse(self._source())
        except MisconfiguredError:
            return  # verdict: go on with the keys we hold; the next start says what is wrong with the source
        if keys:
            self._take(keys)

    def confirm(self, *key_ids: str) -> None:
        """See at the end of the writing transaction that what was sealed in it can be opened ever after.

        `keys retire` takes a key away only while it locks the vault's tables out of such a transaction, so a key that
        is still in the ring now stays there. Raises ConflictError: nothing is committed, seal anew.
        """
        self.refresh()
        for key_id in key_ids:
            if key_id not in self._ciphers:
                raise ConflictError(f"the key {key_id!r} was retired meanwhile")

    def seal(self, secret: bytes, *, context: str) -> Sealed:
        """Encrypt; `context` names what the secret belongs to and must be the same when it is opened."""
        ciphers = self._ciphers  # as one: a refresh in another thread replaces it
        newest = next(iter(ciphers))
        nonce = os.urandom(NONCE_BYTES)
        data = nonce + ciphers[newest].encrypt(nonce, secret, _bound(newest, context))
        return Sealed(newest, data)

    def open(self, sealed: Sealed, *, context: str) -> bytes:
        """Decrypt. Raises MisconfiguredError when the key is not in the ring or is another one of that id."""
        if sealed.key_id not in self._ciphers:
            self.refresh()
        cipher = self._ciphers.get(sealed.key_id)
        if cipher is None:
            text = f"TIEOUT_KEYS: {context} was encrypted under key {sealed.key_id!r}, which the ring does not hold"
            raise MisconfiguredError(text)
        nonce, data = sealed.data[:NONCE_BYTES], sealed.data[NONCE_BYTES:]
        try:
            return cipher.decrypt(nonce, data, _bound(sealed.key_id, context))
        except (InvalidTag, ValueError):
            text = f"TIEOUT_KEYS: {context} does not open with key {sealed.key_id!r}: it is another key of that id"
            raise MisconfiguredError(text) from None

    def _take(self, keys: dict[str, bytes]) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}

    @property
    def newest(self) -> str:
        """The id of the key that seals."""
        return next(iter(self._ciphers))

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._ciphers)})"


def generate_ring() -> str:
    """Make the text of a ring with one fresh key."""
    return f"k{secrets.token_hex(4)}:{b64encode(os.urandom(KEY_BYTES)).decode()}"


def _parse(text: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(filter(None, map(str.strip, re.split(r"[,\n]", text))), start=1):
        key_id, colon, encoded = entry.partition(":")
        if not colon or not _ID.fullmatch(key_id):
            raise MisconfiguredError(f"TIEOUT_KEYS: entry {number} is not of the form id:base64")
        if key_id in keys:
            raise MisconfiguredError(f"TIEOUT_KEYS: the key id {key_id!r} stands there twice")
        keys[key_id] = _key(key_id, encoded)
    return keys


def _key(key_id: str, encoded: str) -> bytes:
    try:
        key = b64decode(encoded, validate=True)
    except ValueError:
        raise MisconfiguredError(f"TIEOUT_KEYS: key {key_id!r} is not base64") from None
    if len(key) != KEY_BYTES:
        raise MisconfiguredError(f"TIEOUT_KEYS: key {key_id!r} has {len(key)} bytes, {KEY_BYTES} are needed")
    return key


def _bound(key_id: str, context: str) -> bytes:
    return f"{key_id}|{context}".encode()
