"""What befalls a batch on its way to the fake payables system, and small helpers of its answers."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from domain.errors import TransientError
from domain.identifiers import digest
from domain.ports.answers import Breach, RecordAnswer, Verdict
from domain.ports.payables import PaymentPage
from tieout.simulation.fakes.paging import Numbered

T = TypeVar("T")
UNBOUND = datetime.max.replace(tzinfo=UTC)  # the deadline of what was held to one already, or is sent by nobody


class Fault(StrEnum):
    """What befalls one batch on its way; an upsert knows REQUEST_LOST, ANSWER_LOST and TOO_MANY too."""

    ZERO_BYTES = "nothing was written"
    TOO_MANY = "429"
    FORBIDDEN = "403"
    WHOLE_REFUSED = "400"
    REQUEST_LOST = "never arrived"
    ANSWER_LOST = "taken, but the answer got lost"
    TAKEN_LATE = "taken `late` after it was sent; the answer got lost"
    LAST_RESULT_MISSING = "taken, but the last record got no result"


def in_time(*, seconds_left: float) -> None:
    """Raise what an upsert behind its deadline raises: nothing of it was sent."""
    if seconds_left <= 0:
        raise TransientError("the deadline has passed", before_processing=True)


def answered(answers: dict[T, RecordAnswer], fault: Fault | None) -> dict[T, RecordAnswer]:
    """Answer an upsert as its fault lets it."""
    if fault in (Fault.REQUEST_LOST, Fault.ANSWER_LOST):
        raise TransientError("no answer in time")
    if fault is Fault.LAST_RESULT_MISSING:
        answers.popitem()
    return answers


def too_long(breaches: Sequence[Breach]) -> RecordAnswer | None:
    """Refuse what is over a limit."""
    if not breaches:
        return None
    return RecordAnswer(verdict=Verdict.REFUSED, code="FIELD_TOO_LONG", text=str(breaches[0]))


def id_of(prefix: str, key: str) -> str:
    """Make an id that is the same for the same key."""
    return prefix + str(int(digest(key.encode())[:8], 16))


def payment_page(page: Numbered) -> PaymentPage:
    """Answer with a page of payments."""
    return PaymentPage(payments=page.records, page=page.number, pages=page.pages, total=page.total)
