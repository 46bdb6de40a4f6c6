"""Writes whose outcome nobody knows, with what was learned so far."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Event
from domain.invoices import submission_events as s
from domain.money import Money
from domain.postings import events as p
from domain.postings.posting import fold as fold_posting
from projections import doubts, postings
from projections.doubts import Doubt, DoubtRow, evolve_row
from tests.support import payments_world as w
from tests.support.history import recorded
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.projections.book import CONNECTION, EXTERNAL_ID, KEY, START, Book, examples, family

PLANNED = p.PostingPlanned(plan=w.plan(key1="T1"))
POSTING_FACTS = [example for event_type in family("posting.") for example in examples(event_type)]


def open_doubts(book: Book) -> list[Doubt]:
    return doubts.listed(book.store, CONNECTION)


def doubted(*, after: bool = True) -> Event:
    return p.PostingDoubted(attempt_id="a", step="UpdBatch", why="no answer", after_handover=after, look_at=START)


def test_an_invoice_is_in_doubt_from_its_intent_until_its_outcome() -> None:
    book = Book()
    stream = book.invoice(f.approved(), f.started())
    (doubt,) = open_doubts(book)
    assert (doubt.kind, doubt.record, doubt.money, doubt.stream) == ("invoice", EXTERNAL_ID, Money(125_000), stream)
    assert (doubt.next_look, doubt.payment_id) == (f.LOOK_AT, "")
    assert doubt.id == doubts.doubt_id(stream)
    assert len(doubt.id) == len("D-ABCDEF")
    book.invoice(f.submitted())
    assert open_doubts(book) == []


def test_a_doubt_keeps_its_evidence() -> None:
    book = Book()
    late = s.InvoiceAnsweredLate(key=KEY, attempt_id="a1", verdict="refused", text="too late")
    restart = msgspec.structs.replace(f.looked(f.LOOK_AT, f.LOOK_AT, conclusive=False), batch_status="Processing")
    book.invoice(f.approved(), f.started(), f.doubted(), f.looked(f.LOOK_AT, f.LOOK_AT), restart, late)
    (doubt,) = open_doubts(book)
    assert doubt.unknown == "whether AvidXchange took it: no answer"
    texts = [evidence.text for evidence in doubt.evidence]
    assert texts[0].startswith("attempt 1 to submit it in batch TO-1")
    assert texts[2:] == [
        "the look-up found nothing",
        "the look-up is no proof, the batch is Processing",
        "a late answer: refused too late",
    ]
    assert doubt.since < doubt.evidence[-1].at


def test_a_late_answer_without_a_doubt_opens_none() -> None:
    book = Book()
    book.invoice(*[f.approved(), f.started(), f.submitted()])
    book.invoice(s.InvoiceAnsweredLate(key=KEY, attempt_id="a1", verdict="confirmed", avid_invoice_id="500123"))
    book.invoice(f.looked(f.LOOK_AT, f.LOOK_AT))
    assert open_doubts(book) == []


def test_a_doubted_posting_waits_for_the_read_back_or_at_the_desk_for_a_person() -> None:
    book = Book()
    book.happened("posting", "T1", PLANNED, doubted())
    (doubt,) = open_doubts(book)
    assert (doubt.kind, doubt.record, doubt.payment_id, doubt.money) == ("posting", "T1", "77001", Money(157_000))
    assert doubt.next_look == START
    desk = p.PostingToDesk(payment_id="77001", why="NO_TRACE", what="look in GLS037")
    book.happened("posting", "T1", desk, p.PostingAnsweredLate(attempt_id="a", step="UpdBatch", verdict="confirmed"))
    (doubt,) = open_doubts(book)
    assert (doubt.unknown, doubt.next_look, len(doubt.evidence)) == ("look in GLS037", None, 3)
    book.happened("posting", "T1", p.PostingConfirmed(key1="T1", payment_id="77001", rows=(w.row(),)))
    assert open_doubts(book) == []


def test_a_doubt_about_a_record_without_a_row_is_named_by_its_stream() -> None:
    book = Book()
    stream = book.happened("posting", "T1", PLANNED, doubted())
    book.store.clear("postings")
    (doubt,) = open_doubts(book)
    assert (doubt.record, doubt.money) == (stream.hex, Money(0))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(POSTING_FACTS), max_size=15))
def test_a_posting_stands_among_the_doubts_exactly_while_its_state_is_in_doubt(facts: list[Event]) -> None:
    row: DoubtRow | None = None
    history = recorded(facts)
    for one in history:
        if type(one.event) in doubts.PROJECTION.handles:
            row = evolve_row(row, one)
    assert (row is not None) == (postings.STATES[fold_posting(history).phase] == "in_doubt")


def test_a_fact_that_is_neither_doubt_nor_outcome_leaves_the_doubt_as_it_is() -> None:
    (started, step) = recorded([f.started(), p.PostingStepTaken(attempt_id="a", step="AddBatchHead")])
    row = evolve_row(None, started)
    assert row is not None
    assert evolve_row(row, step) == row
