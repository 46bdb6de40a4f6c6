"""The tables of the store, in SQLite's words for both databases; `create_tables` is the only thing that makes them."""

from datetime import datetime
from pathlib import Path
from uuid import uuid4

import msgspec

from adapters.eventlog.database import Database, open_database
from adapters.eventlog.projection_store import INDEXES as PROJECTION_INDEXES
from adapters.eventlog.projection_store import TABLES as PROJECTION_TABLES
from adapters.eventlog.sql import Cursor
from adapters.eventlog.times import stamp
from domain.errors import MisconfiguredError

SCHEMA_VERSION = 3
SCHEMA = "schema"  # asked for by who makes or changes tables
TABLES: dict[str, str] = {
    "store_state": """
        id INTEGER PRIMARY KEY CHECK (id = 1), schema_version INTEGER NOT NULL, incarnation TEXT NOT NULL,
        file_identity TEXT NOT NULL, hold_until TEXT, went_back TEXT, created_at TEXT NOT NULL""",
    "pending": """
        connection TEXT NOT NULL, errand TEXT NOT NULL, aggregate TEXT NOT NULL, version INTEGER NOT NULL,
        due_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, waits_for TEXT, claimed_by TEXT,
        claim TEXT NOT NULL DEFAULT '', claimed_until TEXT, after_position INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (connection, errand, aggregate)""",
    "open_keys": "connection TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (connection, name)",
    "polls": """
        connection TEXT NOT NULL, flow TEXT NOT NULL, watermark TEXT NOT NULL DEFAULT '',
        next_poll_at TEXT NOT NULL, every_seconds REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        seen INTEGER NOT NULL DEFAULT 0, last_polled_at TEXT, last_error TEXT NOT NULL DEFAULT '',
        claimed_by TEXT, claim TEXT NOT NULL DEFAULT '', claimed_until TEXT, PRIMARY KEY (connection, flow)""",
    "remote_calls": """
        connection TEXT NOT NULL, system TEXT NOT NULL, calls INTEGER NOT NULL, PRIMARY KEY (connection, system)""",
    "rate_budget": "tenant TEXT PRIMARY KEY, arrival REAL NOT NULL, blocked_until REAL NOT NULL",
    "vault_credentials": """
        connection_name TEXT NOT NULL, system TEXT NOT NULL, key_id TEXT NOT NULL, sealed BLOB NOT NULL,
        fingerprint TEXT NOT NULL, stored_at TEXT NOT NULL, PRIMARY KEY (connection_name, system)""",
    "vault_keys": "stream TEXT PRIMARY KEY, key_id TEXT NOT NULL, sealed BLOB, erased_at TEXT",
    "alerts": """
        channel TEXT NOT NULL, name TEXT NOT NULL, phase TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
        raised_at TEXT NOT NULL, due_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
        claim TEXT NOT NULL DEFAULT '', claimed_until TEXT, last_error TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (channel, name)""",
    "workers": """
        name TEXT PRIMARY KEY, role TEXT NOT NULL, started_at TEXT NOT NULL, seen_at TEXT NOT NULL,
        clock_offset_ms INTEGER NOT NULL""",
    "blobs": "digest TEXT PRIMARY KEY, size INTEGER NOT NULL, bytes BLOB NOT NULL",
    **PROJECTION_TABLES,
}
NAMES = frozenset({"stored_events", "tracking", *TABLES})
INDEXES = (
    # Without its condition a server that has no statistics yet would take it for look-ups by key as well.
    "CREATE INDEX IF NOT EXISTS pending_due ON pending (connection, errand, due_at) WHERE waits_for IS NULL",
    "CREATE INDEX IF NOT EXISTS pending_waits ON pending (connection, waits_for) WHERE waits_for IS NOT NULL",
    *PROJECTION_INDEXES,
)


class TableVersions(msgspec.Struct, frozen=True, kw_only=True):
    """The version of a store's tables, and the one this program works with; store: its name, without a password."""

    store: str
    found: int
    needed: int

    @property
    def are_older(self) -> bool:
        """Whether only `tieout migrate` makes them this program's."""
        return self.found < self.needed


def create_tables(url: str, *, now: datetime | None = None, patience_seconds: float | None = None) -> TableVersions:
    """Make the tables that are missing, and SQLite's file; what exists is kept. Several at once are safe.

    Older tables are left to `migrate`, as they are: what is missing in them, its steps make.
    Raises MisconfiguredError for newer ones.
    """
    database = open_database(url, patience_seconds=patience_seconds, create=True)
    try:
        if database.checkpoint_beside is not None:
            _make_file(database.checkpoint_beside)
        with database.writing() as cursor:
            database.lock(cursor, SCHEMA)
            found = version(cursor, database)
            if found is None or found >= SCHEMA_VERSION:
                _check_version(cursor, database)
                _create(cursor, database)
                _first_state(cursor, identity=database.identity(cursor), now=now or database.now())
                found = SCHEMA_VERSION
            return TableVersions(store=database.name, found=found, needed=SCHEMA_VERSION)
    finally:
        database.close()


def check_tables(cursor: Cursor, database: Database) -> None:
    """Raise MisconfiguredError when the store has no tables, or those of another version."""
    _check_version(cursor, database)
    missing = NAMES - database.tables(cursor)
    if missing:
        text = f"{database.name}: the store has no tables yet ({', '.join(sorted(missing))}); run `tieout init`"
        raise MisconfiguredError(text)
    if version(cursor, database) is None:
        raise MisconfiguredError(f"{database.name}: the store was not set up to its end; run `tieout init`")


def version(cursor: Cursor, database: Database) -> int | None:
    """Give the version of the store's tables, None before they are made."""
    if "store_state" not in database.tables(cursor):
        return None
    cursor.execute("SELECT schema_version FROM store_state")
    row = cursor.fetchone()
    return None if row is None else row["schema_version"]


def _check_version(cursor: Cursor, database: Database) -> None:
    found = version(cursor, database)
    if found is None or found == SCHEMA_VERSION:
        return
    mend = "run `tieout migrate`" if found < SCHEMA_VERSION else "install the tieout that wrote it, or a newer one"
    text = f"the store has tables of version {found}, this program needs {SCHEMA_VERSION}: {mend}"
    raise MisconfiguredError(f"{database.name}: {text}")


def _make_file(path: Path) -> None:
    if not path.parent.is_dir():
        raise MisconfiguredError(f"{path}: the folder for the store does not exist")
    if not path.exists():
        path.touch(mode=0o600, exist_ok=True)


def _create(cursor: Cursor, database: Database) -> None:
    database.create_library_tables(cursor)
    # The library's own mark of how its tracking table is made; without it, it would make the table anew.
    cursor.execute("INSERT INTO tracking VALUES ('__migration__', 1) ON CONFLICT DO NOTHING")
    for name, columns in TABLES.items():
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} ({database.dialect.columns(columns)})")
    for statement in INDEXES:
        cursor.execute(statement)


def _first_state(cursor: Cursor, *, identity: str, now: datetime) -> None:
    cursor.execute(
        "INSERT INTO store_state (id, schema_version, incarnation, file_identity, created_at) VALUES (1, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO NOTHING",
        (SCHEMA_VERSION, uuid4().hex, identity, stamp(now)),
    )
