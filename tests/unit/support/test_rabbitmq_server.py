"""Where a RabbitMQ for tests comes from, in which order, by executables that only note what they were asked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy.files import compose
from tests.support import container_rabbitmq, private_rabbitmq, rabbitmq_server
from tests.support.private_nodes import UnavailableError, free_port

IMAGE = compose()["services"]["rabbitmq"]["image"]
WORKS = 'case "$1" in run) echo c0ffee;; inspect) echo true;; esac'
NO_SERVICE = "echo no service >&2; exit 1"
NO_IMAGE = 'case "$1" in run) echo no such image >&2; exit 125;; esac'
DIES = 'case "$1" in run) echo c0ffee;; inspect) echo false;; logs) echo out of memory;; esac'


class Machine:
    """A machine that holds these programs and no other; what they were asked stands in order."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._notes = folder, folder / "notes"
        self._notes.touch()
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setattr(rabbitmq_server, "_FOLDERS", ())
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(container_rabbitmq, "answers", lambda _: True)
        monkeypatch.setattr(private_rabbitmq, "running", self._from_program)

    def has(self, name: str, does: str) -> None:
        program = self._folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {self._notes}\n{does}\n')
        program.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        return self._notes.read_text().splitlines()

    @contextmanager
    def _from_program(self, program: Path) -> Iterator[str]:
        yield program.name


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_the_program_of_the_system_comes_first(machine: Machine) -> None:
    machine.has("rabbitmq-server", "")
    machine.has("docker", WORKS)
    with rabbitmq_server.private() as node:
        assert str(node) == "rabbitmq-server"
    assert machine.asked == []


@pytest.mark.parametrize(("down", "engine"), [(None, "docker"), (None, "podman"), ("docker", "podman")])
def test_a_container_comes_next_and_is_removed_by_its_id(machine: Machine, down: str | None, engine: str) -> None:
    machine.has("apt-get", "exit 1")
    if down:
        machine.has(down, NO_SERVICE)
    machine.has(engine, WORKS)
    with rabbitmq_server.private() as node:
        assert isinstance(node, container_rabbitmq.ContainerRabbit)
        assert node.rabbit.url == f"amqp://guest:guest@127.0.0.1:{node.port}/"
    started = next(line for line in machine.asked if " run " in line)
    assert started.startswith(f"{engine} run --detach --name tieout-test-")
    assert started.endswith(f" --publish 127.0.0.1:{node.port}:5672 {IMAGE}")
    assert "@sha256:" in IMAGE
    assert machine.asked[-1] == f"{engine} rm --force --volumes c0ffee"
    assert not any(line.startswith("apt-get") for line in machine.asked)


def test_a_container_that_crashed_comes_back_with_its_data_or_without(machine: Machine) -> None:
    machine.has("docker", WORKS)
    with rabbitmq_server.private() as node:
        assert node.crash()
        node.start()
        assert node.crash()
        node.forget()
        node.start()
    told = [line.split()[1] for line in machine.asked if line.split()[1] not in ("ps", "inspect")]
    assert told == ["run", "kill", "start", "kill", "rm", "run", "rm"]


@pytest.mark.parametrize("docker", [None, NO_SERVICE, NO_IMAGE, DIES])
def test_the_package_comes_last(machine: Machine, tmp_path: Path, docker: str | None) -> None:
    if docker:
        machine.has("docker", docker)
    server = tmp_path / "rabbitmq-server"
    machine.has("apt-get", f"echo '#!/bin/sh' > {server}; /bin/chmod 755 {server}")
    with rabbitmq_server.private() as node:
        assert str(node) == "rabbitmq-server"
    assert "apt-get install --yes --no-install-recommends rabbitmq-server" in machine.asked
    removed = "docker rm --force --volumes c0ffee" in machine.asked
    assert removed == (docker == DIES), "whatever was started is removed"


def test_nothing_at_all_says_every_way(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnavailableError, match="install rabbitmq-server; no container engine works here"):
        rabbitmq_server.private().__enter__()
    machine.has("docker", NO_IMAGE)
    machine.has("apt-get", "echo no such package >&2; exit 100")
    with pytest.raises(UnavailableError, match="no such package; docker run: no such image"):
        rabbitmq_server.private().__enter__()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    before = len(machine.asked)
    with pytest.raises(UnavailableError, match="start one on port 5672"):
        rabbitmq_server.private().__enter__()
    assert not any(line.startswith("apt-get") for line in machine.asked[before:]), "only root installs"


@pytest.fixture
def no_management(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(rabbitmq_server.NAMED, raising=False)
    monkeypatch.setattr(rabbitmq_server, "_MANAGEMENT_PORT", free_port())


@pytest.mark.usefixtures("no_management")
def test_a_local_one_is_taken_where_a_vhost_can_be_made(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.has("rabbitmqctl", "")
    monkeypatch.setattr(rabbitmq_server, "answers", lambda _: True)
    with rabbitmq_server.server() as rabbit:
        assert rabbit.url == rabbitmq_server.LOCAL
    assert [line.split()[1] for line in machine.asked] == [
        "list_vhosts",
        "add_vhost",
        "set_permissions",
        "delete_vhost",
    ]
    assert len({line.split()[-1] for line in machine.asked if "_vhost " in line}) == 1


@pytest.mark.parametrize(
    ("control", "lets_in"),
    [
        (None, True),  # no rabbitmqctl, no management API
        ("exit 69", True),  # it reaches no node
        ('case "$1" in add_vhost) exit 70;; esac', True),  # it may look and not create
        ("", False),  # it reaches a node, which is another than the one that answers
    ],
)
@pytest.mark.usefixtures("no_management")
def test_a_node_of_our_own_is_started_where_the_local_one_takes_no_vhost(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, control: str | None, *, lets_in: bool
) -> None:
    if control is not None:
        machine.has("rabbitmqctl", control)
    machine.has("docker", WORKS)
    monkeypatch.setattr(rabbitmq_server, "answers", lambda url: lets_in or url == rabbitmq_server.LOCAL)
    with rabbitmq_server.server() as rabbit:
        assert rabbit.control is not None
        assert Path(rabbit.control[0]).name == "docker"


@pytest.mark.parametrize(("host", "controlled"), [("localhost", True), ("[::1]", True), ("broker.example", False)])
def test_the_command_of_this_machine_is_not_asked_for_a_broker_elsewhere(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, host: str, *, controlled: bool
) -> None:
    machine.has("rabbitmqctl", "")
    monkeypatch.setenv(rabbitmq_server.NAMED, f"amqp://ann:word@{host}:5672/")
    with rabbitmq_server.server() as rabbit:
        assert (rabbit.control is not None) == controlled
