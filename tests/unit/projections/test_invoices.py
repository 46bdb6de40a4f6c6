"""Where an invoice stands is the domain's own word, whatever happened to it."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Event
from domain.identifiers import InvoiceKey
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.invoice import fold
from domain.money import Money
from projections import invoices
from projections.invoices import InvoiceRow, evolve_row
from projections.plain import plain
from tests.support.history import recorded
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.domain.invoices.test_properties import FACTS
from tests.unit.projections.book import CONNECTION, EXTERNAL_ID, KEY, Book


def row_of(events: Sequence[Event]) -> InvoiceRow:
    row: InvoiceRow | None = None
    for one in recorded(events):
        row = evolve_row(row, one)
    assert row is not None
    return row


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(FACTS), min_size=1, max_size=25))
def test_a_rows_state_is_the_phase_of_the_whole_history(facts: list[Event]) -> None:
    state, row = fold(recorded(facts)), row_of(facts)
    assert (row.state, row.stage, row.reason) == (state.phase, state.stage, state.reason)
    assert (row.avid_invoice_id, row.attempts, row.risks) == (state.avid_invoice_id, state.attempts, state.risks)
    assert row.state in {"", *invoices.STATES}


def test_a_submitted_invoice_shows_where_it_is_and_what_was_posted() -> None:
    row = row_of([f.approved(), f.FETCHED, f.started(), f.submitted(), f.payment_posted(), e.InvoiceClosed(key=KEY)])
    assert (row.state, row.external_id, row.number, row.division) == ("closed", EXTERNAL_ID, "INV-77", "AAA")
    assert (row.avid_invoice_id, row.avid_status, row.batch, row.image) == ("500123", "Received", "TO-1", "d1")
    assert (row.gross, row.posted) == (Money(125_000), Money(125_000))
    assert row.seen_at < row.updated_at


def test_a_live_invoice_shows_what_was_read_and_not_what_infor_named_since() -> None:
    named = f.not_eligible("IN_M3_PROPOSAL", gross=Money(126_000))
    assert row_of([f.approved(), named]).gross == Money(126_000)
    assert row_of([f.approved(), named, f.found_live()]).gross == Money(125_000)
    assert row_of([named, f.found_live()]).gross == Money(126_000)


def test_a_reversal_takes_back_what_was_posted() -> None:
    back = f.payment_posted(-125_000, reversal=True, row="r2")
    assert row_of([f.approved(), f.payment_posted(), back]).posted == Money(0)
    memo = f.approved(gross=Money(-500))
    assert row_of([memo, f.payment_posted(-500), f.payment_posted(500, reversal=True, row="r2")]).posted == Money(0)


def test_a_row_says_why_its_invoice_is_not_further() -> None:
    held = e.InvoiceHeld(key=KEY, reason="SUPPLIER_NOT_CONFIRMED", detail="100|V1", waits_for="supplier:100|V1")
    row = row_of([f.approved(), held, e.InvoiceStatusReported(key=KEY, avid_invoice_id="", status="x")])
    assert (row.state, row.reason, row.detail, row.waits_for) == (
        "held",
        "SUPPLIER_NOT_CONFIRMED",
        "100|V1",
        "supplier:100|V1",
    )
    released = row_of([f.approved(), held, e.InvoiceReleased(key=KEY, why="mended")])
    assert (released.state, released.detail, released.waits_for) == ("waiting", "", "")
    person = e.InvoiceHeld(key=KEY, reason="LINES_DO_NOT_SUM", detail="lines")
    assert row_of([f.approved(), person]).waits_for == ""
    assert row_of([f.not_eligible()]).detail == "IVBL 1"
    assert row_of([f.approved(), f.started(), f.refused()]).detail == "no"
    assert row_of([f.approved(), f.started(), f.doubted()]).detail == "no answer"
    assert row_of([f.approved(), f.different()]).detail == "GrossAmount: ours 1, theirs 2"


def test_an_invoice_of_which_nothing_but_a_payment_is_known_has_no_state() -> None:
    row = row_of([e.InvoicePaymentEnded(posting="T1", payment_id="P1", why="x")])
    assert (row.state, row.external_id) == ("", "")


def test_an_invoice_that_a_restored_store_forgot_has_a_name_and_no_state_until_infor_names_it() -> None:
    forgotten = f.forgotten(gross=Money(77_700))
    row = row_of([forgotten])
    assert (row.state, row.external_id, row.gross) == ("", EXTERNAL_ID, Money(77_700))
    late = s.InvoiceAnsweredLate(key=KEY, attempt_id="a1", verdict="confirmed", avid_invoice_id="500123", text="")
    answered = row_of([late, f.submitted(), forgotten])
    assert (answered.state, answered.gross) == ("submitted", Money(77_700)), "a late answer names no amount"
    known = row_of([f.approved(), forgotten])
    assert (known.state, known.gross) == ("waiting", Money(125_000))


def test_of_one_that_only_avidxchange_names_its_newest_word_counts() -> None:
    told, corrected, over = (
        f.forgotten(gross=Money(77_700)),
        f.forgotten(gross=Money(77_800)),
        f.forgotten(gross=Money(1), live=False),
    )
    assert row_of([told, corrected]).gross == Money(77_800)
    assert row_of([told, corrected, over]).gross == Money(77_800)
    named = f.not_eligible(invoice_date=f.content().invoice_date)
    assert row_of([told, named, corrected]).gross == Money(125_000)


def test_invoices_are_listed_by_state_and_supplier() -> None:
    book = Book()
    other = InvoiceKey(100, "BBB", "P2", "V2", "INV-9", 2026)
    book.invoice(f.approved(), f.FETCHED, f.started(), f.submitted())
    book.invoice(f.approved(), key=other)
    listed = invoices.listed(book.store, CONNECTION)
    assert [row.number for row in listed] == ["INV-77", "INV-9"]
    assert [row.number for row in invoices.listed(book.store, CONNECTION, states=["waiting"])] == ["INV-9"]
    for name in ("P2", "V2"):
        assert [row.number for row in invoices.listed(book.store, CONNECTION, supplier=name)] == ["INV-9"]
    assert invoices.listed(book.store, CONNECTION, supplier="V3") == []


def test_a_row_is_shown_without_the_state_it_is_folded_from() -> None:
    shown = plain(row_of([f.approved()]))
    assert "folded" not in shown
    assert shown["gross"] == {"amount": "1250.00", "currency": "USD"}


def test_a_late_answer_is_no_reason() -> None:
    late = s.InvoiceAnsweredLate(key=KEY, attempt_id="a1", verdict="refused", text="no")
    assert row_of([f.approved(), f.started(), f.doubted(), late]).detail == "no answer"
