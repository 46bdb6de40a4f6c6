"""What a dead letter says: its queue, its cause, the connection it named."""

from typing import Any
from uuid import UUID

import pytest

from actors.dead_letters import TEXT_CHARACTERS, read
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
