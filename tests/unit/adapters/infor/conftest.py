from collections.abc import Iterator

import pytest

from adapters.infor.client import Client
from adapters.infor.ionapi import Credentials
from tests.unit.adapters.infor.scripted_gateway import Gateway, client_of, listening


@pytest.fixture
def wire() -> Iterator[tuple[Gateway, Credentials]]:
    with listening() as ready:
        yield ready


@pytest.fixture
def gateway(wire: tuple[Gateway, Credentials]) -> Gateway:
    return wire[0]


@pytest.fixture
def client(wire: tuple[Gateway, Credentials]) -> Iterator[Client]:
    made = client_of(wire[1])
    yield made
    made.remote.close()
