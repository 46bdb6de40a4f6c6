"""An invoice that waits for its image stands under one issue, whoever said last that there is none."""

from domain.invoices import events as e
from domain.invoices import submission_events as s
from projections.issues import Issue
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.projections.book import EXTERNAL_ID, KEY, Book, open_issues

MISSING = e.InvoiceImageMissing(key=KEY, reason="NO_IMAGE", hold=True, detail="no document for it")
WAITS = e.InvoiceHeld(key=KEY, reason="NO_IMAGE", detail="waits for its image", waits_for=f"image:{EXTERNAL_ID}")
ORDERED = s.InvoiceResubmissionOrdered(person="ann", reason="again", ignore_ids=("500123",))


def of_images(book: Book) -> list[Issue]:
    return [one for one in open_issues(book) if one.kind == "invoice-image-missing"]


def test_seed_140049614_one_that_was_turned_down_and_is_ordered_again_without_an_image_needs_one_still() -> None:
    book = Book()
    book.invoice(f.approved(), MISSING, f.submitted(), f.rejected())
    assert of_images(book) == []
    book.invoice(ORDERED, WAITS)
    (issue,) = of_images(book)
    assert (issue.cause, issue.records[0].why) == ("invoice-image-missing:NO_IMAGE", "waits for its image")
    book.invoice(f.FETCHED)
    assert of_images(book) == []


def test_the_search_says_why_in_better_words_than_the_gate() -> None:
    book = Book()
    book.invoice(f.approved(), MISSING)
    before = of_images(book)
    book.invoice(WAITS)
    assert of_images(book) == before
    assert before[0].records[0].why == "no document for it"
