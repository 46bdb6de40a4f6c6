"""The store: whether what it confirmed survives a power cut, whose clock it goes by, and whether there is room."""

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tieout.diagnosis.check import Check, bad, fine, warn
from tieout.diagnosis.clocks import STORE_TOLERANCE, apart
from tieout.settings import shown_url

if TYPE_CHECKING:
    from tieout.wiring import Deployment

LOW_DISK_BYTES = 500 * 1024 * 1024
FULL = 2  # SQLite's synchronous: a commit returns when it is on the disk; 3 is stricter still
POSTGRES = ("postgresql://", "postgres://")
_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit", "server_version")


class Database(Protocol):
    """What both stores' databases offer here: a cursor with `execute` and `fetchall`, rows by column name."""

    def reading(self) -> AbstractContextManager[Any]:
        """Open a transaction that writes nothing."""

    def writing(self) -> AbstractContextManager[Any]:
        """Open a durable transaction."""


def store_checks(deployment: "Deployment") -> Iterator[Check]:
    """Look at the store, whichever it is. Raises StoreError."""
    url = deployment.settings.store_url
    yield fine("store", f"{shown_url(url)}, {deployment.log.last_position()} events")
    database: Database = deployment.store.database
    if url.startswith(POSTGRES):
        yield from postgres_checks(database)
    else:
        yield from sqlite_checks(database)
        yield from _disk(Path(url.removeprefix("sqlite:///")).parent)
    until = deployment.log.hold_until()
    if until is not None:
        text = f"money writes are held until {until.isoformat(timespec='seconds')}: the store was restored or copied"
        yield warn("store", text, "nothing to do, the hold ends by itself")


def postgres_checks(database: Database) -> Iterator[Check]:
    """Ask PostgreSQL about its clock and what it does for a commit."""
    with database.reading() as cursor:
        cursor.execute("SELECT clock_timestamp() AS now, pg_is_in_recovery() AS replica")
        row = cursor.fetchone()
        ours = datetime.now(UTC)
        names = ", ".join(f"'{name}'" for name in _SETTINGS)
        asked = f"SELECT name, setting, reset_val FROM pg_settings WHERE name IN ({names})"  # noqa: S608 (fixed words)
        cursor.execute(asked)
        found = {one["name"]: one for one in cursor.fetchall()}
    yield apart("store clock", "PostgreSQL's", row["now"], ours, STORE_TOLERANCE)
    if row["replica"]:
        yield bad("store", "this PostgreSQL is a replica that takes no writes", "name the primary in store.url")
    yield from _durability(
        {name: one["setting"] for name, one in found.items()}, found["synchronous_commit"]["reset_val"]
    )


def _durability(settings: dict[str, str], commit_by_default: str) -> Iterator[Check]:
    """Judge the settings as a connection of ours has them; those of a commit it makes strict itself."""
    forgetful = [name for name in ("fsync", "full_page_writes") if settings[name] == "off"]
    for name in forgetful:
        text = f"{name} is off: a power cut may damage the store"
        yield bad("store durability", text, f"set {name} = on in PostgreSQL and reload it")
    if forgetful:
        return
    commit = f"synchronous_commit {settings['synchronous_commit']}"
    if commit_by_default == "off":
        commit += ", which is off by default there: tieout asks for it itself"
    yield fine("store durability", f"PostgreSQL {settings['server_version']} syncs every commit ({commit})")


def sqlite_checks(database: Database) -> Iterator[Check]:
    """Ask SQLite what it does for a durable commit; its clock is this machine's."""
    with database.writing() as cursor:  # a durable transaction: that is what intents are written in
        cursor.execute("PRAGMA synchronous")
        level = cursor.fetchone()[0]
        cursor.execute("PRAGMA journal_mode")
        journal = cursor.fetchone()[0]
    yield fine("store clock", "SQLite goes by this machine's clock")
    if level < FULL:
        text = f"synchronous is {level}: a power cut may forget an intent whose write went out"
        yield bad("store durability", text, "report this: tieout asks SQLite for FULL itself")
    elif str(journal).lower() != "wal":
        mend = "keep the store on a local disk: network folders take no write-ahead log"
        yield bad("store durability", f"the journal is {journal}, not the write-ahead log", mend)
    else:
        yield fine("store durability", "SQLite syncs every commit, with a write-ahead log")


def _disk(folder: Path) -> Iterator[Check]:
    free = shutil.disk_usage(folder).free
    if free < LOW_DISK_BYTES:
        text = f"{free // 1024**2} MB are free on the store's disk"
        yield warn("disk", text, "make room before the store is full")
