"""The key ring (`TIEOUT_KEYS`): AES-256-GCM keys by id, the newest first."""

import os
import re
import secrets
from base64 import b64decode, b64encode
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.errors import MisconfiguredError

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
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self.newest = next(iter(keys))

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Read `id:base64,id:base64` (commas or line breaks), newest first."""
        keys: dict[str, bytes] = {}
        for number, entry in enumerate(filter(None, map(str.strip, re.split(r"[,\n]", text))), start=1):
            key_id, colon, encoded = entry.partition(":")
            if not colon or not _ID.fullmatch(key_id):
                raise MisconfiguredError(f"TIEOUT_KEYS: entry {number} is not of the form id:base64")
            if key_id in keys:
                raise MisconfiguredError(f"TIEOUT_KEYS: the key id {key_id!r} stands there twice")
            keys[key_id] = _key(key_id, encoded)
        return cls(keys)

    def seal(self, secret: bytes, *, context: str) -> Sealed:
        """Encrypt; `context` names what the secret belongs to and must be the same when it is opened."""
        nonce = os.urandom(NONCE_BYTES)
        data = nonce + self._ciphers[self.newest].encrypt(nonce, secret, _bound(self.newest, context))
        return Sealed(self.newest, data)

    def open(self, sealed: Sealed, *, context: str) -> bytes:
        """Decrypt. Raises MisconfiguredError when the key is not in the ring or is another one of that id."""
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

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._ciphers)})"


def generate_ring() -> str:
    """Make the text of a ring with one fresh key."""
    return f"k{secrets.token_hex(4)}:{b64encode(os.urandom(KEY_BYTES)).decode()}"


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
