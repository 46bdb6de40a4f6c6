"""The command line over a store on a PostgreSQL server: made, migrated, worked with, and no password shown."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.support.command_line import SETTINGS, Desk
from tests.support.postgres_server import emptied
from tests.unit.adapters.eventlog.postgres_stores import AS_RESTORED
from tieout.settings import load
from tieout.wiring import open_deployment


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> Iterator[Desk]:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.write_settings(f'[store]\nurl = "{emptied(postgres_url)}"\n' + SETTINGS)
    yield desk
    emptied(postgres_url)


def test_the_tables_are_made_by_init_and_only_by_init(desk: Desk) -> None:
    desk.types("issues").failed(2, "`tieout init`")
    first, second = desk.types("init"), desk.types("init", "--json")
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert desk.types("issues", "--json").document == []


def test_a_store_on_a_server_is_migrated_once_it_was_dumped(desk: Desk, postgres_url: str) -> None:
    desk.types("migrate").failed(2, "`tieout init`")
    assert desk.types("init").code == 0
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DROP TABLE workers")
        connection.execute("ALTER TABLE polls DROP COLUMN claim")
        connection.execute("UPDATE store_state SET schema_version = 1")
    desk.types("issues").failed(2, "version 1", "`tieout migrate`")
    desk.types("migrate").failed(2, "pg_dump first")
    done = desk.types("migrate", "--dumped", "--json").document
    assert (done["from"], done["steps"] > 0) == (1, True)
    assert "restore the dump into an empty database" in done["way_back"]
    again = desk.types("migrate", "--json").document
    assert (again["steps"], again["way_back"]) == (0, "")


def test_a_password_comes_from_the_environment_and_is_shown_nowhere(
    desk: Desk, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = urlsplit(postgres_url).netloc.rpartition("@")[2]
    secret = urlsplit(postgres_url)._replace(netloc=f"nobody_here:hush@{host}").geturl()
    monkeypatch.setenv("TIEOUT_STORE_URL", secret)
    ran = desk.types("init")
    ran.failed(2, "does not admit this user", "nobody_here:…@")
    assert "hush" not in ran.err


def test_a_process_that_lives_on_over_a_restore_notices_when_it_looks_back(desk: Desk, postgres_url: str) -> None:
    assert desk.types("init").code == 0
    assert desk.types("connection", "add", "acme", "--ionapi", desk.write_ionapi()).code == 0
    with open_deployment(load(None)) as deployment:
        deployment.look_back()
        assert deployment.log.hold_until() is None
        before = deployment.log.incarnation()
        with psycopg.connect(postgres_url) as connection:
            for statement in AS_RESTORED:
                connection.execute(statement.encode())
        deployment.look_back()
        assert deployment.log.incarnation() != before
        assert deployment.log.hold_until() is not None
    noticed = [issue["kind"] for issue in desk.types("issues", "--json").document]
    assert noticed == ["store-went-back"]


def test_a_demo_asks_for_an_empty_database(desk: Desk, postgres_url: str) -> None:
    assert desk.types("init").code == 0
    desk.types("demo", "--keep", "kept", "--store", postgres_url).failed(2, "it holds a store already")
    assert not (desk.folder / "kept").exists()


def test_a_demo_runs_on_a_server_and_its_books_agree(desk: Desk, postgres_url: str) -> None:
    ran = desk.types("demo", "--keep", "kept", "--invoices", "20", "--store", postgres_url, "--json")
    assert ran.code == 0, ran.err
    assert ran.document["books"]["agree"] is True
    assert ran.document["invoices"]["seen"] >= 20
    assert not (desk.folder / "kept" / "tieout.db").exists()
