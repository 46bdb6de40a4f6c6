"""`tieout init`."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.common import AsJson
from tieout.settings import Settings, load_file
from tieout.settings.environment import CONFIG, KEYS, variable
from tieout.settings.keys import write_keys
from tieout.settings.loading import FILE_NAME, KEYS_NAME
from tieout.settings.template import template


def init(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Made if missing; default: here.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write a commented tieout.toml and tieout.keys, and create the store's tables; what exists is kept.

    With TIEOUT_KEYS or TIEOUT_KEYS_FILE no key ring is written: a pod's settings folder is read-only.
    """
    from tieout.wiring import create_store, open_deployment

    file = _file(ctx, folder)
    _make_folder(file.parent)
    written = []
    if not file.exists():
        _write(file, template())
        written.append(file.name)
    settings = load_file(file, environ=os.environ)
    if variable(os.environ, KEYS) is None and not settings.keys_file.exists():
        write_keys(settings.keys_file)
        written.append(KEYS_NAME)
    create_store(settings.store_url)
    with open_deployment(settings) as deployment:  # keys and store fit each other, or this says why not
        step = _next_step(settings, deployment.standing_connections().keys(), deployment.removed_connections().keys())
    kept = [one.name for one in (file, settings.keys_file) if one.name not in written and one.exists()]
    if as_json:
        output.emit({"folder": str(file.parent), "written": written, "kept": kept})
        return
    output.say(f"{file.parent}: wrote {', '.join(written) or 'nothing'}; kept {', '.join(kept) or 'nothing'}")
    output.say(f"next: {step}")


def _next_step(settings: Settings, added: Collection[str], removed: Collection[str]) -> str:
    """Name the first step that is not done yet; a removed connection needs none."""
    declared = [name for name in settings.connections if name not in removed]
    if not declared:
        return f"declare a connection in {settings.file.name}, then `tieout connection add NAME --ionapi FILE`"
    missing = next((name for name in declared if name not in added), None)
    if missing is not None:
        return f"`tieout connection add {missing} --ionapi FILE`"
    return f"`tieout connection test {declared[0]}`, then `tieout sync` or `tieout run`"


def _file(ctx: typer.Context, folder: Path | None) -> Path:
    if folder is not None:
        return folder.absolute() / FILE_NAME
    named = ctx.obj.config or os.environ.get(CONFIG)
    return Path(named or FILE_NAME).absolute()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise MisconfiguredError(f"{folder} cannot be made ({fault.strerror})") from fault


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as fault:
        raise MisconfiguredError(f"{file} cannot be written ({fault.strerror})") from fault
