"""Since when a connection goes: a test of its remotes is no sign of life, the end of a pause is a new beginning."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.connections.events import (
    ConnectionAdded,
    ConnectionPaused,
    ConnectionResumed,
    RemotesTested,
)
from domain.event import Event
from projections.connections import listed
from tests.unit.projections.book import IDENTITY, START, Book
from tieout.alerts.view import going_since

ADDED = ConnectionAdded(name="acme", identity=IDENTITY, divisions=("AAA",))
TESTED = RemotesTested(infor_company=100, avidxchange_systems=(), missing_transactions=())
LATER = datetime(2027, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)  # between two facts of a book


def paused(until: datetime | None = None) -> Event:
    return ConnectionPaused(person="ann", reason="month end", until=until)


@pytest.mark.parametrize(
    ("facts", "since"),
    [
        ((ADDED,), START),
        ((ADDED, TESTED, TESTED), START),
        ((ADDED, paused(), ConnectionResumed(person="ann")), START + 2 * MINUTE),
        ((ADDED, paused(START + timedelta(hours=1))), START + timedelta(hours=1)),
        ((ADDED, paused(LATER + MINUTE)), START),
    ],
)
def test_a_connection_goes_since_it_was_added_or_its_last_pause_ended(
    facts: tuple[Event, ...], since: datetime
) -> None:
    book = Book()
    book.happened("connection", "", *facts)
    (row,) = listed(book.store)
    assert going_since(row, LATER) == since
