"""A supervisor is ready when every one of its children is, and says which one is not."""

import socket

import pytest

from domain.errors import MisconfiguredError
from tieout.commands.watched import LARGEST_PORT, watched_supervisor
from tieout.health.children import children_trouble
from tieout.health.server import Health, serving

LOOPBACK = "127.0.0.1"


def health(said: str) -> Health:
    return Health(ready=lambda: said, metrics=bytes)


def test_it_is_ready_when_every_child_is() -> None:
    with serving(health(""), host=LOOPBACK, port=0) as first, serving(health(""), host=LOOPBACK, port=0) as second:
        assert children_trouble(LOOPBACK, [first, second]) == ""


def test_it_says_which_child_is_not_ready_and_why() -> None:
    away = health("the broker does not answer")
    with serving(health(""), host=LOOPBACK, port=0) as first, serving(away, host=LOOPBACK, port=0) as second:
        said = children_trouble(LOOPBACK, [first, second])
    assert said == "worker 2 is not ready: the broker does not answer"


def test_a_child_that_does_not_serve_is_not_ready() -> None:
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))  # taken, and nobody listens
        port = bound.getsockname()[1]
        said = children_trouble(LOOPBACK, [port])
    assert said.startswith(f"worker 1 is not ready: it does not answer on port {port} (")


@pytest.mark.parametrize("port", [0, LARGEST_PORT - 1])
def test_the_childrens_ports_must_be_ports(port: int) -> None:
    with (
        pytest.raises(MisconfiguredError, match=rf"^--health-port {port}: 2 children .* from 1 to {LARGEST_PORT - 2}$"),
        watched_supervisor(host=LOOPBACK, port=port, children=2),
    ):
        pass
