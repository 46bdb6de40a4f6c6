"""`tieout restored`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.acting import refusing
from tieout.commands.common import AsJson, By, opened, person, reasoned, shown


def restored(
    ctx: typer.Context,
    *,
    reason: Annotated[str, typer.Option("--reason", help="What was set back, and to when; kept for the auditor.")],
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="TIME",
            help="The time of the backup or snapshot, with its zone, for example 2026-12-24T02:00Z: what was recorded"
            " since is compared with what the store forgot. Default: now.",
        ),
    ] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say that the store was set back in a way it cannot notice, as by a disk's snapshot; money is held for a while."""
    from tieout.acts.act import Act
    from tieout.acts.connections import say_restore_point

    who, why = person(by), reasoned(reason)
    detail, moment = f"declared by {who}: {why}", _moment(at)
    with opened(ctx) as deployment, refusing(f"--at {at}"):
        rows = deployment.connections().values()
        acts = [Act(log=deployment.log, connection=row.id, person=who, reason=why) for row in rows]
        if moment is not None:  # said first: a run that breaks off in between is repeated, and says the same
            for act in acts:
                say_restore_point(act, moment, now=deployment.log.now())
        until = shown(deployment.declare_restored(detail))
        incarnation = str(deployment.log.incarnation())
        rows_of_processes, now = deployment.store.workers.rows(), deployment.log.now()
        alive = [f"{row.role} {row.name}" for row in rows_of_processes if row.is_alive(now)]
    if as_json:
        said = {"incarnation": incarnation, "hold_until": until, "set_back_to": shown(moment), "detail": detail}
        output.emit(said)
        return
    held = f"money writes are held until {until}" if until else "no connection was ever added: there is nothing to hold"
    output.say(f"the store is a new incarnation; {held}")
    if alive:
        output.say(f"still running on what was there before: {', '.join(alive)}; stop them before anything else")
    output.say("next: start tieout again; `tieout issues` shows what a person must look at")


def _moment(at: str) -> datetime | None:
    """Read the time of a backup, None without one; connections differ in their zones. Raises MisconfiguredError."""
    if not at:
        return None
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise MisconfiguredError(f"--at {at} names no zone: for example {moment:%Y-%m-%dT%H:%M}Z")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MisconfiguredError(f"--at {at} is no time: for example 2026-12-24T02:00Z") from None
