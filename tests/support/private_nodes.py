"""What servers of a test's own have in common: they may be missing, and they need a port."""

import random
import socket

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
