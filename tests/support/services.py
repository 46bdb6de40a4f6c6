"""The services tests need, each in a database or vhost of its own; missing ones are never passed over in silence."""

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tests.support import postgres_server
from tests.support import rabbitmq_server as rabbit_servers
from tests.support.private_nodes import UnavailableError
from tests.support.private_rabbitmq import Rabbit


def missing(reason: str) -> NoReturn:
    """Skip on a laptop with one loud line, fail where CI runs."""
    text = f"NOT TESTED HERE: {reason}"
    if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """A server on which databases may be made."""
    try:
        with postgres_server.server() as url:
            yield url
    except UnavailableError as error:
        missing(str(error))


@pytest.fixture(scope="module")
def postgres_url(postgres_server_url: str) -> Iterator[str]:
    """A fresh, empty database for the tests of one module."""
    with postgres_server.database(postgres_server_url) as url:
        yield url


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[Rabbit]:
    """A broker on which vhosts may be made."""
    try:
        with rabbit_servers.server() as rabbit:
            yield rabbit
    except UnavailableError as error:
        missing(str(error))


@pytest.fixture(scope="module")
def rabbitmq_url(rabbitmq_server: Rabbit) -> Iterator[str]:
    """A fresh vhost for the tests of one module."""
    try:
        with rabbit_servers.vhost(rabbitmq_server) as url:
            yield url
    except UnavailableError as error:
        missing(str(error))
