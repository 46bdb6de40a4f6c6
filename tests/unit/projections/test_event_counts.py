"""How many events of each type a connection has."""

from uuid import UUID

from domain.event import topics
from domain.invoices.events import InvoiceReleased
from projections import event_counts
from tests.unit.projections.book import CONNECTION, KEY, Book

ELSEWHERE = UUID(int=7)


def test_every_type_of_event_is_counted() -> None:
    assert set(topics().values()) == event_counts.HANDLES


def test_events_are_counted_by_connection_and_type_over_all_streams() -> None:
    book = Book()
    released = InvoiceReleased(key=KEY, why="test")
    book.happened("invoice", "1", released, released)
    book.happened("invoice", "2", released)
    book.happened("invoice", "1", released, connection=ELSEWHERE)
    assert event_counts.counted(book.store, CONNECTION) == {"InvoiceReleased": 3}
    assert event_counts.counted(book.store, ELSEWHERE) == {"InvoiceReleased": 1}
    assert event_counts.counted(book.store, UUID(int=8)) == {}
