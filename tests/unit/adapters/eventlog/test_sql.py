"""One text of SQL for both databases: marks, types, order of texts, and characters only one of them knows."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.eventlog.database import open_database, without_password
from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.schema import create_tables
from adapters.eventlog.sql import POSTGRES, SQLITE, for_psycopg
from domain.ports.projections import Changes, Row
from tests.support.postgres_server import emptied
from tests.unit.adapters.eventlog.sqlite_files import CONNECTION


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT a WHERE b = ? AND c = :now", "SELECT a WHERE b = %s AND c = %(now)s"),
        ("SELECT 'what? :now ''x''' WHERE b = ?", "SELECT 'what? :now ''x''' WHERE b = %s"),
        ("SELECT a::text LIKE '5%' AND b % 2 = ?", "SELECT a::text LIKE '5%%' AND b %% 2 = %s"),
    ],
)
def test_marks_are_written_as_psycopg_reads_them(ours: str, theirs: str) -> None:
    assert for_psycopg(ours) == theirs.encode()


def test_columns_are_written_in_the_words_of_each_database() -> None:
    text = "digest TEXT PRIMARY KEY, size INTEGER NOT NULL, part REAL, bytes BLOB"
    assert SQLITE.columns(text) == text
    assert POSTGRES.columns(text) == (
        'digest TEXT COLLATE "C" PRIMARY KEY, size BIGINT NOT NULL, part DOUBLE PRECISION, bytes BYTEA'
    )


def test_a_url_is_shown_without_its_password() -> None:
    assert without_password("postgresql://ann:hush@h:5/db?password=hush") == "postgresql://ann:…@h:5/db"
    assert without_password("postgresql://ann@h:5/db") == "postgresql://ann@h:5/db"
    assert without_password("postgresql:///db?host=x") == "postgresql:///db"


def test_texts_sort_as_bytes_and_keep_characters_the_server_cannot_hold(postgres_url: str) -> None:
    create_tables(emptied(postgres_url))
    keys = ["a", "B", "ä", "Z9", "z", "_", "n\0l", "\U0001f600"]
    rows = tuple(
        Row(connection=CONNECTION, key=key, state="x", sort_key=key, amount=2**40, data=b"\0", terms=(key,))
        for key in keys
    )
    database = open_database(postgres_url)
    storage = ProjectionTables(database)
    assert storage.apply([Changes(projection="p", after=0, position=1, save=rows)])
    found = storage.rows("p")
    assert [row.key for row in found] == sorted(keys, key=str.encode)
    assert storage.load("p", [row.row_key for row in rows]) == {row.row_key: row for row in rows}
    assert [hit.key for hit in storage.find("n\0l", exact=True, projections=["p"], limit=5)] == ["n\0l"]
    database.close()


def test_the_stores_clock_is_the_servers(postgres_url: str) -> None:
    database = open_database(postgres_url)
    first = database.now()
    with database.reading() as cursor:
        cursor.execute("SELECT clock_timestamp() AS now")
        server = cursor.fetchone()["now"]
    assert first <= server + timedelta(milliseconds=100)
    assert abs(database.now() - server) < timedelta(seconds=2)
    assert database.now() >= first
    assert first.tzinfo is UTC
    assert datetime.now(UTC) - first < timedelta(hours=1)
    database.close()
