"""What an issue says: never more than is known, and of whom."""

import pytest

from domain.identifiers import InvoiceKey
from domain.invoices.events import InvoiceHeld
from domain.ledger_codes.events import LedgerCodesOnlyThere
from domain.payments import events as y
from domain.polls.events import PollFailed
from projections import issues
from projections.sentences import sentence
from tests.support import payments_world as w
from tests.unit.projections.book import CONNECTION, Book


@pytest.mark.parametrize(
    ("method", "why", "said"),
    [
        ("Wire", "the method 'Wire' is not known", "The method is not known: Wire."),
        ("", "AvidXchange names no method for it", "AvidXchange names no method for it."),
    ],
)
def test_a_method_that_is_missing_is_not_called_unknown(method: str, why: str, said: str) -> None:
    fact = y.PaymentStatusUnknown(content=w.payment(method=method), field="method")
    book = Book()
    book.happened("payment", "77001", fact)
    (issue,) = issues.listed(book.store, CONNECTION)
    assert (issue.why, sentence(fact)) == (why, said)


def test_an_issue_of_records_with_several_reasons_tells_one_and_counts_the_others() -> None:
    book = Book()
    for number, detail in enumerate(("supplier 100|V1: x", "supplier 100|V2: x", "supplier 100|V1: x")):
        key = InvoiceKey(100, "AAA", "V1", "V1", f"INV-{number}", 2026)
        held = InvoiceHeld(key=key, reason="SUPPLIER_UNKNOWN", detail=detail, waits_for="supplier:100|V1")
        book.happened("invoice", key.external_id, held)
        (issue,) = issues.listed(book.store, CONNECTION)
        assert issue.why == "supplier 100|V1: x" + (" (and 1 other reason)" if number else "")
    assert [record.why for record in issue.records] == [f"supplier 100|V{payee}: x" for payee in (1, 2, 1)]


def test_flows_that_fail_with_the_same_words_are_told_apart() -> None:
    book = Book()
    for flow in ("payments", "invoice_statuses"):
        book.happened("poll", flow, PollFailed(flow=flow, verdict="stop", text="AvidXchange answered 401"))
    assert [issue.why for issue in issues.listed(book.store, CONNECTION)] == [
        "payments: AvidXchange answered 401",
        "invoice statuses: AvidXchange answered 401",
    ]


def test_codes_that_only_avidxchange_has_are_one_issue_a_dimension_with_a_few_named() -> None:
    book = Book()
    for values, why in (
        (("7", "8"), "Building: Infor does not list 7, 8"),
        (("1", "2", "3", "4", "5", "6", "7"), "Building: Infor does not list 1, 2, 3, 4, 5 and 2 more"),
    ):
        book.happened("ledger-code", "100|3", LedgerCodesOnlyThere(dimension=3, group="Building", values=values))
        (issue,) = issues.listed(book.store, CONNECTION)
        assert (issue.cause, issue.why) == ("ledger-code-only-there:3", why)
    book.happened("ledger-code", "100|3", LedgerCodesOnlyThere(dimension=3, group="Building", values=()))
    assert issues.listed(book.store, CONNECTION) == []
