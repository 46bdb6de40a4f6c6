"""A call of an errand that does not work as an issue."""

from domain.errands.events import ErrandFailed, ErrandRecovered
from projections import issues
from projections.issues import Issue
from tests.unit.projections.book import CONNECTION, Book

FAILURES = "submit_invoices:failures"
AGAIN = ErrandRecovered(errand="submit_invoices", flow="invoices")


def failed(text: str) -> ErrandFailed:
    return ErrandFailed(errand="submit_invoices", flow="invoices", verdict="stop", text=text)


def standing(book: Book) -> list[Issue]:
    return issues.listed(book.store, CONNECTION)


def test_a_call_that_does_not_work_stands_with_its_last_words_until_it_works_again() -> None:
    book = Book()
    book.happened("errand", FAILURES, failed("answered 401"), failed("answered 403"))
    (issue,) = standing(book)
    assert (issue.cause, issue.why, issue.urgent) == ("errand-failed:submit_invoices", "answered 403", False)
    assert [(record.kind, record.record) for record in issue.records] == [("errand", "submit_invoices")]
    book.happened("errand", FAILURES, AGAIN)
    assert standing(book) == []
    book.happened("errand", FAILURES, failed("answered 403"))
    assert [one.cause for one in standing(book)] == [issue.cause]
