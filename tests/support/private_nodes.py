"""What servers of a test's own have in common: they may be missing, need a port, and live in a folder of their own."""

import random
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

PORTS = range(20_000, 32_000)  # below those that a system gives to outgoing connections, which come and go at any time


class UnavailableError(Exception):
    """No such service here; the text says why, and what would bring one."""


def free_port() -> int:
    """Give a port of loopback that nobody uses at this moment, and that no outgoing connection will take."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue  # somebody has it
            return port


class Node(Protocol):
    """A server that a test starts and stops."""

    def start(self) -> None:
        """Start it and wait until it answers. Raises UnavailableError."""

    def stop(self) -> None:
        """End it in order; it may be down already, or never have come up."""


_Node = TypeVar("_Node", bound=Node)


@contextmanager
def running(make: Callable[[Path], _Node], *, prefix: str) -> Iterator[_Node]:
    """Run a server in a folder that is gone at the end. Raises UnavailableError."""
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        node = make(Path(folder))
        try:
            node.start()
            yield node
        finally:
            node.stop()
