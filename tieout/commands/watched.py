"""`--health-port`: what a process that stays says of itself to whoever watches it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from domain.errors import MisconfiguredError
from tieout import output
from tieout.processes.stopping import Beat, no_beat

if TYPE_CHECKING:
    from tieout.health.server import Health
    from tieout.wiring import Deployment


def _port(text: str) -> int:
    """Read a port, in words of our own when it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_PORT)) and int(text) <= LARGEST_PORT):
        raise MisconfiguredError(f"--health-port {text}: a port is a number from 0 to {LARGEST_PORT}")
    return int(text)


LARGEST_PORT = 65535
HealthPort = Annotated[
    int | None,
    typer.Option("--health-port", metavar="PORT", parser=_port, help="Serve /live, /ready and /metrics there."),
]
HealthHost = Annotated[
    str, typer.Option("--health-host", metavar="ADDRESS", help="The address for --health-port; default: every one.")
]
EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 (probes and Prometheus call from outside; nothing is served unless asked for)


@contextmanager
def watched(
    deployment: "Deployment", role: str, *, host: str, port: int | None, uses_broker: bool = True
) -> Iterator[Beat]:
    """List a process that stays among those that live, and serve its health, while the block runs.

    Gives what its loop calls every round. role: what it is listed as; uses_broker: whether it needs one to be ready.
    """
    from tieout.processes.heartbeat import listed

    url = deployment.settings.broker_url if uses_broker else ""
    with listed(deployment, role) as list_it, _healthy(deployment, url, host=host, port=port) as beat:

        def both() -> None:
            beat()  # first: whether the process lives must not wait for the store
            list_it()

        yield both


@contextmanager
def _healthy(deployment: "Deployment", broker_url: str, *, host: str, port: int | None) -> Iterator[Beat]:
    if port is None:
        yield no_beat
        return
    from tieout.diagnosis.brokers import broker_trouble
    from tieout.health.checks import health_of, no_broker

    ping = (lambda: broker_trouble(broker_url)) if broker_url else no_broker
    with _served(health_of(deployment, ping), host=host, port=port) as beat:
        yield beat


@contextmanager
def watched_supervisor(*, host: str, port: int | None, children: int) -> Iterator[Beat]:
    """Serve the health of a process that only looks after others: ready when they are; figures are theirs alone.

    Child k serves on the port k above this one. Raises MisconfiguredError when that is no port.
    """
    if port is None:
        yield no_beat
        return
    from tieout.health.children import children_trouble
    from tieout.health.server import Health

    if not 0 < port <= LARGEST_PORT - children:
        text = f"--health-port {port}: {children} children serve on the ports above it, up to {LARGEST_PORT}"
        raise MisconfiguredError(f"{text}; choose one from 1 to {LARGEST_PORT - children}")
    ports = range(port + 1, port + children + 1)
    asked = "127.0.0.1" if host == EVERY_ADDRESS else host
    health = Health(ready=lambda: children_trouble(asked, ports), metrics=lambda: b"")
    with _served(health, host=host, port=port) as beat:
        yield beat


@contextmanager
def _served(health: "Health", *, host: str, port: int) -> Iterator[Beat]:
    from tieout.health.server import serving

    with serving(health, host=host, port=port) as bound:
        output.say(f"/live, /ready and /metrics are on http://{host}:{bound}/")
        yield health.beat
