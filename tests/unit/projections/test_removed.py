"""What is said of a removed connection: no open issue, and what it left when somebody looks for it."""

import pytest

from domain.connections import events as c
from domain.event import Event
from domain.invoices import events as i
from domain.postings import events as p
from projections import connections, issues, totals
from projections.unsettled import unsettled
from tests.support import payments_world as w
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.projections.book import CONNECTION, EXTERNAL_ID, KEY, START, Book
from tests.unit.projections.test_sources import ADDED

REMOVED = c.ConnectionRemoved(person="ann", reason="sold")
HELD = i.InvoiceHeld(key=KEY, reason="NO_IMAGE", detail="no image", waits_for=None)


def test_the_connections_room_shows_what_was_removed_until_it_is_added_again() -> None:
    book = Book()
    book.happened("connection", "", ADDED, REMOVED)
    assert [row.state for row in book.store.rows("connections")] == ["removed"]
    assert connections.is_removed(book.store, CONNECTION)
    assert [row.name for row in connections.listed(book.store)] == ["acme"], "its history is still read"
    book.happened("connection", "", ADDED)
    assert [row.state for row in book.store.rows("connections")] == ["running"]
    assert not connections.is_removed(book.store, CONNECTION)


def test_issues_end_with_the_removal_and_stand_again_when_the_connection_is_added_again() -> None:
    book = Book()
    book.invoice(f.approved(), HELD)
    assert not connections.is_removed(book.store, CONNECTION), "nobody added it yet"
    book.happened("connection", "", ADDED)
    before = issues.listed(book.store, CONNECTION)
    assert len(before) == 1
    book.happened("connection", "", REMOVED)
    assert issues.listed(book.store, CONNECTION) == []
    assert issues.open_counts(book.store, CONNECTION) == {"urgent": 0, "normal": 0}
    assert totals.totals(book.store, CONNECTION)["issues"] == {"open": 0}
    assert issues.left(book.store, CONNECTION) == before
    book.happened("connection", "", ADDED)
    assert issues.listed(book.store, CONNECTION) == before
    assert issues.open_counts(book.store, CONNECTION) == {"urgent": 0, "normal": 1}


def test_an_invoice_is_unsettled_from_its_intent_until_its_outcome() -> None:
    book = Book()
    book.invoice(f.approved(), f.started())
    assert unsettled(book.store, CONNECTION) == [f"invoice {EXTERNAL_ID}"]
    book.invoice(f.submitted())
    assert unsettled(book.store, CONNECTION) == []


HANDOVER = p.PostingHandoverStarted(
    key1="T1", attempt_id="a", handover=1, deadline=START, look_at=START, incarnation=CONNECTION
)
DOUBTED = p.PostingDoubted(attempt_id="a", step="UpdBatch", why="no answer", after_handover=True, look_at=START)


@pytest.mark.parametrize(
    ("events", "names"),
    [
        ([], []),
        ([w.STARTED], ["posting T1"]),
        ([w.STARTED, HANDOVER], ["posting T1"]),
        ([w.STARTED, HANDOVER, DOUBTED], ["posting T1"]),
    ],
)
def test_a_posting_is_unsettled_from_its_first_call_on(events: list[Event], names: list[str]) -> None:
    book = Book()
    book.happened("posting", "T1", p.PostingPlanned(plan=w.plan(key1="T1")), *events)
    assert unsettled(book.store, CONNECTION) == names
