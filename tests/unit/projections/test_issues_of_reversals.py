"""A reversal that nothing of ours goes on with is an issue, and so is what waits for it; what is under way is none."""

import pytest

from domain import keys
from domain.event import Event
from domain.payments import events as y
from domain.postings import events as p
from projections import issues
from projections.issues import Issue
from tests.support import payments_world as w
from tests.unit.projections.book import CONNECTION, Book


def planned(key1: str) -> Event:
    return p.PostingPlanned(plan=w.plan(key1=key1, kind=key1[0]))


def said(resolution: str, key1: str = "R1") -> Event:
    return p.PostingDoubtResolved(
        key1=key1, payment_id="77001", resolution=resolution, voucher="", person="ann", reason="seen"
    )


def held(waits_for: str) -> Event:
    return y.PaymentHeld(payment_id="77002", reason="REPLACED_NOT_REVERSED", detail="not yet", waits_for=waits_for)


def open_issues(book: Book) -> list[Issue]:
    return issues.listed(book.store, CONNECTION)


def test_a_reversal_found_absent_is_an_issue_until_its_voucher_is_taken_back() -> None:
    book = Book()
    desk = p.PostingToDesk(payment_id="77001", why="NO_TRACE", what="look")
    book.happened("posting", "R1", planned("R1"), desk, said("absent"))
    (issue,) = open_issues(book)
    assert issue.cause == "posting-reversal-absent:R1"
    assert issue.why == "reversal R1 is not in M3: reverse there what T1 booked"
    assert [(one.kind, one.record) for one in issue.records] == [("posting", "77001")]
    book.happened("posting", "R1", said("posted-by-hand"))
    assert open_issues(book) == []


def test_every_payment_to_be_reversed_by_hand_has_an_issue_of_its_own() -> None:
    book = Book()
    for payment_id in ("77001", "77002"):
        asked = y.PaymentReversalPlanned(payment_id=payment_id, abandoned=(), reversing=(), tasks=(f"T{payment_id}",))
        book.happened("payment", payment_id, asked)
    assert [issue.cause for issue in open_issues(book)] == ["reversal-by-hand:77001", "reversal-by-hand:77002"]


def test_every_reversal_found_absent_has_an_issue_of_its_own() -> None:
    book = Book()
    for key1 in ("R1", "R2"):
        book.happened("posting", key1, planned(key1), said("absent", key1))
    assert [issue.cause for issue in open_issues(book)] == ["posting-reversal-absent:R1", "posting-reversal-absent:R2"]


def test_a_payment_found_absent_waits_for_the_order_of_who_said_so() -> None:
    book = Book()
    book.happened("posting", "T1", planned("T1"), said("absent", "T1"))
    assert open_issues(book) == []


@pytest.mark.parametrize(
    ("waits_for", "causes"),
    [
        ("reversed:77001", ["payment-held:REPLACED_NOT_REVERSED"]),
        ("taken-back:R1", ["payment-held:REPLACED_NOT_REVERSED"]),
        ("posting:R1", []),
    ],
)
def test_a_reissue_that_waits_for_no_posting_of_ours_is_an_issue(waits_for: str, causes: list[str]) -> None:
    book = Book()
    book.happened("payment", "77002", held(waits_for))
    assert [issue.cause for issue in open_issues(book)] == causes
    book.happened("payment", "77002", y.PaymentPostingsPlanned(payment_id="77002", generation=1, legs=()))
    assert open_issues(book) == []


def test_a_posting_behind_a_reversal_that_came_to_nothing_is_an_issue_until_it_goes() -> None:
    book = Book()
    behind = p.PostingHeld(
        key1="T2", payment_id="77002", reason="REVERSAL_FIRST", detail="not yet", waits_for=keys.taken_back("R1")
    )
    book.happened("posting", "T2", planned("T2"), behind)
    (issue,) = open_issues(book)
    assert (issue.kind, issue.why) == ("posting-held", "not yet")
    book.happened("posting", "T2", p.PostingReleased(payment_id="77002", why="go"))
    assert open_issues(book) == []


def test_a_posting_behind_one_under_way_is_none() -> None:
    book = Book()
    behind = p.PostingHeld(
        key1="T2", payment_id="77002", reason="REVERSAL_FIRST", detail="not yet", waits_for=keys.posting("R1")
    )
    book.happened("posting", "T2", planned("T2"), behind)
    assert open_issues(book) == []
