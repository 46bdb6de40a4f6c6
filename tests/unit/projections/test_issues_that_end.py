"""Issues of an invoice end with what they are about: nobody is left to look for what is over."""

import pytest

from domain.event import Event
from domain.invoices import events as e
from domain.invoices import submission_events as s
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.projections.book import KEY, Book, causes

CHANGED = e.InvoiceChangedInInfor(content=f.content(), digest="n", live=True)
RISK = e.InvoiceAtRiskInInfor(key=KEY, risks=("PROPOSED",), detail="PYST 1")
IN_DOUBT = (f.approved(), f.FETCHED, f.started(), f.doubted(), CHANGED, RISK)
RAISED = ["invoice-at-risk:PROPOSED", "invoice-changed-live"]


def said(resolution: str) -> Event:
    return s.InvoiceDoubtResolved(key=KEY, attempt_id="a1", resolution=resolution, person="ann", reason="looked")


@pytest.mark.parametrize(
    "over",
    [
        s.InvoiceAbsentAfterSettling(attempt_id="a1", members=1),
        s.InvoiceNotSent(attempt_id="a1", why="429", retry_at=f.LOOK_AT),
        f.refused(members=2, whole=True),
        said("absent"),
    ],
)
def test_what_avidxchange_turns_out_not_to_hold_is_in_no_danger(over: Event) -> None:
    book = Book()
    book.invoice(*IN_DOUBT)
    assert sorted(causes(book)) == RAISED
    book.invoice(over)
    assert causes(book) == []
    assert f.state_of((*IN_DOUBT, over)).risks == (), "the same danger is raised anew when it is sent again"


def test_what_avidxchange_holds_all_the_same_stays_in_danger() -> None:
    book = Book()
    book.invoice(*IN_DOUBT, said("posted"))
    assert sorted(causes(book)) == RAISED


def test_what_is_sent_anew_is_sent_as_it_is_now() -> None:
    book = Book()
    book.invoice(f.approved(), f.FETCHED, CHANGED)
    assert causes(book) == ["invoice-changed-live"]
    book.invoice(f.started())
    assert causes(book) == []


def test_a_gate_ends_with_the_key_it_was_shut_for() -> None:
    book = Book()
    book.invoice(f.approved(), e.InvoiceHeld(key=KEY, reason="LINES_DO_NOT_SUM", detail="lines"))
    assert causes(book) == ["invoice-held:LINES_DO_NOT_SUM"]
    book.invoice(e.InvoiceKeyChanged(row=f.ROW, old_key=KEY, new_key=f.OTHER_KEY))
    assert causes(book) == ["invoice-key-changed"]


def test_a_late_receipt_names_nothing_new_of_one_that_the_look_before_its_send_found() -> None:
    book = Book()
    late = s.InvoiceAnsweredLate(key=KEY, attempt_id="a1", verdict="confirmed", avid_invoice_id="500123", text="")
    book.invoice(f.approved(), f.FETCHED, f.found_live(), late)
    assert causes(book) == []


def test_of_two_the_one_left_is_no_longer_two_though_it_differs() -> None:
    book = Book()
    book.invoice(f.approved(), f.different(), f.twice())
    assert "invoice-found-twice" in causes(book)
    book.invoice(f.different())
    assert causes(book) == ["invoice-found-different:GrossAmount"]
