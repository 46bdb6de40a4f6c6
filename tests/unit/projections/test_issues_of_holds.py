"""Which holds of an invoice need a person: those that no key opens by itself."""

import pytest

from domain.invoices import events as e
from domain.invoices.state import PHASES
from projections.issue_facts import OPENS
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.projections.book import KEY, Book, causes


@pytest.mark.parametrize("why", ["SUPPLIER_INACTIVE", "SUPPLIER_UNKNOWN", "CODE_BLOCKED", "CODE_UNKNOWN"])
def test_an_invoice_whose_supplier_or_code_will_not_come_by_itself_needs_a_person(why: str) -> None:
    book = Book()
    held = e.InvoiceHeld(key=KEY, reason=why, detail="d", waits_for="supplier:100|V1")
    book.invoice(f.approved(), held)
    assert causes(book) == [f"invoice-held:{why}"]


def test_holds_that_settle_a_row_without_reason_are_told_from_real_ones_by_the_stages() -> None:
    opens = OPENS[e.InvoiceHeld]
    for stage in PHASES:
        assert opens(e.InvoiceHeld(key=KEY, reason=stage.upper(), detail="x")) == ()
    assert opens(e.InvoiceHeld(key=KEY, reason="LINES_DO_NOT_SUM", detail="x"))
