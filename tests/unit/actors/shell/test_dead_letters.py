"""What a dead letter says: its queue, its cause, the connection it named."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import UUID

import pytest

from actors.broker import QuorumBroker
from actors.dead_letters import TEXT_CHARACTERS, DeadLetterDesk, read
from actors.queues import message

ACME = UUID(int=1)
RING = message("send_suppliers", ACME)


def death(reason: str) -> dict[str, Any]:
    return {"x-death": [{"queue": "send-suppliers", "reason": reason}]}


@pytest.mark.parametrize(
    ("body", "reason", "cause", "named"),
    [
        (b"not a message", "rejected", "unreadable", None),
        (b"[]", "rejected", "unreadable", None),
        (b"\xff\xfe", "rejected", "unreadable", None),
        (RING.copy(actor_name="dance").encode(), "rejected", "unknown-errand", ACME),
        (RING.copy(args=()).encode(), "rejected", "rejected", None),
        (RING.copy(args=("acme",)).encode(), "rejected", "rejected", None),
        (RING.copy(args=(7,)).encode(), "rejected", "rejected", None),
        (RING.encode(), "delivery_limit", "too-many-deliveries", ACME),
    ],
)
def test_a_dead_letter_tells_its_cause_and_whom_it_named(
    body: bytes, reason: str, cause: str, named: UUID | None
) -> None:
    fact, connection = read(body, death(reason))
    assert (fact.queue, fact.cause, connection) == ("send-suppliers", cause, named)


def test_a_letter_that_somebody_put_there_by_hand_has_no_queue_and_is_cut() -> None:
    fact, connection = read(b"x" * 1000, {})
    assert (fact.queue, fact.cause, connection) == ("unknown", "unreadable", None)
    assert fact.text == "x" * TEXT_CHARACTERS


def test_a_fault_nobody_foresaw_does_not_close_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.dead_letters.LOOK_SECONDS", 0.001)
    looks, again = list[int](), threading.Event()

    class Office:
        def take_dead_letters(self, take: Callable[[bytes, Mapping[str, Any]], None]) -> None:
            looks.append(1)
            if len(looks) == 1:
                take(RING.encode(), {"x-death": "written by hand"})
            again.set()

    desk = DeadLetterDesk(cast(QuorumBroker, Office()), lambda _fact, _named: None)
    desk.open()
    assert again.wait(10.0)
    desk.close()
