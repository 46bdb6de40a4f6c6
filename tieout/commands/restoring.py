"""`tieout restored`."""

from typing import Annotated

import typer

from tieout import output
from tieout.commands.common import AsJson, By, opened, person, reasoned, shown


def restored(
    ctx: typer.Context,
    *,
    reason: Annotated[str, typer.Option("--reason", help="What was set back, and to when; kept for the auditor.")],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say that the store was set back in a way it cannot notice, as by a disk's snapshot; money is held for a while."""
    detail = f"declared by {person(by)}: {reasoned(reason)}"
    with opened(ctx) as deployment:
        until = shown(deployment.declare_restored(detail))
        incarnation = str(deployment.log.incarnation())
    if as_json:
        output.emit({"incarnation": incarnation, "hold_until": until, "detail": detail})
        return
    output.say(f"the store is a new incarnation; money writes are held until {until}")
    output.say("next: start tieout again; `tieout issues` shows what a person must look at")
