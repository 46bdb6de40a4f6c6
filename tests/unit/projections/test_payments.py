"""A payment counts at its least advanced posting."""

from datetime import UTC, datetime

import pytest

from domain.event import Event
from domain.identifiers import key1
from domain.money import Money
from domain.payments import events as y
from domain.postings import events as p
from domain.postings.posting import BEFORE_HANDOVER, ENDED
from projections import payments, postings
from projections.payments import PaymentView
from tests.support import payments_world as w
from tests.unit.projections.book import CONNECTION, IDENTITY, Book

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
KEY1 = "TAAAAAAAAAAAAAA"
KEY2 = "TBBBBBBBBBBBBBB"
SETTLED = y.PaymentSettled(content=w.payment())


def planned(*keys: str) -> y.PaymentPostingsPlanned:
    legs = tuple(y.Leg(division="AAA", posting=key, net=Money(100)) for key in keys)
    return y.PaymentPostingsPlanned(payment_id="77001", generation=1, legs=legs)


def posting(book: Book, key: str, *events: Event, **changes: object) -> None:
    book.happened("posting", key, p.PostingPlanned(plan=w.plan(key1=key, **changes)), *events)


def held(reason: str = "SIGN", waits_for: str | None = None) -> Event:
    return p.PostingHeld(payment_id="77001", reason=reason, detail="why", waits_for=waits_for)


def doubted(*, after: bool) -> Event:
    return p.PostingDoubted(attempt_id="a", step="UpdBatch", why="no answer", after_handover=after, look_at=AT)


def confirmed(**changes: object) -> Event:
    return p.PostingConfirmed(key1=KEY1, payment_id="77001", rows=(w.row(**changes),))  # type: ignore[arg-type] # a test names what it changes


REFUSED = p.PostingRefused(key1=KEY1, attempt_id="a", payment_id="77001", step="CtrlBatch", code="GL84007", text="no")
DESK = p.PostingToDesk(payment_id="77001", why="NO_TRACE", what="look")
WAITS = p.PostingWaitsInInfor(payment_id="77001", detail="GLS037", by_hand=False, look_at=AT)


def resolved(resolution: str, voucher: str = "") -> Event:
    return p.PostingDoubtResolved(
        key1=KEY1, payment_id="77001", resolution=resolution, voucher=voucher, person="ann", reason="seen"
    )


VOID = y.PaymentReversed(content=w.payment(status="Void", standing="reversed"), kind="Void")
BACK = y.Leg(division="AAA", posting="RAAAAAAAAAAAAAA", net=Money(-157_000))
BY_HAND = y.ReversalDoneByHand(payment_id="77001", person="ann", reason="done in M3")


def taken_back(*, tasks: tuple[str, ...] = (), reversing: tuple[y.Leg, ...] = ()) -> Event:
    return y.PaymentReversalPlanned(payment_id="77001", abandoned=(), reversing=reversing, tasks=tasks)


def one(book: Book) -> PaymentView:
    (view,) = payments.listed(book.store, CONNECTION)
    assert payments.one(book.store, CONNECTION, "77001") == view
    return view


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([y.PaymentReported(content=w.payment(standing="open", status="Processing"))], "not_settled"),
        ([SETTLED], "waiting"),
        ([SETTLED, y.PaymentHeld(payment_id="77001", reason="UNKNOWN_INVOICE", detail="d", waits_for="k")], "held"),
        ([SETTLED, y.PaymentIgnored(payment_id="77001", detail="d")], "not_settled"),
        ([y.PaymentStatusUnknown(content=w.payment(standing="unknown", status="New"), field="status")], "held"),
        ([SETTLED, planned()], "held"),
        ([SETTLED, planned(KEY1)], "waiting"),
        ([SETTLED, planned(KEY1), VOID], "waiting"),
        ([SETTLED, planned(KEY1), VOID, taken_back()], "reversed"),
        ([SETTLED, planned(KEY1), VOID, taken_back(tasks=(KEY1,))], "held"),
        ([SETTLED, planned(KEY1), VOID, taken_back(tasks=(KEY1,)), BY_HAND], "reversed"),
        ([SETTLED, planned(KEY1), VOID, taken_back(reversing=(BACK,))], "waiting"),
    ],
)
def test_without_postings_a_payment_stands_where_its_own_facts_say(events: list[Event], state: str) -> None:
    book = Book()
    book.happened("payment", "77001", *events)
    assert one(book).state == state


@pytest.mark.parametrize(
    ("last", "state"),
    [
        ([], "waiting"),
        ([held(waits_for="posting:T9")], "waiting"),
        ([held()], "held"),
        ([REFUSED], "refused"),
        ([doubted(after=False)], "in_doubt"),
        ([doubted(after=True)], "in_doubt"),
        ([DESK], "in_doubt"),
        ([WAITS], "waiting"),
        ([p.PostingAbandoned(key1=KEY1, payment_id="77001", why="changed")], "held"),
        ([resolved("absent")], "held"),
        ([resolved("posted-by-hand", "9001")], "posted"),
        ([confirmed()], "posted"),
    ],
)
def test_a_payment_counts_at_its_least_advanced_posting(last: list[Event], state: str) -> None:
    book = Book()
    book.happened("payment", "77001", SETTLED, planned(KEY1, KEY2))
    posting(book, KEY1, confirmed())
    posting(book, KEY2, *last)
    view = one(book)
    assert view.state == state
    assert {row.key1 for row in view.postings} == {KEY1, KEY2}
    assert payments.listed(book.store, CONNECTION, states=[state]) == [view]
    assert payments.listed(book.store, CONNECTION, states=["not_settled"]) == []


def test_doubt_outweighs_refusal_refusal_a_hold_and_a_hold_a_wait() -> None:
    ends: list[list[Event]] = [[confirmed()], [], [held()], [REFUSED], [DESK]]
    book = Book()
    keys = [key1(IDENTITY, payment_id="77001", division=str(n), generation=1, kind="T") for n in range(len(ends))]
    book.happened("payment", "77001", SETTLED, planned(*keys))
    seen = []
    for key, events in zip(keys, ends, strict=True):
        for other in keys[keys.index(key) + 1 :]:
            assert postings.PROJECTION.some(book.store, CONNECTION, [other]) == {}
        posting(book, key, *events)
        seen.append(one(book).state)
    assert seen == ["waiting", "waiting", "held", "refused", "in_doubt"]


def test_every_phase_of_a_posting_has_a_state() -> None:
    after = {"handing_over", "handed_over", "handover_not_sent", "handover_doubted", "waits", "desk"}
    assert set(postings.STATES) == BEFORE_HANDOVER | ENDED | after | {""}
    assert set(postings.STATES.values()) == set(payments.ADVANCE)


def test_a_payment_names_its_money_and_the_reasons_of_what_is_stuck() -> None:
    book = Book()
    book.happened("payment", "77001", SETTLED, planned(KEY1, KEY2))
    posting(book, KEY1, confirmed())
    posting(book, KEY2, REFUSED)
    view = one(book)
    assert view.why == ("GL84007",)
    assert view.payment.settled == view.payment.amount == Money(157_000)
    assert [(paid.invoice, paid.net) for paid in view.payment.remittances] == [(w.INV_77, Money(157_000))]
    booked, refused = sorted(view.postings, key=lambda row: row.key1)
    assert (booked.vouchers, booked.net, booked.lines[0].invoice) == (("90001",), Money(157_000), w.INV_77)
    assert (refused.detail, refused.reason) == ("no", "GL84007")


def test_a_hold_keeps_its_sentence_until_it_passes() -> None:
    book = Book()
    waits = y.PaymentHeld(payment_id="77001", reason="NUMBER_MISSING", detail="no number yet")
    book.happened("payment", "77001", SETTLED, waits, y.PaymentCardNumberDropped(payment_id="77001"))
    assert one(book).payment.detail == "no number yet"
    book.happened("payment", "77001", y.PaymentPostingOrdered(payment_id="77001", person="ann", reason="it came"))
    assert one(book).payment.detail == ""


@pytest.mark.parametrize(
    ("event", "detail"),
    [
        (held(), "why"),
        (WAITS, "GLS037"),
        (DESK, "look"),
        (doubted(after=True), "no answer"),
        (p.PostingAnsweredLate(attempt_id="a", step="UpdBatch", verdict="refused"), ""),
    ],
)
def test_a_posting_says_why_it_is_not_further(event: Event, detail: str) -> None:
    book = Book()
    posting(book, KEY1, event)
    (row,) = postings.PROJECTION.all(book.store, connection=CONNECTION)
    assert row.detail == detail


def test_a_persons_word_without_a_voucher_leaves_none() -> None:
    book = Book()
    posting(book, KEY1, resolved("absent"))
    (row,) = postings.PROJECTION.all(book.store, connection=CONNECTION)
    assert (row.phase, row.vouchers) == ("settled_absent", ())


def test_a_word_about_one_voucher_does_not_take_another_back() -> None:
    book = Book()
    by_hand = y.ReversalDoneByHand(payment_id="77001", person="ann", reason="done")
    asked = taken_back(reversing=(BACK,), tasks=("T-forgotten",))
    book.happened("payment", "77001", SETTLED, planned(KEY1), VOID, asked, by_hand)
    posting(book, KEY1, confirmed())
    posting(book, BACK.posting, kind="R")
    assert one(book).state == "waiting"


def test_payments_are_listed_by_supplier() -> None:
    book = Book()
    book.happened("payment", "77001", SETTLED)
    for name in ("V1001", "100|V1001"):
        assert len(payments.listed(book.store, CONNECTION, supplier=name)) == 1
    assert payments.listed(book.store, CONNECTION, supplier="1001") == []


def test_a_payment_that_was_never_seen_is_none() -> None:
    assert payments.one(Book().store, CONNECTION, "nothing") is None


def test_a_reversals_postings_are_shown_with_it() -> None:
    book = Book()
    book.happened("payment", "77001", SETTLED, planned(KEY1), VOID, taken_back(reversing=(BACK,)))
    posting(book, KEY1, confirmed())
    posting(book, BACK.posting, kind="R")
    view = one(book)
    assert (view.state, {row.kind for row in view.postings}) == ("waiting", {"T", "R"})
    book.happened("posting", BACK.posting, p.PostingConfirmed(key1=BACK.posting, payment_id="77001", rows=(w.row(),)))
    assert one(book).state == "reversed"
