"""`tieout init`."""

import os
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

    Tables of an older version are left as they are: `tieout migrate` brings them up.
    With TIEOUT_KEYS or TIEOUT_KEYS_FILE no key ring is written: a pod's settings folder is read-only.
    """
    from tieout.wiring import create_store

    file = _file(ctx, folder)
    _make_folder(file.parent)
    written = []
    if not file.exists():
        _write(file, template())
        written.append(file.name)
    settings = load_file(file, environ=os.environ)
    tables = create_store(settings.store_url)
    if variable(os.environ, KEYS) is None and not settings.keys_file.exists():
        _check_no_ring_was_lost(settings)
        write_keys(settings.keys_file)
        written.append(KEYS_NAME)
    step = "`tieout migrate`" if tables.are_older else _next_step(settings)
    kept = [one.name for one in (file, settings.keys_file) if one.name not in written and one.exists()]
    if as_json:
        versions = {"version": tables.found, "needed": tables.needed}
        output.emit(
            {"folder": str(file.parent), "written": written, "kept": kept, "store": tables.store, "tables": versions}
        )
        return
    output.say(f"{file.parent}: wrote {', '.join(written) or 'nothing'}; kept {', '.join(kept) or 'nothing'}")
    if not tables.are_older:
        output.say(f"store: {tables.store}, tables of version {tables.found}")
    else:
        output.say(
            f"{tables.store}: the tables are of version {tables.found}, this program's are {tables.needed}: "
            "`tieout migrate` brings them up"
        )
    output.say(f"next: {step}")


def _check_no_ring_was_lost(settings: Settings) -> None:
    """Raise MisconfiguredError when something in the store lies under a key: a fresh ring would open none of it."""
    from tieout.wiring.stores import key_ids_in_use

    used = key_ids_in_use(settings.store_url)
    if used:
        raise MisconfiguredError(
            f"{settings.keys_file} is missing, and the store holds what was encrypted under {' and '.join(used)}: "
            "put the key ring back there (or name it by TIEOUT_KEYS_FILE); no new one was written"
        )


def _next_step(settings: Settings) -> str:
    """Name the first step that is not done yet; a removed connection needs none."""
    from tieout.wiring import open_deployment

    with open_deployment(settings) as deployment:  # keys and store fit each other, or this says why not
        added, removed = deployment.standing_connections(), deployment.removed_connections()
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
