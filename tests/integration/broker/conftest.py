"""What only the administrator of the real RabbitMQ can do, and a free port."""

from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import pytest

from tests.support import private_nodes
from tests.support.private_rabbitmq import Rabbit


@pytest.fixture
def cut_connections(rabbitmq_server: Rabbit, broker_url: str) -> Callable[[], None]:
    """Give a function that lets the broker close every connection to the virtual host, as its restart would."""
    name = unquote(urlsplit(broker_url).path.removeprefix("/"))

    def cut() -> None:
        rabbitmq_server.run("close_all_connections", "--vhost", name, "a test cuts them")

    return cut


@pytest.fixture
def free_port() -> int:
    """Give a port nobody listens on."""
    return private_nodes.free_port()
