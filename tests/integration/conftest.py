"""A database and a vhost of its own for every test of many processes."""

from collections.abc import Iterator

import pytest

from tests.support import postgres_server
from tests.support import rabbitmq_server as rabbit_servers
from tests.support.private_rabbitmq import Rabbit


@pytest.fixture
def store_url(postgres_server_url: str) -> Iterator[str]:
    """A fresh, empty database."""
    with postgres_server.database(postgres_server_url) as url:
        yield url


@pytest.fixture
def broker_url(rabbitmq_server: Rabbit) -> Iterator[str]:
    """A virtual host that nobody else uses."""
    with rabbit_servers.vhost(rabbitmq_server) as url:
        yield url
