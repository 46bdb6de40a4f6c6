"""The broker: does somebody there speak AMQP? No log-in is tried, so that no password is needed for the answer."""

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from tieout.diagnosis.check import BAD, NO_ANSWER, Check, bad, fine
from tieout.settings import shown_url

TIMEOUT_SECONDS = 5.0
PORTS = {"amqp": 5672, "amqps": 5671}
GREETING = b"AMQP\x00\x00\x09\x01"
METHOD_FRAME = b"\x01\x00\x00"  # of channel 0: the server's `connection.start`
_MEND = "check the address and that RabbitMQ runs; nothing is lost meanwhile, the store keeps what is due"


def broker_checks(url: str, *, timeout_seconds: float = TIMEOUT_SECONDS) -> Iterator[Check]:
    """Greet the broker a URL names; the one in memory needs no greeting."""
    shown = shown_url(url)
    parts = urlsplit(url)
    if parts.scheme not in PORTS:
        yield fine("broker", shown)
        return
    place = (parts.hostname or "localhost", parts.port or PORTS[parts.scheme])
    try:
        answer = _greet(place, tls=parts.scheme == "amqps", timeout_seconds=timeout_seconds)
    except ssl.SSLCertVerificationError as error:
        yield bad("broker", f"{shown}: the certificate is not trusted: {error.verify_message}", "see SSL_CERT_FILE")
    except OSError as error:
        # Verdict: say so; the doorbell is silent, the relay rings again when it is back.
        why = error.strerror or "no answer in time"
        yield bad("broker", f"{shown} gives no answer ({why})", _MEND, code=NO_ANSWER)
    else:
        if answer.startswith(METHOD_FRAME):
            yield fine("broker", f"{shown} answers")
        else:
            yield bad("broker", f"{shown} does not speak AMQP 0-9-1", "name RabbitMQ's own port in broker.url")


def broker_trouble(url: str) -> str:
    """Say why the broker a URL names gives no usable answer, "" when it does."""
    return next((check.text for check in broker_checks(url) if check.state == BAD), "")


def _greet(place: tuple[str, int], *, tls: bool, timeout_seconds: float) -> bytes:
    with socket.create_connection(place, timeout=timeout_seconds) as plain:
        if not tls:
            return _first_bytes(plain)
        with ssl.create_default_context().wrap_socket(plain, server_hostname=place[0]) as secure:
            return _first_bytes(secure)


def _first_bytes(connection: socket.socket) -> bytes:
    connection.sendall(GREETING)
    found = b""
    while len(found) < len(METHOD_FRAME):
        chunk = connection.recv(len(METHOD_FRAME) - len(found))
        if not chunk:
            break
        found += chunk
    return found
