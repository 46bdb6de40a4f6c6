"""The readiness of a process that only looks after others: it asks each of them on the port it was given."""

from collections.abc import Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

ASK_SECONDS = 5.0  # a child that logs in to a broker which is away says so within four
LONGEST_ANSWER = 500  # bytes: a sentence


def children_trouble(host: str, ports: Sequence[int]) -> str:
    """Give "" when every child says that it is ready, else which one is not, and why. Never raises."""
    for place, port in enumerate(ports, start=1):
        why = _asked(host, port)
        if why:
            return f"worker {place} is not ready: {why}"
    return ""


def _asked(host: str, port: int) -> str:
    connection = HTTPConnection(host, port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", "/ready")
        answer = connection.getresponse()
        said = answer.read(LONGEST_ANSWER).decode("utf-8", "replace").strip()
    except (OSError, HTTPException) as fault:  # verdict: not ready; whoever asked asks again
        return f"it does not answer on port {port} ({fault})"
    finally:
        connection.close()
    return "" if answer.status == HTTPStatus.OK else said or f"it answers {answer.status}"
