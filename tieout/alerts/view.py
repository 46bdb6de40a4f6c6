"""What the alerts are decided from: projections, polls and the vault of the connections in the settings."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from projections import doubts, invoices, issues, ledger_codes, postings, suppliers, sync_status
from projections.connections import ConnectionRow
from tieout.alerts.standing import Bounds, ConnectionView, Credential, Flow, Waiting
from tieout.settings.alerts import AlertsSection

if TYPE_CHECKING:
    from tieout.wiring import Deployment


def bounds_of(section: AlertsSection) -> Bounds:
    """Translate the settings."""
    return Bounds(
        doubt_after=section.doubt_after,
        stuck_after=section.stuck_after,
        silent_after_intervals=section.silent_after_intervals,
        credential_life=timedelta(days=section.credential_days) if section.credential_days else None,
        credential_warning=timedelta(days=section.credential_warning_days),
    )


def view_of(
    deployment: "Deployment",
    stored_at: dict[tuple[str, str], datetime],
    lacks_token: Callable[[str], str],
    *,
    now: datetime,
) -> tuple[ConnectionView, ...]:
    """Look at every connection that is declared and stands.

    stored_at: credentials by (connection, system); lacks_token: gives the system of which a poll had no token, by the
    poll's last error.
    """
    rows = deployment.served_connections().values()
    return tuple(_connection(deployment, row, stored_at, lacks_token, now) for row in rows)


def _connection(
    deployment: "Deployment",
    row: ConnectionRow,
    stored_at: dict[tuple[str, str], datetime],
    lacks_token: Callable[[str], str],
    now: datetime,
) -> ConnectionView:
    polls = deployment.polls.rows(row.id)
    facts = sync_status.listed(deployment.storage, row.id)
    stopped = {fact.flow: fact.failed_at for fact in facts if fact.verdict == "stop"}
    return ConnectionView(
        name=row.name,
        paused=row.state.is_paused(now),
        going_since=going_since(row, now),
        doubts=tuple(doubts.listed(deployment.storage, row.id)),
        issues=tuple(issues.listed(deployment.storage, row.id)),
        flows=tuple(
            Flow(
                flow=poll.flow,
                every=poll.every,
                polled_at=poll.last_polled_at,
                stopped_at=stopped.get(poll.flow),
                shut_out_by=lacks_token(poll.last_error),
            )
            for poll in polls
        ),
        waiting=_waiting(deployment, row),
        credentials=tuple(
            Credential(system=system, stored_at=at) for (name, system), at in stored_at.items() if name == row.name
        ),
    )


def going_since(row: ConnectionRow, now: datetime) -> datetime:
    """Give when it was added, resumed by a person, or when a pause with an end of its own was over."""
    until = row.state.paused_until
    moments = (row.added_at or row.updated_at, row.resumed_at, until if until is not None and until <= now else None)
    return max(moment for moment in moments if moment is not None)


def _waiting(deployment: "Deployment", row: ConnectionRow) -> tuple[Waiting, ...]:
    """Give what waits by itself; a record held for a person is under an issue, and a person knows."""
    store, waits = deployment.storage, ["waiting"]
    held = invoices.PROJECTION.all(store, connection=row.id, states=["waiting", "held"])
    going = [invoice.updated_at for invoice in held if invoice.state == "waiting" or invoice.waits_for]
    sent = suppliers.listed(store, row.id, states=waits)
    codes = ledger_codes.listed(store, row.id, states=waits)
    booked = postings.PROJECTION.all(store, connection=row.id, states=waits)
    return (
        Waiting(flow="suppliers", since=tuple(one.updated_at for one in sent)),
        Waiting(flow="ledger_codes", since=tuple(one.updated_at for one in codes)),
        Waiting(flow="invoices", since=tuple(going)),
        Waiting(flow="payments", since=tuple(one.updated_at for one in booked)),
    )
