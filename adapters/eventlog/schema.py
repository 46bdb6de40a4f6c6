"""The tables of the store; `create_tables` is the only thing that makes them."""

from datetime import datetime
from uuid import uuid4

from eventsourcing.sqlite import SQLiteCursor

from adapters.eventlog.database import BUSY_TIMEOUT_SECONDS, Database, sqlite_path
from adapters.eventlog.identity import file_identity
from adapters.eventlog.projection_store import INDEXES as PROJECTION_INDEXES
from adapters.eventlog.projection_store import TABLES as PROJECTION_TABLES
from adapters.eventlog.recorders import EventRecorder, PositionRecorder
from adapters.eventlog.times import stamp
from domain.errors import MisconfiguredError

SCHEMA_VERSION = 2
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
    "blobs": "digest TEXT PRIMARY KEY, size INTEGER NOT NULL, bytes BLOB NOT NULL",
    **PROJECTION_TABLES,
}
INDEXES = (
    "CREATE INDEX IF NOT EXISTS pending_due ON pending (connection, errand, due_at)",
    "CREATE INDEX IF NOT EXISTS pending_waits ON pending (connection, waits_for) WHERE waits_for IS NOT NULL",
    *PROJECTION_INDEXES,
)


def create_tables(url: str, *, now: datetime, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS) -> None:
    """Make the file and the tables that are missing; what exists is kept."""
    path = sqlite_path(url)
    if not path.absolute().parent.is_dir():
        raise MisconfiguredError(f"{path}: the folder for the store does not exist")
    database = Database(path, busy_timeout_seconds=busy_timeout_seconds, create=True)
    try:
        if not path.exists():
            path.touch(mode=0o600, exist_ok=True)
        with database.writing() as cursor:
            _create(cursor, database)
            _first_state(cursor, identity=file_identity(path), now=now)
    finally:
        database.close()


def check_tables(cursor: SQLiteCursor, database: Database) -> None:
    """Raise MisconfiguredError when the store has no tables, or those of another version."""
    cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    present = {row["name"] for row in cursor.fetchall()}
    missing = {"stored_events", "tracking", *TABLES} - present
    if missing:
        text = f"{database.path}: the store has no tables yet ({', '.join(sorted(missing))}); run `tieout init`"
        raise MisconfiguredError(text)
    cursor.execute("SELECT schema_version FROM store_state")
    row = cursor.fetchone()
    if row is None:
        raise MisconfiguredError(f"{database.path}: the store was not set up to its end; run `tieout init`")
    if row["schema_version"] != SCHEMA_VERSION:
        text = f"version {row['schema_version']}, this program needs {SCHEMA_VERSION}"
        raise MisconfiguredError(f"{database.path}: the store has tables of {text}")


def _create(cursor: SQLiteCursor, database: Database) -> None:
    for recorder in (EventRecorder(database.datastore), PositionRecorder(database.datastore)):
        for statement in recorder.create_table_statements:
            cursor.execute(statement)
    # The library's own mark of how its tracking table is made; without it, it would make the table anew.
    cursor.execute("INSERT INTO tracking VALUES ('__migration__', 1) ON CONFLICT DO NOTHING")
    for name, columns in TABLES.items():
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
    for statement in INDEXES:
        cursor.execute(statement)


def _first_state(cursor: SQLiteCursor, *, identity: str, now: datetime) -> None:
    cursor.execute(
        "INSERT INTO store_state (id, schema_version, incarnation, file_identity, created_at) VALUES (1, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO NOTHING",
        (SCHEMA_VERSION, uuid4().hex, identity, stamp(now)),
    )
