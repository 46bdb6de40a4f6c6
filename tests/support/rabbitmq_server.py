"""A RabbitMQ for tests: named, local, else a node of our own; and vhosts on it.

Our own comes from the system's program, else from a container engine, else from Debian's package where it may.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import httpx

from tests.support import container_rabbitmq, private_rabbitmq
from tests.support.container_rabbitmq import ContainerRabbit
from tests.support.private_nodes import UnavailableError
from tests.support.private_rabbitmq import PrivateRabbit, Rabbit, answers

NAMED = "TIEOUT_TEST_RABBITMQ"
LOCAL = "amqp://guest:guest@127.0.0.1:5672/"
_MANAGEMENT_PORT = 15672
_FOLDERS = ("/usr/lib/rabbitmq/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/rabbitmq/sbin")
_INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "rabbitmq-server")


@contextlib.contextmanager
def server() -> Iterator[Rabbit]:
    """Give a broker on which vhosts may be made. Raises UnavailableError."""
    named = os.environ.get(NAMED)
    if named:
        yield Rabbit(url=named, control=_system_control() if _is_here(named) else None)
        return
    local = Rabbit(url=LOCAL, control=_system_control())
    if answers(LOCAL) and _may_create(local):
        yield local
        return
    with private() as node:
        yield node.rabbit


@contextlib.contextmanager
def private() -> Iterator[PrivateRabbit | ContainerRabbit]:
    """Run a node of our own. Raises UnavailableError."""
    with contextlib.ExitStack() as stack:
        program = _program("rabbitmq-server")
        yield stack.enter_context(private_rabbitmq.running(program)) if program else _brought(stack)


def _brought(stack: contextlib.ExitStack) -> PrivateRabbit | ContainerRabbit:
    """Run one that is not on this machine yet: in a container, else from the package. Raises UnavailableError."""
    engine, why = container_rabbitmq.engine(), "no container engine works here"
    if engine is not None:
        try:
            return stack.enter_context(container_rabbitmq.running(engine))
        except UnavailableError as error:  # verdict: without its image, say; the package may still come
            why = str(error)
    try:
        return stack.enter_context(private_rabbitmq.running(_installed()))
    except UnavailableError as error:
        raise UnavailableError(f"{error}; {why}") from error


@contextlib.contextmanager
def vhost(rabbit: Rabbit) -> Iterator[str]:
    """Give the URL of a fresh vhost, which is deleted at the end. Raises UnavailableError."""
    name = f"tieout-test-{os.getpid()}-{uuid4().hex[:8]}"
    user = unquote(urlsplit(rabbit.url).username or "guest")
    steps = _by_control(rabbit, name, user) if _controls(rabbit) else _by_management(rabbit, name, user)
    with steps:
        yield urlsplit(rabbit.url)._replace(path=f"/{quote(name, safe='')}").geturl()


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


def _is_here(url: str) -> bool:
    """Whether a broker is on this machine; `rabbitmqctl` reaches no other, but may well reach one of this machine's."""
    return urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")


def _may_create(rabbit: Rabbit) -> bool:
    """Whether a vhost can be made on it: one is made, and lets us in, which one on another node does not."""
    try:
        with vhost(rabbit) as url:
            return answers(url)
    except (UnavailableError, subprocess.TimeoutExpired, httpx.HTTPError):
        return False  # verdict: tests need one where they may


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
    api = httpx.Client(
        base_url=f"http://{parts.hostname}:{_MANAGEMENT_PORT}/api", auth=login, timeout=20, trust_env=False
    )
    with api, contextlib.ExitStack() as stack:
        try:
            api.put(f"/vhosts/{name}").raise_for_status()
            stack.callback(api.delete, f"/vhosts/{name}")
            api.put(f"/permissions/{name}/{quote(user, safe='')}", json=everything).raise_for_status()
        except httpx.HTTPError as error:
            text = f"no vhost can be made: rabbitmqctl does not reach the broker, and the management API says {error}"
            raise UnavailableError(text) from error
        yield
