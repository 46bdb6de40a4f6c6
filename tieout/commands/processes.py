"""`tieout run`, `tieout worker`, `tieout relay` and `tieout console`: the processes that stay."""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

from domain.errors import TieoutError
from tieout import output
from tieout.commands.common import check_environment, opened, settings_of, version_of, working
from tieout.commands.watched import EVERY_ADDRESS, HealthHost, HealthPort, watched, watched_supervisor
from tieout.processes.stopping import told_to_stop

if TYPE_CHECKING:
    from tieout.processes.stopping import Beat
    from tieout.wiring import Deployment

GRACE_SECONDS = 90.0  # longer than a call timeout
GIVE_BACK_SECONDS = 5.0  # a store that is there answers sooner
STOPPED = "stopped; the next start goes on where this one ended"
Grace = Annotated[
    float, typer.Option("--grace", min=0, metavar="SECONDS", help="After SIGTERM errands in hand may take so long.")
]
Threads = Annotated[int, typer.Option("--threads", min=1, max=64, metavar="N", help="Errands at work at once.")]


def run(
    *,
    ctx: typer.Context,
    threads: Threads = 6,
    grace: Grace = GRACE_SECONDS,
    health_port: HealthPort = None,
    health_host: HealthHost = EVERY_ADDRESS,
) -> None:
    """Run everything in one process: schedule, relay, projections and workers; SIGTERM stops it cleanly."""
    from tieout.processes.everything import run_everything

    check_environment(settings_of(ctx))
    with told_to_stop() as stop, opened(ctx) as deployment:
        names = working(deployment)
        with watched(deployment, "run", host=health_host, port=health_port) as beat:
            output.say(f"running {', '.join(names)}; Ctrl-C or SIGTERM stops it")
            ended = run_everything(deployment, stop=stop, grace_seconds=grace, threads=threads, beat=beat)
        if not ended:
            _leave_at_once(deployment)
    output.say(STOPPED)


def worker(
    *,
    ctx: typer.Context,
    processes: Annotated[
        int, typer.Option("--processes", min=1, max=64, metavar="N", help="Child processes, supervised when many.")
    ] = 1,
    threads: Threads = 6,
    queues: Annotated[str, typer.Option("--queues", metavar="QUEUE,…", help="Only these; default: all.")] = "",
    grace: Grace = GRACE_SECONDS,
    health_port: HealthPort = None,
    health_host: HealthHost = EVERY_ADDRESS,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Work off what the relay rings for; any number of workers share one store and one RabbitMQ."""
    from tieout.processes.worker import check_shared, chosen_queues, run_worker

    settings = settings_of(ctx)
    check_shared(settings)
    check_environment(settings)
    chosen = chosen_queues(queues)
    if processes > 1:
        arguments = ["--threads", str(threads), "--queues", ",".join(chosen), "--grace", f"{grace:g}"]
        with watched_supervisor(host=health_host, port=health_port, children=processes) as beat:
            _supervise(ctx, arguments, _Children(processes, grace, health_host, health_port), beat)
        return
    with told_to_stop() as stop:
        _stop_with_parent(stop, supervised=supervised)
        with opened(ctx) as deployment:
            with watched(deployment, "worker", host=health_host, port=health_port) as beat:
                output.say(f"working with {threads} threads; Ctrl-C or SIGTERM stops it")
                _say_without_work(deployment)
                _say_kept_out(deployment)
                ended = run_worker(
                    deployment, stop=stop, grace_seconds=grace, threads=threads, queues=chosen, beat=beat
                )
            if not ended:
                _leave_at_once(deployment)
    output.say(STOPPED)


def relay(*, ctx: typer.Context, health_port: HealthPort = None, health_host: HealthHost = EVERY_ADDRESS) -> None:
    """Fold the log into due work, ring the workers, keep the schedule and the projections; several are safe."""
    from tieout.processes.relay import run_relay
    from tieout.processes.worker import check_shared

    settings = settings_of(ctx)
    check_shared(settings)
    check_environment(settings)
    with (
        told_to_stop() as stop,
        opened(ctx) as deployment,
        watched(deployment, "relay", host=health_host, port=health_port) as beat,
    ):
        output.say("relaying; Ctrl-C or SIGTERM stops it")
        _say_without_work(deployment)
        _say_kept_out(deployment)
        run_relay(deployment, stop=stop, beat=beat)
    output.say(STOPPED)


def console(*, ctx: typer.Context, health_port: HealthPort = None, health_host: HealthHost = EVERY_ADDRESS) -> None:
    """Serve the web page with the version and the health of store and projections, on the address of [console]."""
    from tieout.processes.console import listen, run_console

    section = settings_of(ctx).content.console
    with (
        told_to_stop() as stop,
        opened(ctx) as deployment,
        _quietly(),
        listen(section.host, section.port) as listener,
        watched(deployment, "console", host=health_host, port=health_port, uses_broker=False) as beat,
    ):
        output.say(f"the console listens on http://{section.host}:{section.port}/; Ctrl-C or SIGTERM stops it")
        run_console(deployment, listener=listener, version=version_of("tieout"), stop=stop, beat=beat)
    output.say(STOPPED)


def _say_kept_out(deployment: "Deployment") -> None:
    """Say what a person must mend at the broker: the library only says that it goes on trying."""
    from tieout.diagnosis.brokers import kept_out

    why = kept_out(deployment.settings.broker_url)
    if why:
        output.say(f"{why}; until then nothing is rung for, and nothing is lost")


def _say_without_work(deployment: "Deployment") -> None:
    """Say that there is no connection to work for: a pod that waits for nothing looks like one that works."""
    settings = deployment.settings
    if not settings.connections:
        mend = "declare one under [connections.NAME] and start this again"
        output.say(f"{settings.file}: no connection is declared, so there is nothing to do: {mend}")
    elif not deployment.served_connections():
        missing = "no declared connection was added yet"
        if settings.connections.keys() & deployment.connections().keys():
            missing = "no declared connection is left, for those that were added were removed"
        mend = "`tieout connection add NAME --ionapi FILE`; it is noticed without a new start"
        output.say(f"{settings.file}: {missing}, so there is nothing to do: {mend}")


class _Children(NamedTuple):
    """How many children a supervisor has, and where they are watched: child k on the port k above its own."""

    number: int
    grace_seconds: float
    health_host: str
    health_port: int | None

    def arguments(self, place: int) -> list[str]:
        """Give what one child is told beside the others' arguments."""
        if self.health_port is None:
            return []
        return ["--health-port", str(self.health_port + place), "--health-host", self.health_host]


def _supervise(ctx: typer.Context, arguments: list[str], children: _Children, beat: "Beat") -> None:
    from tieout.processes.supervisor import Supervisor

    before = ["--config", str(settings_of(ctx).file), *ctx.obj.for_children()]
    command = [*before, "worker", "--supervised", *arguments]
    with told_to_stop() as stop:
        output.say(f"{children.number} workers; Ctrl-C or SIGTERM stops them")
        supervisor = Supervisor(command, children.number, children.grace_seconds, own=children.arguments)
        supervisor.run(stop=stop, beat=beat)
    output.say(STOPPED)


def _stop_with_parent(stop: threading.Event, *, supervised: bool) -> None:
    if supervised:
        from tieout.processes.supervisor import stop_when_orphaned

        stop_when_orphaned(stop)


@contextmanager
def _quietly() -> Iterator[None]:
    """Leave the web server's own words about every connection to --debug."""
    logger = logging.getLogger("uvicorn")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _leave_at_once(deployment: "Deployment") -> NoReturn:
    """End with errands still at work: closing the store under them would help nobody.

    What they hold is given back where that is safe, so that others need not wait for the leases; a store that does
    not answer keeps nobody here, for a lease ends by time as well.
    """
    freed = threading.Event()
    giving_back = threading.Thread(target=_give_back, args=(deployment, freed), daemon=True)
    giving_back.start()
    giving_back.join(timeout=GIVE_BACK_SECONDS)
    held = "what they hold comes back when its lease ends"
    if freed.is_set():
        held = "what they held is free for others, suppliers and codes once their lease ends"
    output.say(f"stopped with errands still at work after the grace; {held}")
    sys.stdout.flush()
    os._exit(0)


def _give_back(deployment: "Deployment", freed: threading.Event) -> None:
    try:
        deployment.give_up_claims()
        freed.set()
    except TieoutError as error:  # verdict: end all the same; the leases end by time
        logging.getLogger(__name__).warning("the claims stay until their leases end: %s", error)
