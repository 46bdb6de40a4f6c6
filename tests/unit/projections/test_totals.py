"""The numbers scripts rely on: each record in one state, the sums equal to what was seen."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.event import Event, topics
from domain.identifiers import InvoiceKey, PinnedIdentity
from domain.invoices import events as e
from domain.money import Money
from domain.payments import events as y
from domain.postings import events as p
from domain.suppliers import events as v
from projections.catalogue import ALL
from projections.memory import MemoryProjections
from projections.runner import Runner
from projections.totals import totals
from tests.support import payments_world as w
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.projections.book import CONNECTION, KEY, Book, examples
from tests.unit.projections.test_runner import log_of

EVENTS = [example for event_type in topics().values() for example in examples(event_type)]
BLOCKS = ("suppliers", "ledger_codes", "invoices", "payments")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(1, 3)), max_size=40))
def test_every_seen_record_counts_in_exactly_one_state(facts: list[tuple[Event, int]]) -> None:
    store = MemoryProjections()
    Runner(log_of(facts), store, ALL).catch_up()
    found = totals(store, CONNECTION)
    for name in BLOCKS:
        counts = dict(found[name])
        seen = counts.pop("seen")
        assert sum(counts.values()) == seen
        rows = store.rows(name)
        assert seen == len([row for row in rows if row.state])


def test_a_fresh_connection_has_zeros_everywhere() -> None:
    assert totals(Book().store, CONNECTION) == {
        "suppliers": {"seen": 0, "sent": 0, "not_sent": 0, "waiting": 0, "held": 0, "refused": 0},
        "ledger_codes": {"seen": 0, "sent": 0, "waiting": 0, "not_sent": 0, "refused": 0},
        "invoices": {
            "seen": 0,
            "submitted": 0,
            "closed": 0,
            "waiting": 0,
            "held": 0,
            "refused": 0,
            "not_eligible": 0,
            "in_doubt": 0,
        },
        "payments": {
            "seen": 0,
            "not_settled": 0,
            "posted": 0,
            "waiting": 0,
            "held": 0,
            "refused": 0,
            "in_doubt": 0,
            "reversed": 0,
        },
        "issues": {"open": 0},
        "money": {"submitted": "0.00", "settled": "0.00", "posted": "0.00", "currency": "USD"},
    }


def settled(book: Book, payment_id: str, net: str, *, kind: str = "T", booked: bool = True) -> None:
    content = w.payment(w.remittance(net=net, discount="0.00"), payment_id=payment_id)
    key = f"{kind}{payment_id}".ljust(15, "A")
    leg = y.Leg(division="AAA", posting=key, net=Money.parse(net))
    planned = y.PaymentPostingsPlanned(payment_id=payment_id, generation=1, legs=(leg,))
    book.happened("payment", payment_id, y.PaymentSettled(content=content), planned)
    plan = w.plan((w.INV_77, net, "0.00"), key1=key, payment_id=payment_id)
    book.happened("posting", key, p.PostingPlanned(plan=plan))
    if booked:
        confirmed = p.PostingConfirmed(key1=key, payment_id=payment_id, rows=(w.row(amount=net),))
        book.happened("posting", key, confirmed)


def test_money_is_what_was_submitted_settled_and_booked() -> None:
    book = Book()
    book.invoice(f.approved(), f.started(), f.submitted())
    memo = InvoiceKey(100, "AAA", "V1", "V1", "CM-1", 2026)
    book.invoice(f.approved(gross=Money(-25_000)), f.started(), f.submitted(), e.InvoiceClosed(key=KEY), key=memo)
    book.invoice(f.approved(), key=InvoiceKey(100, "AAA", "V1", "V1", "INV-3", 2026))
    settled(book, "1", "100.00")
    settled(book, "2", "50.00", booked=False)
    found = totals(book.store, CONNECTION)
    assert found["money"] == {"submitted": "1000.00", "settled": "150.00", "posted": "100.00", "currency": "USD"}
    assert (found["payments"]["posted"], found["payments"]["waiting"]) == (1, 1)


def test_a_reversal_takes_its_money_back() -> None:
    book = Book()
    settled(book, "1", "100.00")
    void = y.PaymentReversed(content=w.payment(payment_id="1", status="Void"), kind="Void")
    leg = y.Leg(division="AAA", posting="R1", net=Money(-10_000))
    book.happened(
        "payment", "1", void, y.PaymentReversalPlanned(payment_id="1", abandoned=(), reversing=(leg,), tasks=())
    )
    assert totals(book.store, CONNECTION)["money"]["posted"] == "100.00"
    plan = w.plan((w.INV_77, "-100.00", "0.00"), key1="R1", kind="R", payment_id="1")
    book.happened(
        "posting", "R1", p.PostingPlanned(plan=plan), p.PostingConfirmed(key1="R1", payment_id="1", rows=(w.row(),))
    )
    found = totals(book.store, CONNECTION)
    assert (found["money"]["posted"], found["money"]["settled"]) == ("0.00", "0.00")
    assert found["payments"]["reversed"] == 1


def test_a_reversal_by_hand_takes_its_money_back_too() -> None:
    book = Book()
    settled(book, "1", "100.00")
    void = y.PaymentReversed(content=w.payment(payment_id="1", status="Void"), kind="Void")
    task = y.PaymentReversalPlanned(payment_id="1", abandoned=(), reversing=(), tasks=("T1AAAAAAAAAAAAA",))
    book.happened("payment", "1", void, task)
    assert totals(book.store, CONNECTION)["issues"] == {"open": 1}
    book.happened("payment", "1", y.ReversalDoneByHand(payment_id="1", person="ann", reason="done"))
    found = totals(book.store, CONNECTION)
    assert (found["money"]["posted"], found["issues"]) == ("0.00", {"open": 0})


def test_a_word_about_one_voucher_leaves_the_other_booked() -> None:
    book = Book()
    settled(book, "1", "100.00")
    void = y.PaymentReversed(content=w.payment(payment_id="1", status="Void"), kind="Void")
    leg = y.Leg(division="AAA", posting="R1", net=Money(-10_000))
    asked = y.PaymentReversalPlanned(payment_id="1", abandoned=(), reversing=(leg,), tasks=("T-forgotten",))
    book.happened("payment", "1", void, asked, y.ReversalDoneByHand(payment_id="1", person="ann", reason="done"))
    assert totals(book.store, CONNECTION)["money"]["posted"] == "100.00"


def test_other_currencies_and_other_connections_are_left_out() -> None:
    book = Book()
    paid = w.payment(amount=Money(500, "EUR"), remittances=())
    book.happened("payment", "1", y.PaymentSettled(content=paid))
    assert totals(book.store, CONNECTION)["money"]["settled"] == "0.00"
    assert totals(book.store, CONNECTION, currency="EUR")["money"]["settled"] == "5.00"
    content = v.SupplierContent(company=200, number="V9", name="x", status="20")
    elsewhere = PinnedIdentity("OTHER", 200, "x").id
    book.happened("supplier", "200|V9", v.SupplierRecorded(content=content, to_send=True), connection=elsewhere)
    assert totals(book.store, CONNECTION)["suppliers"]["seen"] == 0
    assert totals(book.store, elsewhere)["suppliers"]["seen"] == 1
