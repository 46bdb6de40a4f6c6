"""`tieout support-bundle`: one file for whoever helps, without a secret in it."""

import os
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.common import AsJson, settings_of


def support_bundle(
    ctx: typer.Context,
    *,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.zip", help="Where to; default: named by the time, here.")
    ] = None,
    without: Annotated[str, typer.Option("--without", metavar="PART,…", help="Leave these parts out.")] = "",
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the remotes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write versions, redacted settings, checks, counts, polls and recent errors into one file."""
    from tieout.support.bundle import PARTS, collect, write
    from tieout.wiring.alerting import now

    left_out = [part.strip() for part in without.split(",") if part.strip()]
    for part in left_out:
        if part not in PARTS:
            raise MisconfiguredError(f"--without {part} is no part; the parts are {', '.join(PARTS)}")
    at = now()
    path = out or Path(f"tieout-support-{at:%Y%m%d-%H%M%S}.zip")
    if path.exists():
        raise MisconfiguredError(f"{path} is there already: name another file with --out")
    with output.progress("collecting"):
        files = collect(
            lambda: settings_of(ctx), environ=dict(os.environ), now=at, ask_remotes=not offline, without=left_out
        )
    write(files, path)
    if as_json:
        output.emit({"file": str(path.absolute()), "parts": [name.removesuffix(".json") for name in files]})
    else:
        output.say(f"{path}: {', '.join(files)}; look through it before you send it")
