"""What the bundle holds: versions, settings, checks, counts, polls, recent errors; no record's name, no amount."""

import platform
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.errands.events import ErrandFailed
from domain.invoices.submission_events import InvoiceSubmissionDoubted, InvoiceSubmissionRefused
from domain.polls.events import PollFailed, PollRecordMalformed
from domain.postings.events import PostingDoubted, PostingRefused, PostingToDesk
from domain.suppliers.events import SupplierRefused
from projections.connections import ConnectionRow
from tieout.commands.common import version_of
from tieout.diagnosis import Check
from tieout.settings import Settings
from tieout.settings.environment import STANDARD, VARIABLES
from tieout.support import redaction

if TYPE_CHECKING:
    from tieout.wiring import Deployment

LIBRARIES = ("cryptography", "dramatiq", "eventsourcing", "httpx", "msgspec", "psycopg", "pika", "rich", "typer")
RECENT_POSITIONS = 20_000  # of the log: that far back errors are looked for
MOST_ERRORS = 200
# What an error says of itself, by its type: fields that can hold a record's name or a person are left out.
_ERRORS: dict[type, tuple[str, ...]] = {
    ErrandFailed: ("errand", "verdict", "text"),
    PollFailed: ("flow", "verdict", "text"),
    PollRecordMalformed: ("flow",),
    InvoiceSubmissionDoubted: ("why",),
    InvoiceSubmissionRefused: ("code", "field"),
    SupplierRefused: ("code", "field"),
    PostingDoubted: ("step", "why"),
    PostingRefused: ("step", "code"),
    PostingToDesk: ("why",),
}


def about(environ: dict[str, str], *, now: datetime) -> dict[str, Any]:
    """Say what runs here: versions, the machine's kind, which variables are set (their names only)."""
    names = (*VARIABLES, *(f"{name}_FILE" for name in VARIABLES), *STANDARD, *map(str.lower, STANDARD))
    return {
        "made_at": now,
        "tieout": version_of("tieout"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "libraries": {name: version_of(name) for name in LIBRARIES},
        "variables_set": sorted(name for name in names if environ.get(name)),
    }


def of_settings(settings: Settings) -> dict[str, Any]:
    """Give the settings in force, redacted."""
    return {
        **redaction.settings(settings.content),
        "store_url": redaction.host_of(settings.store_url),
        "broker_url": redaction.host_of(settings.broker_url),
    }


def of_checks(checks: list[Check]) -> list[dict[str, Any]]:
    """Give what doctor said, its texts cut."""
    return [redaction.plain(check) for check in checks]


def of_store(deployment: "Deployment", *, now: datetime) -> dict[str, Any]:
    """Count what is in the store: events by topic, due work, keys by their use, alerts not told."""
    from tieout.wiring.alerting import alert_book
    from tieout.wiring.keyring import key_uses

    with deployment.store.database.reading() as cursor:
        cursor.execute("SELECT schema_version FROM store_state")
        schema = cursor.fetchone()["schema_version"]
        cursor.execute("SELECT topic, COUNT(*) AS number FROM stored_events GROUP BY topic ORDER BY topic")
        topics = {row["topic"]: row["number"] for row in cursor.fetchall()}
    names = {row.id: row.name for row in deployment.connections().values()}
    due = deployment.work.due_counts(now)
    return {
        "schema_version": schema,
        "last_position": deployment.log.last_position(),
        "hold_until": deployment.log.hold_until(),
        "events_by_topic": topics,
        "due": [
            {"connection": names.get(connection, str(connection)), "errand": errand, "rows": rows}
            for (connection, errand), rows in sorted(due.items(), key=lambda one: (str(one[0][0]), one[0][1]))
        ],
        "keys": [redaction.plain(use) for use in key_uses(deployment)],
        "alerts_by_phase": dict(Counter(f"{one.channel} {one.phase}" for one in alert_book(deployment).entries())),
    }


def of_connections(deployment: "Deployment", *, now: datetime) -> list[dict[str, Any]]:
    """Give each connection's polls, counts by state, issues and doubts by kind."""
    return [_connection(deployment, row, now) for _, row in sorted(deployment.connections().items())]


def recent_errors(deployment: "Deployment") -> list[dict[str, Any]]:
    """Give the newest errors of the log, newest first."""
    last = deployment.log.last_position()
    errors = list(_errors(deployment, after=max(0, last - RECENT_POSITIONS)))
    return errors[: -MOST_ERRORS - 1 : -1]


def _connection(deployment: "Deployment", row: ConnectionRow, now: datetime) -> dict[str, Any]:
    from projections import doubts, issues
    from projections.totals import totals

    found = totals(deployment.storage, row.id)
    waiting: Counter[str] = Counter()
    for key, number in deployment.work.waiting(row.id).items():
        waiting[key.partition(":")[0]] += number
    return {
        "name": row.name,
        "declared": row.name in deployment.settings.connections,
        "paused": row.state.is_paused(now),
        "removed_at": row.state.removed_at,
        "tested_at": row.tested_at,
        "missing_transactions": row.missing_transactions,
        "flows": [
            {
                "flow": poll.flow,
                "every_seconds": poll.every.total_seconds(),
                "last_polled_at": poll.last_polled_at,
                "next_due_at": poll.next_poll_at,
                "seen": poll.seen,
                "failures_in_a_row": poll.attempts,
                "last_error": redaction.text(poll.last_error) or None,
                "claimed": poll.claimed_until is not None and poll.claimed_until > now,
            }
            for poll in deployment.polls.rows(row.id)
        ],
        "counts": {block: found[block] for block in ("suppliers", "ledger_codes", "invoices", "payments")},
        "issues_by_kind": dict(Counter(issue.kind for issue in issues.listed(deployment.storage, row.id))),
        "doubts_by_kind": dict(Counter(doubt.kind for doubt in doubts.listed(deployment.storage, row.id))),
        "waiting_for": dict(waiting),
    }


def _errors(deployment: "Deployment", *, after: int) -> Iterator[dict[str, Any]]:
    while page := deployment.log.read(after=after, limit=1000):
        for recorded in page:
            fields = _ERRORS.get(type(recorded.event))
            if fields is not None:
                said = {name: redaction.plain(getattr(recorded.event, name)) for name in fields}
                yield {"at": recorded.meta.recorded_at, "event": type(recorded.event).__name__, **said}
        after = page[-1].position
