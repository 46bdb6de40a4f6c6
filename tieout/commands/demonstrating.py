"""`tieout demo`."""

from pathlib import Path
from typing import Annotated

import typer

from tieout.commands.common import AsJson
from tieout.commands.sandboxing import Faults, Invoices, Seed


def demo(
    *,
    seed: Seed = 1,
    invoices: Invoices = 200,
    faults: Faults = "calm",
    store: Annotated[str, typer.Option("--store", metavar="URL", help="Default: SQLite in the demo's folder.")] = "",
    broker: Annotated[
        str, typer.Option("--broker", metavar="URL", help="RabbitMQ: a relay and a worker help over it; default: none.")
    ] = "",
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help="Holds settings, keys and store afterwards.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do the whole job on this machine against a sandbox, then tie the two ledgers out."""
    from tieout.demo.command import run_demo

    raise typer.Exit(
        run_demo(seed=seed, invoices=invoices, faults=faults, store=store, broker=broker, keep=keep, as_json=as_json)
    )
