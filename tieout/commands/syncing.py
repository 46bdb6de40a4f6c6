"""`tieout sync` and `tieout sync-status`."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.common import AsJson, added, check_environment, ending_cleanly, opened, settings_of, shown, working
from tieout.commands.connection import removal_of
from tieout.commands.summary import exit_code_of, sentences, show_totals, summary, worst
from tieout.settings import FLOWS
from tieout.settings.durations import write_duration

if TYPE_CHECKING:
    from domain.connections.connection import Connection
    from projections.connections import ConnectionRow
    from tieout.settings import ConnectionSection
    from tieout.wiring import Deployment

LONGEST_WAIT_SECONDS = 365 * 86400
NAMED = 5  # of the records that are not read
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


def _seconds(text: str | float) -> float:
    """Read how long to wait, in words of our own when it is no number of seconds; the default is one already."""
    if not _NUMBER.fullmatch(str(text)) or float(text) > LONGEST_WAIT_SECONDS:
        raise MisconfiguredError(
            f"--wait {text}: seconds are a number from 0 to {LONGEST_WAIT_SECONDS}, for example 300"
        )
    return float(text)


Name = Annotated[str | None, typer.Argument(metavar="NAME", help="The connection; default: every added one.")]


def sync(
    ctx: typer.Context,
    name: Name = None,
    *,
    flow: Annotated[str, typer.Option("--flow", metavar="FLOW,…", help=f"Only these: {', '.join(FLOWS)}.")] = "",
    wait: Annotated[
        float,
        typer.Option("--wait", metavar="SECONDS", parser=_seconds, help="Wait so long at most for what falls due."),
    ] = 300,
    as_json: AsJson = False,
) -> None:
    """Poll now and work until nothing is due within the wait, then end."""
    from tieout.sync import sync as run_sync

    flows = _flows(flow)
    check_environment(settings_of(ctx))
    with ending_cleanly(), opened(ctx) as deployment:
        names = working(deployment, name)
        with output.progress("syncing") as follow:
            outcomes = run_sync(deployment, names, flows=flows, wait_seconds=wait, progress=follow, say=output.say)
        figures = [summary(deployment, one) for one in outcomes]
    for one in outcomes:
        for sentence in sentences(one):
            output.say(f"{one.name}: {sentence}")
    if as_json:
        output.emit(figures[0] if len(figures) == 1 else {"connections": figures})
    else:
        for each in figures:
            show_totals(each)
    raise typer.Exit(worst([exit_code_of(one, each) for one, each in zip(outcomes, figures, strict=True)]))


def sync_status(ctx: typer.Context, name: Name = None, *, as_json: AsJson = False) -> None:
    """Show per flow: last poll, watermark, lag, next due and why it is not running; counts by state; who is alive.

    Without NAME, removed connections are left out.
    """
    with opened(ctx) as deployment:
        rows = [row for row in added(deployment, name).values() if name is not None or not row.state.removed]
        reports = [_status(deployment, row) for row in rows]
        workers = _workers(deployment)
    if as_json:
        output.emit({**(reports[0] if len(reports) == 1 else {"connections": reports}), "workers": workers})
        return
    if not reports:
        output.write("no connection was added yet, or all were removed\n")
    columns = ("flow", "schedule", "last poll", "watermark", ">lag (s)", ">seen", "next due", "state")
    for report in reports:
        keys = ("flow", "schedule", "last_polled_at", "watermark", "lag_seconds", "seen", "next_due_at", "state")
        stands = "removed" if report["removed"] else "paused" if report["paused"] else ""
        title = report["connection"] + (f" ({stands})" if stands else "")
        table = [[_legible(flow[key]) if key == "watermark" else flow[key] for key in keys] for flow in report["flows"]]
        output.show_table(title, columns, table, empty=_without_polls(report["removed"]))
        for flow in report["flows"]:
            output.write(f"  {flow['flow'].replace('_', ' ')}: {flow['why']}\n")
            for failing in flow["failing"].values():
                output.write(f"    since {failing['since']} {failing['text']}\n")
            if flow["unread"]:
                output.write(f"    not read so far, tried by each poll: {_few(list(flow['unread']))}\n")
        for block, counts in report["counts"].items():
            parts = [f"{count} {state.replace('_', ' ')}" for state, count in counts.items() if count]
            output.write(f"  {block.replace('_', ' ')}: {', '.join(parts) or 'none seen'}\n")
    _show_workers(workers)


def _few(records: list[str]) -> str:
    more = len(records) - NAMED
    return ", ".join(records[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _legible(watermark: str) -> str:
    """Show a mark that is a count of milliseconds, as M3 stamps suppliers, as the moment it is."""
    if not (watermark.isascii() and watermark.isdigit() and len(watermark) == len("1767225600000")):
        return watermark
    return datetime.fromtimestamp(int(watermark) / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _workers(deployment: "Deployment") -> list[dict[str, Any]]:
    """Give the processes that stay: they belong to the store, whichever connections are asked for."""
    now = deployment.log.now()
    return [
        {
            "name": row.name,
            "role": row.role,
            "alive": row.is_alive(now),
            "seen_at": shown(row.seen_at),
            "started_at": shown(row.started_at),
            "clock_offset_ms": row.clock_offset_ms,
        }
        for row in deployment.store.workers.rows()
    ]


def _show_workers(workers: list[dict[str, Any]]) -> None:
    rows = [
        [one["name"], one["role"], "yes" if one["alive"] else "no", one["seen_at"], one["started_at"]]
        for one in workers
    ]
    columns = ("name", "role", "alive", "last seen", "started")
    output.show_table("workers", columns, rows, empty="no process stays to work by the schedule; `tieout run` does")


def _status(deployment: "Deployment", row: "ConnectionRow") -> dict[str, Any]:
    from actors.errands.unread import Mark
    from projections.sync_status import listed
    from projections.totals import totals
    from tieout.schedule.gate import connection_state
    from tieout.schedule.planning import plan_of
    from tieout.schedule.standing import standing

    now = deployment.log.now()
    state = connection_state(deployment.log, row.id)
    section = deployment.settings.connections.get(row.name)
    plan, lease = (plan_of(section.schedule), _lease(section)) if section else (None, None)
    facts = {flow.flow: flow for flow in listed(deployment.storage, row.id)}
    flows = []
    for poll in deployment.polls.rows(row.id):
        mark = Mark.read(poll.watermark)
        fact = facts.get(poll.flow)
        stands = standing(poll, state=state, plan=plan, lease=lease, now=now)
        flows.append(
            {
                "flow": poll.flow,
                "last_polled_at": shown(poll.last_polled_at),
                "watermark": mark.at,
                "unread": mark.unread,
                "lag_seconds": round((now - poll.last_polled_at).total_seconds()) if poll.last_polled_at else None,
                "seen": poll.seen,
                "recorded_in_all": fact.recorded_in_all if fact else 0,
                "malformed_in_all": fact.malformed_in_all if fact else 0,
                "schedule": _rhythm(plan.flows.get(poll.flow, poll.every) if plan else poll.every),
                "next_due_at": shown(stands.next_due_at),
                "state": stands.state,
                "why": stands.why,
                "failures_in_a_row": poll.attempts,
                "last_error": poll.last_error or None,
                "worker": poll.claimed_by,
                "worker_alive": poll.claimed_until is not None and poll.claimed_until > now,
                "held_since": shown(stands.held_since),
                "failing": {errand: shown(failing) for errand, failing in (fact.failing if fact else {}).items()},
            }
        )
    found = totals(deployment.storage, row.id)
    return {
        "connection": row.name,
        "paused": state.is_paused(now),
        "pause": _pause(state) if state.is_paused(now) else None,
        "removed": removal_of(state),
        "blackout_until": shown(plan.blackout.free_from(now)) if plan and plan.blackout.covers(now) else None,
        "flows": flows,
        "counts": {block: found[block] for block in ("suppliers", "ledger_codes", "invoices", "payments")},
        "issues": found["issues"],
    }


def _without_polls(removed: "dict[str, Any] | None") -> str:
    """Say why a connection has no polls: a removal ended them, or none was begun."""
    return f"removed at {removed['at']} by {removed['by']}: {removed['reason']}" if removed else "no poll yet"


def _pause(state: "Connection") -> dict[str, Any]:
    return {"by": state.paused_by or None, "reason": state.pause_reason or None, "until": shown(state.paused_until)}


def _lease(section: "ConnectionSection") -> timedelta:
    """How long a claim of a poll lasts, by which its beginning is known."""
    from actors.errands.polling import LEASE_CALLS

    return timedelta(seconds=section.infor.call_timeout_seconds) * LEASE_CALLS


def _rhythm(rhythm: timedelta | str) -> str:
    return rhythm if isinstance(rhythm, str) else write_duration(rhythm)


def _flows(flow: str) -> list[str]:
    wanted = [one.strip() for one in flow.split(",") if one.strip()] or list(FLOWS)
    for one in wanted:
        if one not in FLOWS:
            raise MisconfiguredError(f"--flow {one} is no flow; the flows are {', '.join(FLOWS)}")
    return wanted
