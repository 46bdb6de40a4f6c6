"""A server that listens and never says a word: what a remote looks like that hangs instead of refusing."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

WAITING = 64  # callers whose connections come about before the next ones hang at connecting


@contextmanager
def mute_server() -> Iterator[str]:
    """Give the URL of a port on loopback where every call is left to its timeout."""
    with socket.create_server(("127.0.0.1", 0), backlog=WAITING) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
