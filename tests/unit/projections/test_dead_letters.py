"""A dead letter of the broker as an issue."""

from domain.connections.events import DeadLetterFound
from domain.issues.events import IssueResolved
from projections import issues
from tests.unit.projections.book import CONNECTION, Book


def test_a_dead_letter_stands_until_a_person_has_seen_to_it() -> None:
    book = Book()
    fact = DeadLetterFound(queue="send-suppliers", cause="unreadable", text="?")
    book.happened("dead-letter", "send-suppliers:unreadable", fact)
    (issue,) = issues.listed(book.store, CONNECTION)
    assert (issue.cause, issue.urgent) == ("dead-letter:send-suppliers:unreadable", False)
    assert (issue.records[0].kind, issue.records[0].record) == ("connection", "send-suppliers")
    book.happened("issue", issue.cause, IssueResolved(cause=issue.cause, person="ann", reason="an old worker"))
    assert issues.listed(book.store, CONNECTION) == []
