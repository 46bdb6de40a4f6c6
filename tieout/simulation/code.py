"""Which code a run judged: a digest over the sources it ran, so that figures can be told from those of other code."""

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable

ROOMS = ("domain", "actors", "projections", "tieout")
_INSIDE_TIEOUT = ("acts", "simulation")  # what of the outermost room the simulation runs
_OF_ADAPTERS = ("http_messages.py", "preparation.py")  # the bound of a money write's deadline is theirs


def code_digest() -> str:
    """Give 16 hex digits over every module that a schedule runs: their names and their bytes."""
    whole = hashlib.sha256()
    for room in ROOMS:
        for name, data in sorted(_sources(files(room), room)):
            if room != "tieout" or name.split("/")[1] in _INSIDE_TIEOUT:
                whole.update(f"{name}\n{len(data)}\n".encode() + data)
    for name in _OF_ADAPTERS:
        whole.update(files("adapters").joinpath(name).read_bytes())
    return whole.hexdigest()[:16]


def _sources(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for one in folder.iterdir():
        name = f"{path}/{one.name}"
        if one.is_dir():
            found.extend(_sources(one, name))
        elif one.name.endswith(".py"):
            found.append((name, one.read_bytes()))
    return found
