"""The bundle itself: collected, scanned for every secret that is known, and only then written."""

import io
import os
import zipfile
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from domain.errors import MisconfiguredError, RefusedError, TieoutError
from tieout.diagnosis import diagnose
from tieout.settings import Settings
from tieout.support import content, secrets

OF_STORE = ("store", "connections", "errors")
PARTS = ("about", "settings", "checks", *OF_STORE)


def collect(
    load: Callable[[], Settings],
    *,
    environ: dict[str, str],
    now: datetime,
    ask_remotes: bool = True,
    without: Collection[str] = (),
) -> dict[str, bytes]:
    """Give the files of a bundle by name. A store or settings that cannot be read leave their parts out.

    Raises RefusedError when a part holds a secret after all: it names the part and the secret, and shows nothing.
    """
    from tieout.wiring import open_deployment

    parts = {"about": content.about(environ, now=now)}
    checks = list(diagnose(load, ask_remotes=ask_remotes))
    parts["checks"] = {"checks": content.of_checks(checks)}
    known = [secrets.of_environment(environ)]
    try:
        settings = load()
        parts["settings"] = content.of_settings(settings)
        known.append(secrets.of_settings(settings, environ))
        with open_deployment(settings, environ=environ) as deployment:
            parts["store"] = content.of_store(deployment, now=now)
            parts["connections"] = {"connections": content.of_connections(deployment, now=now)}
            parts["errors"] = {"errors": content.recent_errors(deployment)}
            known.append(secrets.of_vault(deployment))
            return _scanned(parts, known, without)
    except TieoutError as error:
        if isinstance(error, RefusedError):
            raise
        # Verdict: go on with what needs no store; `checks` says what is wrong, and a bundle is wanted most then. What
        # was read from the store stays here: without the vault nobody could tell what must not leave.
        outside = {name: part for name, part in parts.items() if name not in OF_STORE}
        return _scanned(outside, [secrets.of_environment(environ), *known[1:2]], without)


def write(files: dict[str, bytes], path: Path) -> None:
    """Write the bundle for its owner only. Raises MisconfiguredError when it is there or cannot be written."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in files.items():
            bundle.writestr(name, data)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(packed.getvalue())
    except FileExistsError:
        raise MisconfiguredError(f"{path} is there already: name another file with --out") from None
    except OSError as fault:
        raise MisconfiguredError(f"{path} cannot be written ({fault.strerror})") from fault


def _scanned(
    parts: dict[str, dict[str, object]], known: list[Iterator[secrets.Secret]], without: Collection[str]
) -> dict[str, bytes]:
    files = {
        f"{name}.json": msgspec.json.format(msgspec.json.encode(parts[name]), indent=2)
        for name in PARTS
        if name in parts and name not in without
    }
    leak = secrets.found(files, (secret for group in known for secret in group))
    if leak is not None:
        name, what = leak
        part = name.removesuffix(".json")
        raise RefusedError(
            f"nothing was written: {name} would hold {what}; leave that part out with --without {part}, and report it",
            code="SECRET",
        )
    return files
