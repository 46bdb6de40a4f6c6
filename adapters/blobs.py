"""Images, content-addressed, in a table of the store."""

import hashlib
from collections.abc import Iterable

from adapters.eventlog.database import Database
from domain.errors import MalformedError, RefusedError


class TableBlobs:
    """BlobStore over `blobs`. Thread-safe; the same bytes are kept once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, chunks: Iterable[bytes], *, max_bytes: int) -> tuple[str, int]:
        """Store a stream, hashed as it comes in; give (digest, size). Nothing past `max_bytes` is read."""
        data, sha256 = bytearray(), hashlib.sha256()
        for chunk in chunks:
            if len(data) + len(chunk) > max_bytes:
                raise RefusedError(f"the image is larger than {max_bytes} bytes", code="IMAGE_TOO_LARGE")
            data += chunk
            sha256.update(chunk)
        digest = sha256.hexdigest()
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO blobs (digest, size, bytes) VALUES (?, ?, ?) ON CONFLICT (digest) DO NOTHING",
                (digest, len(data), data),
            )
        return digest, len(data)

    def get(self, digest: str) -> bytes:
        """Give the bytes; raises MalformedError when they are missing or do not match their digest."""
        data = self._select("bytes", digest)
        if hashlib.sha256(data).hexdigest() != digest:
            raise MalformedError(f"image {digest} is damaged in the store", record=digest)
        return data

    def head(self, digest: str, *, size: int) -> bytes:
        """Give the first `size` bytes."""
        return self._select(f"substr(bytes, 1, {int(size)})", digest)

    def _select(self, expression: str, digest: str) -> bytes:
        with self._database.reading() as cursor:
            cursor.execute(f"SELECT {expression} AS data FROM blobs WHERE digest = ?", (digest,))  # noqa: S608 (an integer and fixed texts)
            row = cursor.fetchone()
        if row is None:
            raise MalformedError(f"image {digest} is not in the store", record=digest)
        return bytes(row["data"] or b"")  # SQLite answers NULL for a part of no bytes at all
