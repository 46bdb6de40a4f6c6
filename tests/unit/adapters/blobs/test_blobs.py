"""An image whose bytes changed in the table is noticed; one of no bytes at all is read like any other."""

from pathlib import Path

import pytest

from domain.errors import MalformedError
from tests.unit.adapters.eventlog.sqlite_files import fresh


def test_a_damaged_image_is_never_given_out(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        digest, _ = store.blobs.put([b"%PDF-1.4"], max_bytes=100)
        with store.database.writing() as cursor:
            cursor.execute("UPDATE blobs SET bytes = ?", (b"%PDF-1.5",))
        with pytest.raises(MalformedError, match="damaged"):
            store.blobs.get(digest)


def test_an_image_without_bytes_is_read_as_empty(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        digest, size = store.blobs.put([], max_bytes=100)
        assert (size, store.blobs.head(digest, size=1024), store.blobs.get(digest)) == (0, b"", b"")
