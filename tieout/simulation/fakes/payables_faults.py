"""What befalls a batch on its way to the fake payables system, and small helpers of its answers."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TypeVar

from domain.identifiers import digest
from domain.ports.answers import Breach, RecordAnswer, Verdict

T = TypeVar("T")
PAGE = 100


class Fault(StrEnum):
    """What befalls one batch on its way; an upsert knows REQUEST_LOST, ANSWER_LOST and TOO_MANY too."""

    ZERO_BYTES = "nothing was written"
    TOO_MANY = "429"
    WHOLE_REFUSED = "400"
    REQUEST_LOST = "never arrived"
    ANSWER_LOST = "taken, but the answer got lost"
    TAKEN_LATE = "taken `late` after it was sent; the answer got lost"
    LAST_RESULT_MISSING = "taken, but the last record got no result"


def too_long(breaches: Sequence[Breach]) -> RecordAnswer | None:
    """Refuse what is over a limit."""
    if not breaches:
        return None
    return RecordAnswer(verdict=Verdict.REFUSED, code="FIELD_TOO_LONG", text=str(breaches[0]))


def in_pages(records: Sequence[T]) -> Iterator[tuple[T, ...]]:
    """Cut into pages, one at least."""
    for start in range(0, len(records), PAGE) or (0,):
        yield tuple(records[start : start + PAGE])


def id_of(prefix: str, key: str) -> str:
    """Make an id that is the same for the same key."""
    return prefix + str(int(digest(key.encode())[:8], 16))
