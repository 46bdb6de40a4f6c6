"""A deployment over a sandbox in this process, for the benchmarks: set up as a person would, in a temporary folder."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from sandbox.serve import Sandbox
from tieout.acts.connections import add_connection
from tieout.demo.settings import NAME, Pace, write_settings
from tieout.settings import load_file
from tieout.settings.keys import write_keys
from tieout.sync import Outcome, sync
from tieout.wiring import AvidTokens, Deployment, create_store, open_deployment, read_ionapi


@contextmanager
def deployed(sandbox: Sandbox) -> Iterator[Deployment]:
    """Give a deployment with one connection to a running sandbox; its folder goes with it."""
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as name:
        folder = Path(name)
        ionapi = sandbox.write_out(folder / "sandbox")
        divisions = sorted(sandbox.infor_books.divisions)
        store = f"sqlite:///{folder / 'tieout.db'}"
        avidxchange = sandbox.avidxchange_url
        file = write_settings(folder, avidxchange=avidxchange, divisions=divisions, store=store, pace=Pace())
        settings = load_file(file, environ={})
        write_keys(settings.keys_file)
        create_store(settings.store_url)
        tokens = msgspec.json.decode((folder / "sandbox" / "tokens.json").read_bytes(), type=AvidTokens)
        with open_deployment(settings, environ={}) as deployment:
            add_connection(deployment, NAME, ionapi=read_ionapi(ionapi), tokens=tokens, person="benchmark")
            yield deployment


def sync_once(deployment: Deployment, flows: list[str], *, wait_seconds: float = 300) -> Outcome:
    """Sync the connection; a sync that did not go well makes no benchmark. Raises RuntimeError."""
    (outcome,) = sync(deployment, [NAME], flows=flows, wait_seconds=wait_seconds)
    faults = [*outcome.no_answer, *outcome.to_mend, *outcome.unexpected]
    if outcome.paused or faults:
        raise RuntimeError(f"the sync went wrong: {outcome.paused or faults}")
    return outcome
