"""`tieout sandbox`: the pretend Infor and AvidXchange alone."""

import signal
import threading
from pathlib import Path
from typing import Annotated, Literal

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.commands.common import AsJson
from tieout.settings import is_loopback

Faults = Annotated[Literal["calm", "rough", "hostile"], typer.Option("--faults", help="How often calls go wrong.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same data and faults.")]
Invoices = Annotated[int, typer.Option("--invoices", min=1, help="How many invoices Infor holds.")]


def sandbox(
    *,
    faults: Faults = "calm",
    seed: Seed = 1,
    invoices: Invoices = 200,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Receives the .ionapi file, tokens and addresses.")
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="NAME", help="The name others call it by; not loopback: add --tls.")
    ] = "127.0.0.1",
    infor_port: Annotated[int, typer.Option("--infor-port", min=0, max=65535, help="0: any free port.")] = 0,
    avidxchange_port: Annotated[int, typer.Option("--avidxchange-port", min=0, max=65535, help="Likewise.")] = 0,
    tls: Annotated[bool, typer.Option("--tls", help="Serve TLS; DIR receives ca.pem, the authority to trust.")] = False,
    pay_every: Annotated[
        float, typer.Option("--pay-every", min=0, metavar="SECONDS", help="AvidXchange pays that often; 0: when told.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Run the pretend Infor and AvidXchange until Ctrl-C or SIGTERM, on loopback unless --host says otherwise."""
    from sandbox.serve import Sandbox, SandboxOptions

    if not tls and not is_loopback(f"http://{host}"):
        raise MisconfiguredError(f"--host {host} is not loopback, where tieout calls no address without TLS: add --tls")
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: done.set())
    folder = None if out is None else str(_made(out))
    options = SandboxOptions(
        seed=seed,
        invoices=invoices,
        faults=faults,
        out=folder,
        host=host,
        infor_port=infor_port,
        avidxchange_port=avidxchange_port,
        tls=tls,
        pay_every_seconds=pay_every,
    )
    with Sandbox(options) as running:
        addresses = {**running.addresses(), "out": folder}
        if as_json:
            output.emit(addresses, in_one_line=True)  # whoever started us reads a line and goes on
        else:
            output.show_pairs(addresses)
        output.say("Ctrl-C or SIGTERM stops it")
        done.wait()


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise MisconfiguredError(f"{folder} cannot be made ({fault.strerror})") from fault
    return folder.absolute()
