"""The real RabbitMQ: a virtual host of a test's own, made before it and removed after it."""

import os
import shutil
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pika
import pytest

URL = os.environ.get("TIEOUT_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672/")
CONTROL_SECONDS = 60


def answers() -> bool:
    """Whether the broker can be reached and administered."""
    if shutil.which("rabbitmqctl") is None:
        return False
    try:
        pika.BlockingConnection(pika.URLParameters(URL)).close()
    except (pika.exceptions.AMQPError, OSError):
        return False
    return True


def control(*words: str) -> None:
    """Administer the broker."""
    subprocess.run(["rabbitmqctl", "-q", *words], check=True, capture_output=True, timeout=CONTROL_SECONDS)  # noqa: S603, S607 (the broker's own program)


@pytest.fixture
def broker_url() -> Iterator[str]:
    """Give the URL of a virtual host that nobody else uses."""
    if not answers():
        text = "RabbitMQ does not answer: set TIEOUT_TEST_RABBITMQ, or start one on port 5672 with rabbitmqctl at hand"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    name = f"tieout-{uuid.uuid4().hex[:12]}"
    control("add_vhost", name)
    try:
        control("set_permissions", "-p", name, urlsplit(URL).username or "guest", ".*", ".*", ".*")
        yield urlsplit(URL)._replace(path=f"/{name}").geturl()
    finally:
        control("delete_vhost", name)


@pytest.fixture
def cut_connections(broker_url: str) -> Callable[[], None]:
    """Give a function that lets the broker close every connection to the virtual host, as its restart would."""
    name = urlsplit(broker_url).path.removeprefix("/")
    return lambda: control("close_all_connections", "--vhost", name, "a test cuts them")


@pytest.fixture
def free_port() -> int:
    """Give a port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
