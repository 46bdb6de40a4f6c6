"""`tieout connection add | list | test | rotate | pause | resume | remove`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.common import AsJson, By, Reason, opened, person, reasoned, settings_of, shown
from tieout.commands.tokens import ask_tokens, tokens_from_environment
from tieout.settings.durations import parse_duration

if TYPE_CHECKING:
    from domain.connections.connection import Connection
    from tieout.acts.act import Act
    from tieout.acts.removal import Removed
    from tieout.wiring import AvidTokens, Deployment

Name = Annotated[str, typer.Argument(metavar="NAME", help="The connection's name in tieout.toml.")]
ByOrAs = Annotated[str, typer.Option("--by", "--as", metavar="NAME", help="Who does it; default: your login name.")]


def add(
    ctx: typer.Context,
    name: Name,
    *,
    ionapi: Annotated[Path, typer.Option("--ionapi", metavar="FILE", help="The .ionapi file of a Backend Service.")],
    nothing_by_hand: Annotated[
        bool,
        typer.Option(
            "--nothing-by-hand", help="Of a removed one: you vouch that no payment of it was booked in Infor meanwhile."
        ),
    ] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Put credentials into the vault and pin the connection's identity; makes no network call."""
    from tieout.acts.connections import add_connection, check_addable, pinned_identity
    from tieout.wiring import read_ionapi

    section = settings_of(ctx).connection(name)
    file = read_ionapi(ionapi)
    with opened(ctx) as deployment:
        check_addable(deployment, name, ionapi=file, nothing_by_hand=nothing_by_hand)
        auth = section.avidxchange.auth
        tokens = tokens_from_environment(auth) or ask_tokens(auth)
        marks = add_connection(
            deployment, name, ionapi=file, tokens=tokens, person=person(by), nothing_by_hand=nothing_by_hand
        )
        identity = pinned_identity(deployment, name)
        again_at = deployment.connections()[name].state.added_again_at
    if as_json:
        output.emit({"connection": name, "identity": shown(identity), "fingerprints": marks})
        return
    output.say(f"{name}: added, tenant {identity.tenant}, company {identity.company}, {identity.organisation}")
    if again_at is not None:
        text = "what AvidXchange paid until today and Infor shows no row of ours for waits for a person's word"
        output.say(f"{name}: {text}, for it may be booked by hand: `tieout doubts --connection {name}` will name it")
    output.say(f"next: `tieout connection test {name}`, then `tieout sync {name}`")


def rotate(
    ctx: typer.Context,
    name: Name,
    *,
    ionapi: Annotated[
        Path | None, typer.Option("--ionapi", metavar="FILE", help="The new .ionapi file; without it Infor's stay.")
    ] = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Replace credentials by newer ones of the same identity; AvidXchange's come from the environment or are asked."""
    from tieout.acts import connections
    from tieout.wiring import read_ionapi

    auth = settings_of(ctx).connection(name).avidxchange.auth
    file = None if ionapi is None else read_ionapi(ionapi)

    def tokens() -> "AvidTokens | None":
        found = tokens_from_environment(auth)
        return ask_tokens(auth) if found is None and file is None else found

    with opened(ctx) as deployment:
        changed = connections.rotate(deployment, name, ionapi=file, ask_tokens=tokens, person=person(by))
    if as_json:
        output.emit({"connection": name, "changed": changed})
    else:
        output.say(f"{name}: {'replaced the credentials of ' + ', '.join(changed) if changed else 'same as before'}")


def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Show the declared and the added connections."""
    with opened(ctx) as deployment:
        rows = [_described(deployment, name) for name in _names(deployment)]
    if as_json:
        output.emit(rows)
        return
    columns = ("name", "declared", "added", "paused", "removed", "tenant", "company", "organisation", "divisions")
    cells = [{**row, **(row["identity"] or {}), "removed": (row["removed"] or {}).get("at", False)} for row in rows]
    table = [tuple(row.get(column) for column in columns) for row in cells]
    output.show_table("connections", columns, table, empty="none is declared in tieout.toml")


def pause(
    ctx: typer.Context,
    name: Name,
    *,
    reason: Reason = "",
    how_long: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="Ends by itself, for example 2h; default: until resumed.")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="TIME", help="Ends by itself at that time, for example 2026-12-24T18:00.")
    ] = "",
    by: ByOrAs = "",
) -> None:
    """Stop polling and sending for a connection, until it is resumed; what is in doubt is still looked up."""
    from tieout.acts import connections
    from tieout.schedule.gate import connection_state, paused

    with opened(ctx) as deployment:
        now = deployment.log.now()
        act = _act(deployment, name, by, reason=reason.strip() or "no reason given")
        section = deployment.settings.connections.get(name)
        end = _until(how_long, until, now=now, timezone=section.schedule.timezone if section else "UTC")
        before = connection_state(deployment.log, act.connection)
        changed = connections.pause(act, until=end, now=now)
        until_when = paused(connection_state(deployment.log, act.connection))
    already = "" if changed else "nothing changed, it was "
    replaced = f" (before: {paused(before)})" if changed and before.is_paused(now) else ""
    output.say(f"{name}: {already}{until_when}{replaced}; `tieout connection resume {name}` ends it")


def resume(ctx: typer.Context, name: Name, *, by: ByOrAs = "") -> None:
    """Poll and send again for a paused connection."""
    from tieout.acts import connections

    with opened(ctx) as deployment:
        changed = connections.resume(_act(deployment, name, by, reason="connection resume"))
    output.say(f"{name}: {'resumed' if changed else 'was not paused'}")


def remove(
    ctx: typer.Context,
    name: Name,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept for the auditor.")],
    by: ByOrAs = "",
    as_json: AsJson = False,
) -> None:
    """End a paused connection: its polls, its work, its credentials and its schedule; its history stays.

    Refused while an invoice or posting of it is on its way or in doubt. `connection add` takes it up again.
    """
    from tieout.acts.removal import remove as remove_it

    with opened(ctx) as deployment:
        done = remove_it(deployment, _act(deployment, name, by, reason=reasoned(reason)))
        left = _left(deployment, name)
        declared = name in deployment.settings.connections
    removal = removal_of(done.state)
    if as_json:
        output.emit({"connection": name, "removed": removal, "new": done.new, "deleted": done.deleted, "left": left})
        return
    output.say(f"{name}: {_removed_words(done)}; its history stays for `tieout timeline` and the auditor")
    for sentence in _said_of(left):
        output.say(f"{name}: {sentence}")
    if declared:
        output.say(f"next: take [connections.{name}] out of the settings")


def _removed_words(done: "Removed") -> str:
    """Say what a removal did; one that is repeated knows nothing of the credentials there were before."""
    deleted = f"deleted its credentials for {' and '.join(done.deleted)}" if done.deleted else ""
    if done.new:
        return f"removed; {deleted or 'it had no credentials'}"
    before = f"it was removed at {shown(done.state.removed_at)}"
    return f"{before}; {deleted}, left of its removal" if deleted else f"nothing changed, {before}"


def removal_of(state: "Connection") -> dict[str, Any] | None:
    """Give when, by whom and why a connection was removed, None when it was not."""
    if not state.removed:
        return None
    return {"at": shown(state.removed_at), "by": state.removed_by, "reason": state.removal_reason}


def _left(deployment: "Deployment", name: str) -> dict[str, int]:
    """Count what a removal leaves as it is."""
    from projections import issues
    from projections.totals import totals

    connection = deployment.connections()[name].id
    found = totals(deployment.storage, connection)
    return {
        "issues": len(issues.left(deployment.storage, connection)),
        "invoices_submitted": found["invoices"]["submitted"],
        "payments_not_posted": sum(found["payments"][state] for state in ("waiting", "held", "refused")),
    }


def _said_of(left: dict[str, int]) -> list[str]:
    said = {
        "issues": "{} ended with it",
        "invoices_submitted": "{} at AvidXchange: what is paid for them is posted to Infor by hand from now on",
        "payments_not_posted": "{} not posted to Infor: post them by hand",
    }
    words = {"issues": "open issue", "invoices_submitted": "invoice", "payments_not_posted": "payment"}
    return [said[key].format(output.counted(count, words[key])) for key, count in left.items() if count]


def _names(deployment: "Deployment") -> list[str]:
    return list(dict.fromkeys([*deployment.settings.connections, *deployment.connections()]))


def _described(deployment: "Deployment", name: str) -> dict[str, Any]:
    row = deployment.connections().get(name)
    state = row.state if row else None
    return {
        "name": name,
        "declared": name in deployment.settings.connections,
        "added": state is not None,
        "paused": state is not None and state.is_paused(deployment.log.now()),
        "removed": removal_of(state) if state else None,
        "identity": shown(state.identity) if state else None,
        "divisions": list(state.divisions) if state else [],
        "fingerprints": dict(state.fingerprints) if state else {},
        "tested_at": shown(row.tested_at) if row else None,
    }


def _act(deployment: "Deployment", name: str, by: str, *, reason: str) -> "Act":
    from tieout.acts.act import Act
    from tieout.acts.connections import pinned_identity

    identity = pinned_identity(deployment, name)
    return Act(log=deployment.log, connection=identity.id, person=person(by), reason=reason)


def _until(how_long: str, until: str, *, now: datetime, timezone: str) -> datetime | None:
    """Give the end of a pause; a time without a zone is one of the connection's own zone."""
    if how_long and until:
        raise MisconfiguredError("--for and --until both say when the pause ends: give one of them")
    if until:
        try:
            end = datetime.fromisoformat(until)
            return (end if end.tzinfo else end.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
        except (ValueError, OverflowError):
            text = f"--until {until} is no time: for example 2026-12-24T18:00, or 2026-12-24T18:00Z"
            raise MisconfiguredError(text) from None
    if not how_long:
        return None
    duration = parse_duration(how_long)
    if not duration:
        raise MisconfiguredError(f"--for {how_long} is no duration: an integer and s, m, h or d, for example 2h")
    return now + duration
