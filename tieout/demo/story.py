"""What happens in a demo: set up, sync, AvidXchange pays, sync, one payment comes back, sync, tie out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from actors.errands.catalogue import FLOWS
from tieout.acts.connections import add_connection
from tieout.demo.sandbox_process import SandboxProcess
from tieout.demo.settings import NAME, write_settings
from tieout.settings import Settings, load_file
from tieout.settings.keys import write_keys
from tieout.sync import Outcome, Progress, sync
from tieout.wiring import AvidTokens, Deployment, create_store, open_deployment, read_ionapi

WAIT_SECONDS = 60.0
MORE_INVOICES = 5
Say = Callable[[str], None]


@dataclass(frozen=True)
class Told:
    """The end of the story: how the syncs went, what the two systems' own books say of each other."""

    outcomes: list[Outcome]
    tie_out: dict[str, Any]
    books: dict[str, Any]

    @property
    def books_agree(self) -> bool:
        """Whether nothing is double, missing, different, unposted, misposted or left open."""
        kinds = ("doubles", "missing", "strays", "differing", "unposted", "misposted", "not_closed")
        return not any(self.tie_out[kind] for kind in kinds)


def set_up(folder: Path, sandbox: SandboxProcess, *, store: str, environ: dict[str, str]) -> Settings:
    """Write settings and keys, make the store, add the connection: what a person does with init and connection add."""
    divisions = list(sandbox.books()["infor"]["divisions"])
    avidxchange, pace = sandbox.addresses.avidxchange, sandbox.pace
    file = write_settings(folder, avidxchange=avidxchange, divisions=divisions, store=store, pace=pace)
    settings = load_file(file, environ=environ)
    if not settings.keys_file.exists():
        write_keys(settings.keys_file)
    create_store(settings.store_url)
    ionapi = next(sandbox.folder.glob("*.ionapi"))
    tokens = _tokens(sandbox.folder / "tokens.json")
    with open_deployment(settings, environ=environ) as deployment:
        add_connection(deployment, NAME, ionapi=read_ionapi(ionapi), tokens=tokens, person="demo")
    return settings


def tell(deployment: Deployment, sandbox: SandboxProcess, *, seed: int, say: Say, progress: Progress) -> Told:
    """Let it all happen once."""
    outcomes = [_sync(deployment, "suppliers, codes and invoices go out", say, progress)]
    sandbox.tell("infor/approve", {"count": MORE_INVOICES})
    outcomes.append(_sync(deployment, "Infor approved a few more", say, progress))
    sandbox.tell("avidxchange/settle", {"share": 1.0, "seed": seed})
    outcomes.append(_sync(deployment, "AvidXchange paid; the payments are posted back", say, progress))
    sandbox.tell("avidxchange/reverse", {"count": 1, "kind": "Returned", "seed": seed})
    outcomes.append(_sync(deployment, "one payment came back", say, progress))
    return Told(outcomes, sandbox.tie_out(), sandbox.books())


def _sync(deployment: Deployment, what: str, say: Say, progress: Progress) -> Outcome:
    say(what)
    (outcome,) = sync(deployment, [NAME], flows=list(FLOWS), wait_seconds=WAIT_SECONDS, progress=progress)
    return outcome


def _tokens(path: Path) -> AvidTokens:
    return msgspec.json.decode(path.read_bytes(), type=AvidTokens)
