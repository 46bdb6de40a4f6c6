"""Queues and messages: one queue per errand, named after it; a message carries the connection's id and nothing else."""

from typing import Any
from uuid import UUID

import dramatiq

from actors.errands.catalogue import ERRANDS, POLLS

NAMES = (*ERRANDS, *POLLS)
QUEUES: dict[str, str] = {name.replace("_", "-"): name for name in NAMES}


def queue_of(errand: str) -> str:
    """Give the queue an errand is rung in; payments never wait behind suppliers."""
    return errand.replace("_", "-")


def message(errand: str, connection: UUID) -> "dramatiq.Message[Any]":
    """Make the message that asks for an errand of a connection."""
    return dramatiq.Message(
        queue_name=queue_of(errand), actor_name=errand, args=(str(connection),), kwargs={}, options={}
    )
