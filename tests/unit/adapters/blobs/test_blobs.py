"""An image whose bytes changed in the table is noticed."""

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
