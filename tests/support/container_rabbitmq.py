"""A RabbitMQ of a test's own in a container: the image that the deployment pins, on a port of loopback only."""

import os
import shutil
import signal
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

from tests.deploy.files import compose
from tests.support import private_nodes
from tests.support.private_nodes import UnavailableError, free_port
from tests.support.private_rabbitmq import Rabbit, answers
from tests.support.waiting import wait_for

ENGINES = ("docker", "podman")
_ASK_SECONDS = 20
_PULL_SECONDS = 600  # the image may have to come first
_START_SECONDS = 120


def engine() -> str | None:
    """Give the first container engine that works here; a client whose service is down is none."""
    found = (path for name in ENGINES if (path := shutil.which(name)))
    return next((path for path in found if _works(path)), None)


def running(program: str) -> AbstractContextManager["ContainerRabbit"]:
    """Run a broker by this engine, whose container and data are gone at the end. Raises UnavailableError."""
    return private_nodes.running(lambda _: ContainerRabbit(program), prefix="tieout-rabbitmq-")


class ContainerRabbit:
    """A broker in a container that this process started and removes, by its id."""

    def __init__(self, program: str) -> None:
        self._program, self._name = program, f"tieout-test-{os.getpid()}-{uuid4().hex[:8]}"
        self._id = ""  # none yet
        self.port = free_port()
        control = (program, "exec", self._name, "rabbitmqctl")
        self.rabbit = Rabbit(url=f"amqp://guest:guest@127.0.0.1:{self.port}/", control=control)

    def start(self) -> None:
        """Start it and wait until it lets us in. Raises UnavailableError."""
        if self._id:
            self._run("start", self._id)
        else:
            image = compose()["services"]["rabbitmq"]["image"]
            place = ("--name", self._name, "--hostname", "rabbitmq", "--publish", f"127.0.0.1:{self.port}:5672")
            self._id = self._run("run", "--detach", *place, image, seconds=_PULL_SECONDS).strip()
        try:
            wait_for(self._is_up, "a RabbitMQ in a container", seconds=_START_SECONDS)
        except AssertionError as late:
            raise UnavailableError(str(late)) from late

    def crash(self) -> bool:
        """End it as a failing machine does, its data kept; whether it was up."""
        was_up = self._lives()
        if was_up:
            self._run("kill", "--signal", signal.SIGKILL.name, self._id)
        return was_up

    def forget(self) -> None:
        """Throw away everything it ever kept; it must be down."""
        self.stop()

    def stop(self) -> None:
        """Remove it with its data; it may never have come up."""
        if self._id:
            self._run("rm", "--force", "--volumes", self._id)
            self._id = ""

    def _is_up(self) -> bool:
        if not self._lives():
            raise UnavailableError(f"a RabbitMQ in a container did not start: {self._run('logs', self._id)[-500:]}")
        return answers(self.rabbit.url)

    def _lives(self) -> bool:
        return self._run("inspect", "--format", "{{.State.Running}}", self._id).strip() == "true"

    def _run(self, *arguments: str, seconds: float = 60) -> str:
        try:
            ran = subprocess.run(  # noqa: S603 (the container engine of this machine)
                [self._program, *arguments], capture_output=True, text=True, check=False, timeout=seconds
            )
        except subprocess.TimeoutExpired as late:
            raise UnavailableError(f"{Path(self._program).name} {arguments[0]}: no end in {seconds:g} s") from late
        if ran.returncode:
            raise UnavailableError(f"{Path(self._program).name} {arguments[0]}: {ran.stderr.strip()[-300:]}")
        return ran.stdout


def _works(program: str) -> bool:
    try:
        ran = subprocess.run([program, "ps", "--quiet"], capture_output=True, check=False, timeout=_ASK_SECONDS)  # noqa: S603 (found on the path)
    except (OSError, subprocess.TimeoutExpired):
        return False  # verdict: it cannot start a container either
    return ran.returncode == 0
