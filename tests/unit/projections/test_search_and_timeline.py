"""Finding a record, and telling its life across both systems."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.errors import MisconfiguredError
from domain.event import Event, Personal
from domain.identifiers import InvoiceKey
from domain.invoices import events as e
from domain.money import Money
from domain.payments import events as y
from domain.postings import events as p
from domain.suppliers import events as v
from projections.plain import HIDDEN, plain
from projections.search import Record, find_records
from projections.timeline import Timeline, parse_as_of, read_timeline
from tests.support import payments_world as w
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.projections.book import CONNECTION, EXTERNAL_ID, KEY, START, Book

KEY1 = "TAAAAAAAAAAAAAA"
OTHER_LEG = "TBBBBBBBBBBBBBB"
LATER = InvoiceKey(100, "AAA", "V1001", "V1001", "INV-770", 2026)
SUPPLIER = v.SupplierContent(company=100, number="V1001", name="Roofers", status="20", phone=Personal("555 0100"))


def life() -> Book:
    """An invoice of division AAA, paid by a payment that also pays something in division BBB."""
    book = Book()
    book.happened("supplier", "100|V1001", v.SupplierRecorded(content=SUPPLIER, to_send=True))
    book.invoice(f.approved(), f.FETCHED, f.started(), f.submitted())
    legs = tuple(
        y.Leg(division=division, posting=key, net=Money(157_000))
        for division, key in (("AAA", KEY1), ("BBB", OTHER_LEG))
    )
    paid = w.payment(w.remittance(EXTERNAL_ID), w.remittance(w.OTHER_DIVISION))
    planned = y.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=legs)
    book.happened("payment", "77001", y.PaymentSettled(content=paid), planned)
    for division, key in (("AAA", KEY1), ("BBB", OTHER_LEG)):
        plan = w.plan(key1=key, division=division)
        book.happened("posting", key, p.PostingPlanned(plan=plan))
    started = e.InvoicePaymentStarted(posting=KEY1, payment_id="77001", net=Money(157_000))
    book.invoice(started)
    book.happened("posting", KEY1, p.PostingConfirmed(key1=KEY1, payment_id="77001", rows=(w.row(),)))
    book.invoice(f.payment_posted(), e.InvoiceClosed(key=KEY))
    return book


def find(book: Book, text: str) -> Record:
    (record,) = find_records(book.store, text)
    return record


def told(book: Book, text: str, as_of: str = "") -> Timeline:
    return read_timeline(book.log, book.store, find(book, text), as_of=parse_as_of(as_of))


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("INV-77", "invoice", EXTERNAL_ID),
        ("inv-77", "invoice", EXTERNAL_ID),
        (" INV-77 ", "invoice", EXTERNAL_ID),
        (EXTERNAL_ID, "invoice", EXTERNAL_ID),
        ("500123", "invoice", EXTERNAL_ID),
        ("77001", "payment", "77001"),
        ("770", "payment", "77001"),
        ("V1001", "supplier", "100|V1001"),
        ("100|V1001", "supplier", "100|V1001"),
        (KEY1, "posting", KEY1),
        ("payment:7", "payment", "77001"),
        ("supplier:100", "supplier", "100|V1001"),
    ],
)
def test_a_record_is_found_by_what_people_call_it(text: str, kind: str, name: str) -> None:
    record = find(life(), text)
    assert (record.kind, record.name, record.connection) == (kind, name, CONNECTION)


def test_an_exact_match_wins_over_a_longer_one_and_several_are_choices() -> None:
    book = life()
    book.invoice(f.approved(), key=LATER)
    assert find(book, "INV-77").name == EXTERNAL_ID
    assert find(book, "INV-770").name == LATER.external_id
    assert {record.name for record in find_records(book.store, "INV-")} == {EXTERNAL_ID, LATER.external_id}
    twin = InvoiceKey(100, "BBB", "V1001", "V1001", "INV-77", 2026)
    book.invoice(f.approved(), key=twin)
    assert {record.name for record in find_records(book.store, "INV-77")} == {EXTERNAL_ID, twin.external_id}


@pytest.mark.parametrize("text", ["", "  ", "payment:", "nothing", "supplier:INV-77", "\x1fpays:" + EXTERNAL_ID, "x:y"])
def test_what_matches_nothing_gives_nothing(text: str) -> None:
    assert find_records(life().store, text) == []


def test_a_search_keeps_to_its_connection() -> None:
    book = life()
    assert find_records(book.store, "INV-77", connection=UUID(int=1)) == []
    assert len(find_records(book.store, "INV-77", connection=CONNECTION)) == 1


def test_an_invoices_life_holds_its_payment_and_the_posting_of_its_division_only() -> None:
    timeline = told(life(), "INV-77")
    assert (timeline.record, timeline.kind, timeline.state) == (EXTERNAL_ID, "invoice", "closed")
    assert [(entry.type, entry.system) for entry in timeline.events] == [
        ("InvoiceApproved", "infor"),
        ("InvoiceImageFetched", "infor"),
        ("InvoiceSubmissionStarted", "tieout"),
        ("InvoiceSubmitted", "avidxchange"),
        ("PaymentSettled", "avidxchange"),
        ("PaymentPostingsPlanned", "tieout"),
        ("PostingPlanned", "tieout"),
        ("InvoicePaymentStarted", "tieout"),
        ("PostingConfirmed", "infor"),
        ("InvoicePaymentPosted", "infor"),
        ("InvoiceClosed", "infor"),
    ]
    first = timeline.events[0]
    assert (first.position, first.version, first.actor) == (2, 1, "tieout")
    assert first.recorded_at == "2026-03-02T08:01:00Z"
    assert first.summary == "Infor approved invoice INV-77 over 1250.00 USD for payment."
    assert first.data["content"]["gross"] == {"amount": "1250.00", "currency": "USD"}


def test_a_settled_payment_shows_before_anything_was_planned_for_it() -> None:
    book = Book()
    book.invoice(f.approved(), f.started(), f.submitted())
    book.happened("payment", "77001", y.PaymentSettled(content=w.payment(w.remittance(EXTERNAL_ID))))
    assert told(book, "INV-77").events[-1].type == "PaymentSettled"


def test_a_payments_life_holds_all_its_postings_but_not_its_invoices() -> None:
    timeline = told(life(), "77001")
    assert [entry.type for entry in timeline.events] == [
        "PaymentSettled",
        "PaymentPostingsPlanned",
        "PostingPlanned",
        "PostingPlanned",
        "PostingConfirmed",
    ]
    assert timeline.state == "waiting"


def test_a_posting_and_a_supplier_tell_their_own_life() -> None:
    book = life()
    assert (told(book, KEY1).state, len(told(book, KEY1).events)) == ("posted", 2)
    supplier = told(book, "V1001")
    assert (supplier.state, supplier.events[0].data["content"]["phone"]) == ("waiting", HIDDEN)


@pytest.mark.parametrize(
    ("as_of", "state", "events"),
    [
        ("3", "waiting", 2),
        ("5", "submitted", 4),
        ("2026-03-02T08:02:30Z", "waiting", 2),
        ("2026-03-02T08:02:30", "waiting", 2),
        ("2026-03-02", "closed", 11),
        ("2026-03-01", "", 0),
        ("1", "", 0),
    ],
)
def test_a_life_can_be_told_as_of_a_time_or_an_event(as_of: str, state: str, events: int) -> None:
    timeline = told(life(), "INV-77", as_of)
    assert (timeline.state, len(timeline.events)) == (state, events)


def test_a_time_nobody_can_read_is_refused() -> None:
    assert parse_as_of("2026-03-02T10:00:00+02:00") == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    for text in ("yesterday", "2026-13-01", "2026-99-99T00"):
        with pytest.raises(MisconfiguredError, match="neither an event's position nor"):
            parse_as_of(text)


def test_plain_values_are_what_json_knows() -> None:
    assert plain({"at": START, 1: [START.date(), UUID(int=1)], "set": frozenset({"b", "a"}), "n": None}) == {
        "at": "2026-03-02T08:00:00Z",
        "1": ["2026-03-02", "00000000-0000-0000-0000-000000000001"],
        "set": ["a", "b"],
        "n": None,
    }
    assert plain((timedelta(0) == timedelta(0), 3, "x")) == [True, 3, "x"]
    assert plain(KEY) == EXTERNAL_ID
    named: Event = e.LedgerRowNamed(row=f.ROW, key=KEY)
    assert plain(named) == {"row": "100|AAA|2026|900|1", "key": EXTERNAL_ID}
