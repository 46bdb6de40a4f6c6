from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from adapters.eventlog.calls import CallBook
from adapters.eventlog.schema import create_tables
from adapters.eventlog.sqlite import SqliteDatabase

ONE, OTHER = UUID(int=1), UUID(int=2)


def test_requests_add_up_by_connection_and_system(tmp_path: Path) -> None:
    create_tables(f"sqlite:///{tmp_path / 'store.db'}", now=datetime.now(UTC))
    database = SqliteDatabase(tmp_path / "store.db")
    book = CallBook(database)
    book.add(ONE, {"infor": 3, "avidxchange": 0})
    book.add(ONE, {"infor": 4, "avidxchange": 2})
    book.add(OTHER, {"infor": 1})
    assert book.totals(ONE) == {"infor": 7, "avidxchange": 2}
    assert book.totals(OTHER) == {"infor": 1}
    database.close()
