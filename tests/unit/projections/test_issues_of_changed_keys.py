"""An invoice that came back under another key: the new one is never sent, so only Infor or a person ends the issue."""

import pytest

from domain.event import Event
from domain.identifiers import InvoiceKey
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.issues.events import IssueResolved
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.projections.book import KEY, Book, causes

OTHER = InvoiceKey(100, "BBB", "V2", "V2", "INV-9", 2026)
MOVED = e.InvoiceKeyChanged(row=f.ROW, old_key=KEY, new_key=OTHER)
FOUND = s.InvoiceFoundByLookup(key=KEY, attempt_id="", avid_invoice_id="500123", status="Received")
CAUSE = "invoice-key-changed"


@pytest.mark.parametrize("found", [f.submitted(), FOUND])
def test_seed_100245111_it_stands_when_the_old_one_turns_out_to_be_live(found: Event) -> None:
    book = Book()
    book.invoice(MOVED, found)
    assert causes(book) == [CAUSE]


def test_it_stands_when_the_old_one_is_voided_for_the_new_one_still_goes_nowhere() -> None:
    book = Book()
    book.invoice(f.approved(), f.started(), f.submitted(), MOVED, f.rejected())
    assert CAUSE in causes(book)


def test_a_person_ends_it() -> None:
    book = Book()
    book.invoice(MOVED)
    book.happened("issue", CAUSE, IssueResolved(cause=CAUSE, person="ann", reason="entered by hand"))
    assert causes(book) == []
