"""A RabbitMQ node of a test's own: it may crash, come back, and come back with nothing in it."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pika
import pika.exceptions

from tests.support import private_nodes
from tests.support.private_nodes import UnavailableError, free_port
from tests.support.waiting import wait_for

_START_SECONDS = 60
_COMMAND_SECONDS = 60
_END_SECONDS = 20


@dataclass(frozen=True, kw_only=True)
class Rabbit:
    """A broker: its URL, and how `rabbitmqctl` reaches it (None where only its management API does)."""

    url: str
    control: tuple[str, ...] | None
    environ: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> str:
        """Run `rabbitmqctl`; give what it printed. Raises UnavailableError with what it complained of."""
        if self.control is None:
            raise UnavailableError(f"rabbitmqctl is not here, so {arguments[0]} cannot be run")
        command = [*self.control, *arguments]
        environ = {**os.environ, **self.environ}
        ran = subprocess.run(  # noqa: S603 (the broker's own program)
            command, env=environ, capture_output=True, text=True, check=False, timeout=_COMMAND_SECONDS
        )
        if ran.returncode:
            raise UnavailableError(f"rabbitmqctl {arguments[0]}: {(ran.stderr or ran.stdout).strip()}")
        return ran.stdout


class PrivateRabbit:
    """A node with its own name, ports, folders and port mapper, all of which end with it."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        self.port = free_port()
        environ = _environ(folder) | {"RABBITMQ_NODE_PORT": str(self.port)}
        control = (str(program.with_name("rabbitmqctl")), "-n", environ["RABBITMQ_NODENAME"])
        self.rabbit = Rabbit(url=f"amqp://guest:guest@127.0.0.1:{self.port}/", control=control, environ=environ)
        self._node: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it lets us in. Raises UnavailableError."""
        with (self._folder / "output").open("wb") as output:
            self._node = subprocess.Popen(  # noqa: S603 (the system's own program)
                [self._program],
                env={**os.environ, **self.rabbit.environ},
                stdout=output,
                stderr=output,
                cwd=self._folder,
                start_new_session=True,
            )
        try:
            wait_for(self._is_up, "a private RabbitMQ", seconds=_START_SECONDS)
        except AssertionError as late:
            raise UnavailableError(str(late)) from late

    def crash(self) -> bool:
        """End it as a failing machine does, what it had confirmed stands in its folders; whether it was up."""
        if self._node is None or self._node.returncode is not None:
            return False
        os.killpg(self._node.pid, signal.SIGKILL)  # its own session: the script and the machine it started
        return self._node.wait() == -signal.SIGKILL

    def forget(self) -> None:
        """Throw away everything it ever kept; it must be down."""
        shutil.rmtree(self._folder / "data", ignore_errors=True)

    def stop(self) -> None:
        """End it in order, and its port mapper."""
        if self._node is None:
            return
        with contextlib.suppress(UnavailableError, subprocess.TimeoutExpired):  # it may be gone already
            self.rabbit.run("stop")
        try:
            self._node.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.crash()
        mapper = shutil.which("epmd") or "epmd"
        kill = [mapper, "-port", self.rabbit.environ["ERL_EPMD_PORT"], "-kill"]
        with contextlib.suppress(OSError):  # without the program there is nothing to end
            subprocess.run(kill, capture_output=True, check=False)  # noqa: S603 (the mapper this node started)

    def _is_up(self) -> bool:
        if self._node is not None and self._node.poll() is not None:
            said = (self._folder / "output").read_text(errors="replace").strip()[-500:]
            raise UnavailableError(f"a private RabbitMQ did not start: {said}")
        return answers(self.rabbit.url)


def running(program: Path) -> AbstractContextManager[PrivateRabbit]:
    """Run a node whose folders are gone at the end. Raises UnavailableError."""
    return private_nodes.running(lambda folder: PrivateRabbit(program, folder), prefix="tieout-rabbitmq-")


def answers(url: str) -> bool:
    """Whether a broker lets us in."""
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = parameters.blocked_connection_timeout = 3
    try:
        pika.BlockingConnection(parameters).close()
    except (pika.exceptions.AMQPError, OSError):
        return False
    return True


def _environ(folder: Path) -> dict[str, str]:
    plugins = folder / "enabled_plugins"
    plugins.write_text("[].\n")
    return {
        "HOME": str(folder),
        "RABBITMQ_HOME": str(folder),
        "RABBITMQ_NODENAME": f"tieout{os.getpid()}x{uuid4().hex[:6]}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "ERL_EPMD_PORT": str(free_port()),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
    }
