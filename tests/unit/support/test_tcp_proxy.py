"""The proxy that tests cut the network with passes bytes, cuts at once, and lets through again."""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.support.tcp_proxy import TcpProxy


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that answers every byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def serve(listener: socket.socket) -> None:
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        with near:
            while data := near.recv(100):
                near.sendall(data)


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as near:
            near.sendall(b"x")
            return near.recv(1) == b"x"
    except OSError:
        return False


def test_a_cut_ends_what_is_under_way_and_refuses_what_is_new_until_it_is_mended(echo: int) -> None:
    with TcpProxy("127.0.0.1", echo) as proxy:
        assert answers(proxy.port)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as near:
            near.sendall(b"x")
            assert near.recv(1) == b"x"
            proxy.cut()
            assert not lives(near)
        assert not answers(proxy.port)
        proxy.mend()
        assert answers(proxy.port)
        assert proxy.passed == 3


def lives(near: socket.socket) -> bool:
    try:
        return near.recv(1) != b""
    except OSError:
        return False
