"""Dead letters: what the broker gave up is read, handed over to be recorded, and then removed."""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import dramatiq
from dramatiq.errors import DecodeError

from actors.broker import FAULTS, QuorumBroker
from actors.queues import NAMES
from domain.connections.events import DeadLetterFound
from domain.errors import TieoutError

LOOK_SECONDS = 10.0
END_SECONDS = 15.0  # for a call to the broker under way when the desk is closed
TEXT_CHARACTERS = 200
logger = logging.getLogger(__name__)
Take = Callable[[DeadLetterFound, UUID | None], None]


class DeadLetterDesk:
    """Looks for dead letters in a thread of its own, so that a broker that is away stops nothing.

    take: records a fact of the connection the message named, None when it named none. A message whose fact was not
    recorded stays where it is.
    """

    def __init__(self, broker: QuorumBroker, take: Take) -> None:
        self._broker, self._take = broker, take
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name="dead-letters", daemon=True)

    def open(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        self._thread.join(END_SECONDS)

    def _work(self) -> None:
        while not self._closed.is_set():
            try:
                self._broker.take_dead_letters(lambda body, headers: self._take(*read(body, headers)))
            except (*FAULTS, TieoutError):  # verdict: looked at again; the ringer or the relay has said what is wrong
                pass
            except Exception:
                logger.exception("looking for dead letters failed unexpectedly")  # verdict: looked at again
            self._closed.wait(LOOK_SECONDS)


def read(body: bytes, headers: Mapping[str, Any]) -> tuple[DeadLetterFound, UUID | None]:
    """Give the fact of a dead letter, and the connection it named."""
    deaths = headers.get("x-death") or [{}]
    queue, reason = str(deaths[0].get("queue", "unknown")), str(deaths[0].get("reason", ""))
    message = _decoded(body)
    if message is None:
        cause = "unreadable"
    elif message.actor_name not in NAMES:
        cause = "unknown-errand"
    else:
        cause = "too-many-deliveries" if reason == "delivery_limit" else "rejected"
    text = body.decode("utf-8", "replace")[:TEXT_CHARACTERS]
    return DeadLetterFound(queue=queue, cause=cause, text=text), _connection(message)


def _decoded(body: bytes) -> "dramatiq.Message[Any] | None":
    try:
        return dramatiq.Message.decode(body)
    except (DecodeError, TypeError, ValueError):
        return None


def _connection(message: "dramatiq.Message[Any] | None") -> UUID | None:
    try:
        return UUID(message.args[0]) if message is not None else None
    except (IndexError, TypeError, ValueError, AttributeError):
        return None
