"""`tieout migrate`."""

from typing import Annotated

import typer

from tieout import output
from tieout.commands.common import AsJson, settings_of


def migrate(
    ctx: typer.Context,
    *,
    dumped: Annotated[
        bool, typer.Option("--dumped", help="You made a dump of the database on the server: the way back.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the store to this version; checks tables and every event before and after, says how to go back."""
    from tieout.wiring import migrate_store

    done = migrate_store(settings_of(ctx).store_url, dumped=dumped)
    back = _way_back(done.backup) if done.steps else ""
    if as_json:
        output.emit(
            {
                "store": done.store,
                "from": done.from_version,
                "to": done.to_version,
                "steps": done.steps,
                "events": done.events,
                "backup": done.backup,
                "way_back": back,
            }
        )
        return
    if not done.steps:
        output.say(f"{done.store}: version {done.to_version} already; its tables and {done.events} events are sound")
        return
    output.say(f"{done.store}: from version {done.from_version} to {done.to_version}, {done.events} events, all sound")
    output.say(back)


def _way_back(backup: str | None) -> str:
    before = f"put {backup} in its place" if backup else "restore the dump into an empty database"
    return f"to go back: stop every tieout, {before}, install the version before; money is then held for a while"
