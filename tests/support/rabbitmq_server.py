"""A RabbitMQ for tests: the one that is named, the local one, else a private node; and vhosts on it."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import httpx
import pika
import pika.exceptions

from tests.support.postgres_server import UnavailableError, free_port
from tests.support.waiting import wait_for

NAMED = "TIEOUT_TEST_RABBITMQ"
LOCAL = "amqp://guest:guest@127.0.0.1:5672/"
_FOLDERS = ("/usr/lib/rabbitmq/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/rabbitmq/sbin")
_INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "rabbitmq-server")
_START_SECONDS = 60
_COMMAND_SECONDS = 60


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


@contextlib.contextmanager
def server() -> Iterator[Rabbit]:
    """Give a broker on which vhosts may be made. Raises UnavailableError."""
    named = os.environ.get(NAMED)
    if named or answers(LOCAL):
        yield Rabbit(url=named or LOCAL, control=_system_control())
        return
    with private() as rabbit:
        yield rabbit


@contextlib.contextmanager
def vhost(rabbit: Rabbit) -> Iterator[str]:
    """Give the URL of a fresh vhost, which is deleted at the end. Raises UnavailableError."""
    name = f"tieout-test-{os.getpid()}-{uuid4().hex[:8]}"
    user = unquote(urlsplit(rabbit.url).username or "guest")
    steps = _by_control(rabbit, name, user) if _controls(rabbit) else _by_management(rabbit, name, user)
    with steps:
        yield urlsplit(rabbit.url)._replace(path=f"/{quote(name, safe='')}").geturl()


def answers(url: str) -> bool:
    """Whether a broker lets us in."""
    parameters = pika.URLParameters(url)
    parameters.socket_timeout = parameters.blocked_connection_timeout = 3
    try:
        pika.BlockingConnection(parameters).close()
    except (pika.exceptions.AMQPError, OSError):
        return False
    return True


@contextlib.contextmanager
def private() -> Iterator[Rabbit]:
    """Run a node of our own: its own name, ports, folders and port mapper, all gone at the end."""
    program = _program("rabbitmq-server") or _installed()
    folder = Path(tempfile.mkdtemp(prefix="tieout-rabbitmq-"))
    port, environ = free_port(), _private_environ(folder)
    environ["RABBITMQ_NODE_PORT"] = str(port)
    control = (str(program.with_name("rabbitmqctl")), "-n", environ["RABBITMQ_NODENAME"])
    rabbit = Rabbit(url=f"amqp://guest:guest@127.0.0.1:{port}/", control=control, environ=environ)
    with (folder / "output").open("wb") as output:
        node = subprocess.Popen(  # noqa: S603 (the system's own program)
            [program], env={**os.environ, **environ}, stdout=output, stderr=output, cwd=folder, start_new_session=True
        )
    try:
        _await_start(node, rabbit, folder)
        yield rabbit
    finally:
        with contextlib.suppress(UnavailableError, subprocess.TimeoutExpired):  # it may be gone already
            rabbit.run("stop")
        _end(node)
        mapper = shutil.which("epmd") or "epmd"
        kill = [mapper, "-port", environ["ERL_EPMD_PORT"], "-kill"]
        with contextlib.suppress(OSError):  # without the program there is nothing to end
            subprocess.run(kill, capture_output=True, check=False)  # noqa: S603 (the mapper this node started)
        shutil.rmtree(folder, ignore_errors=True)


def _await_start(node: subprocess.Popen[bytes], rabbit: Rabbit, folder: Path) -> None:
    def up() -> bool:
        if node.poll() is not None:
            said = (folder / "output").read_text(errors="replace").strip()[-500:]
            raise UnavailableError(f"a private RabbitMQ did not start: {said}")
        return answers(rabbit.url)

    try:
        wait_for(up, "a private RabbitMQ", seconds=_START_SECONDS)
    except AssertionError as late:
        raise UnavailableError(str(late)) from late


def _end(node: subprocess.Popen[bytes]) -> None:
    try:
        node.wait(timeout=20)
    except subprocess.TimeoutExpired:
        node.kill()
        node.wait(timeout=10)


def _private_environ(folder: Path) -> dict[str, str]:
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


def _installed() -> Path:
    """Install Debian's package, where this machine lets us. Raises UnavailableError."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        text = f"no RabbitMQ: start one on port 5672, name one in {NAMED}, or install rabbitmq-server"
        raise UnavailableError(text)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    ran = subprocess.run(_INSTALL, env=environ, capture_output=True, text=True, check=False, timeout=900)  # noqa: S603 (fixed words)
    program = _program("rabbitmq-server")
    if ran.returncode or program is None:
        raise UnavailableError(f"no RabbitMQ, and its package cannot be installed: {ran.stderr.strip()[-300:]}")
    return program


def _program(name: str) -> Path | None:
    """Find the plain script; the one on Debian's path changes the user and forgets the environment."""
    plain = (Path(folder) / name for folder in _FOLDERS)
    found = shutil.which(name)
    return next((path for path in plain if path.exists()), Path(found) if found else None)


def _system_control() -> tuple[str, ...] | None:
    found = shutil.which("rabbitmqctl")
    return (found,) if found else None


def _controls(rabbit: Rabbit) -> bool:
    """Whether `rabbitmqctl` is here and reaches a node."""
    try:
        rabbit.run("list_vhosts", "--silent")
    except (UnavailableError, subprocess.TimeoutExpired):
        return False
    return True


@contextlib.contextmanager
def _by_control(rabbit: Rabbit, name: str, user: str) -> Iterator[None]:
    rabbit.run("add_vhost", name)
    try:
        rabbit.run("set_permissions", "-p", name, user, ".*", ".*", ".*")
        yield
    finally:
        rabbit.run("delete_vhost", name)


@contextlib.contextmanager
def _by_management(rabbit: Rabbit, name: str, user: str) -> Iterator[None]:
    parts = urlsplit(rabbit.url)
    login = (user, unquote(parts.password or "guest"))
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    with httpx.Client(base_url=f"http://{parts.hostname}:15672/api", auth=login, timeout=20) as api:
        try:
            api.put(f"/vhosts/{name}").raise_for_status()
            api.put(f"/permissions/{name}/{quote(user, safe='')}", json=everything).raise_for_status()
        except httpx.HTTPError as error:
            text = f"no vhost can be made: rabbitmqctl reaches no node here, and the management API says {error}"
            raise UnavailableError(text) from error
        try:
            yield
        finally:
            api.delete(f"/vhosts/{name}")
