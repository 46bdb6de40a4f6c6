"""What is recorded of an invoice when Infor is read."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.event import Event
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.coding import content_digest
from domain.invoices.content import InvoiceContent, LedgerState
from domain.invoices.decisions import (
    Reading,
    decide_before_sending,
    decide_hold,
    decide_image,
    decide_key_changed,
    decide_reading,
    decide_row,
    needs_content,
    stays_tracked,
)
from domain.invoices.eligibility import risks_of, why_not
from domain.invoices.state import Invoice
from domain.money import Money
from tests.support.history import START
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.domain.invoices.invoice_facts import KEY, OTHER_KEY, ROW, content, head, invoice, ledger, rules


def reading(now: LedgerState | None = None, read: InvoiceContent | None = None, *, gone: bool = False) -> Any:
    seen = Reading(head=head(), ledger=None if gone else (now or ledger()), content=read)
    return lambda state: decide_reading(state, seen, rules())


def changed(read: InvoiceContent, *, live: bool) -> Event:
    return e.InvoiceChangedInInfor(content=read, digest=content_digest(read), live=live)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        ({}, ""),
        ({"approved": False}, "NOT_APPROVED"),
        ({"gross": Money(1, "CAD")}, "CURRENCY"),
        ({"payment_status": 1}, "IN_M3_PROPOSAL"),
        ({"payment_status": 4}, "PAID_IN_M3"),
        ({"stopped": True}, "PAYMENT_STOP"),
        ({"paid": Money(1)}, "PARTLY_PAID_IN_M3"),
        ({"payment_method": ""}, "PAYMENT_METHOD"),
    ],
)
def test_each_reason_against_sending_is_named(now: dict[str, Any], reason: str) -> None:
    assert why_not(ledger(**now), rules(payment_methods=("CHK",)))[0] == reason


@pytest.mark.parametrize(
    ("now", "ours", "risks"),
    [
        ({}, 0, ()),
        ({"payment_status": 1}, 0, ("PROPOSED",)),
        ({"stopped": True, "approved": False}, 0, ("STOPPED", "NOT_APPROVED")),
        ({"paid": Money(60), "outstanding": Money(124_940)}, 60, ()),
        ({"paid": Money(60), "outstanding": Money(124_940)}, 59, ("PAID",)),
        ({"paid": Money(60), "outstanding": Money(124_940)}, 61, ("UNDERPAID",)),
        ({"payment_status": 4}, 0, ("PAID",)),
        ({"payment_status": 4, "outstanding": Money(0), "approved": False, "stopped": True}, 125_000, ()),
    ],
)
def test_what_endangers_a_live_invoice_is_named(now: dict[str, Any], ours: int, risks: tuple[str, ...]) -> None:
    assert risks_of(ledger(**now), ours=Money(ours), in_flight=False) == risks


def test_while_a_posting_is_in_flight_nobody_asks_who_paid() -> None:
    assert risks_of(ledger(payment_status=4), ours=Money(0), in_flight=True) == ()


def test_what_was_raised_before_a_posting_is_in_flight_stays_raised() -> None:
    raised = ("PAID", "UNDERPAID", "STOPPED")
    assert risks_of(ledger(), ours=Money(0), in_flight=True, before=raised) == ("PAID", "UNDERPAID")
    assert risks_of(ledger(), ours=Money(0), in_flight=False, before=raised) == ()


def test_a_credit_memo_is_judged_by_its_own_sign() -> None:
    memo = ledger(gross=Money(-100), outstanding=Money(-40), paid=Money(-60))
    assert risks_of(memo, ours=Money(-60), in_flight=False) == ()
    assert risks_of(memo, ours=Money(-50), in_flight=False) == ("PAID",)
    assert risks_of(memo, ours=Money(-70), in_flight=False) == ("UNDERPAID",)


def test_what_infor_owes_to_a_posting_in_flight_is_not_missed() -> None:
    assert risks_of(ledger(), ours=Money(60), in_flight=True) == ()


def test_an_eligible_invoice_is_approved_with_its_whole_content() -> None:
    invoice().when(reading(read=content())).then([f.approved()])
    invoice(f.approved()).when(reading(read=content())).then_nothing()
    invoice().when(reading()).then_nothing()


def test_an_ineligible_one_is_recorded_with_its_reason_once() -> None:
    stop = ledger(stopped=True)
    first = invoice().when(reading(stop))
    assert [type(event) for event in first.events] == [e.InvoiceNotEligible]
    assert first.state.head == head()
    invoice(*first.events).when(reading(stop)).then_nothing()
    assert invoice(*first.events).when(reading(ledger(payment_status=1))).state.reason == "IN_M3_PROPOSAL"
    invoice(*first.events).when(reading(read=content())).then([f.approved()])


def test_a_withdrawn_invoice_may_be_approved_again_or_become_ineligible() -> None:
    invoice(f.approved()).when(reading(ledger(approved=False))).then([f.WITHDRAWN])
    invoice(f.approved(), f.WITHDRAWN).when(reading(ledger(approved=False))).then_nothing()
    invoice(f.approved(), f.WITHDRAWN).when(reading(read=content())).then([f.approved()])
    assert invoice(f.approved(), f.WITHDRAWN).when(reading(ledger(stopped=True))).state.phase == "not_eligible"


def test_one_that_is_gone_is_withdrawn_only_if_it_was_to_be_sent() -> None:
    assert invoice(f.approved()).when(reading(gone=True)).state.phase == "held"
    invoice().when(reading(gone=True)).then_nothing()
    invoice(f.not_eligible()).when(reading(gone=True)).then_nothing()


def test_changed_content_is_recorded_with_where_the_invoice_is() -> None:
    new = content(discount=Money(5))
    invoice(f.approved()).when(reading(read=new)).then([changed(new, live=False)])
    for history in ([f.started()], [f.started(), f.submitted()], [f.started(), f.doubted()]):
        invoice(f.approved(), *history).when(reading(read=new)).then([changed(new, live=True)])


def test_one_that_avidxchange_holds_otherwise_is_compared_anew_and_judged_as_one_that_is_live() -> None:
    proposed, new = ledger(payment_status=1), content(gross=Money(5))
    differs = (f.approved(), f.different())
    risk = e.InvoiceAtRiskInInfor(key=KEY, risks=("PROPOSED",), detail="PCUA 0.00, OCUA 1250.00")
    invoice(*differs).when(reading(proposed)).then([risk])
    invoice(*differs).when(reading(read=new)).then([changed(new, live=False)])
    both = invoice(*differs).when(reading(ledger(payment_status=1, gross=Money(5)), new))
    assert [type(event) for event in both.events] == [e.InvoiceChangedInInfor, e.InvoiceAtRiskInInfor]
    assert invoice(*differs).when(reading(gone=True)).state.risks == ("GONE",)
    invoice(*differs, f.not_eligible()).when(reading(read=content())).then([f.approved()])
    assert stays_tracked(f.state_of(differs), None)
    for after in (f.started(), f.submitted(), f.rejected(), f.twice()):
        assert not f.state_of((*differs, after)).held_there


@pytest.mark.parametrize(
    ("history", "gross", "wanted"),
    [((f.approved(),), 125_000, False), ((f.approved(),), 5, True), ((f.not_eligible(),), 125_000, True)],
)
def test_one_that_avidxchange_holds_otherwise_is_read_again_when_its_amount_is_unknown(
    history: tuple[Event, ...], gross: int, *, wanted: bool
) -> None:
    for after in ((), (f.not_eligible(),)):
        state = f.state_of((*history, f.different(), *after))
        now = ledger(gross=Money(gross), payment_status=1)
        assert needs_content(state, head(), now, rules(), listed=False) is wanted


def test_what_only_a_late_answer_told_of_is_recorded_when_infor_names_it() -> None:
    """A restored store knows neither what was sent nor how to read it again."""
    for history in ([f.submitted()], [f.submitted(), f.forgotten()], [f.twice()]):
        named = invoice(*history).when(reading(read=content()))
        named.then([changed(content(), live=True)])
        assert (named.state.head, named.state.unnamed, named.state.is_forgotten) == (head(), False, False)
        assert named.state.at_large
        invoice(*history, *named.events).when(reading(read=content())).then_nothing()
    invoice(f.submitted()).when(reading()).then_nothing()


def test_what_infor_only_named_and_a_late_answer_told_of_is_read_and_recorded() -> None:
    """Nobody compared the gross that Infor named with what was sent; a look-up would have."""
    late = s.InvoiceAnsweredLate(key=KEY, attempt_id="a1", verdict="confirmed", avid_invoice_id="500123")
    unread = f.not_eligible(invoice_date=content().invoice_date)
    told = (unread, late, f.submitted())
    named = invoice(*told).when(reading(read=content()))
    named.then([changed(content(), live=True)])
    for history, reads in (((*told, *named.events), False), ((unread, f.found_live()), False), (told, True)):
        assert needs_content(f.state_of(history), head(), ledger(), f.RULES, listed=False) == reads


def test_a_danger_of_what_only_a_late_answer_told_of_is_raised() -> None:
    named = invoice(f.submitted()).when(reading(ledger(payment_status=1), content()))
    assert [type(event) for event in named.events] == [e.InvoiceChangedInInfor, e.InvoiceAtRiskInInfor]
    other = content(gross=Money(99))
    invoice(f.submitted(), *named.events).when(reading(ledger(payment_status=1), other)).then(
        [changed(other, live=True)]
    )


def test_seed_140421847_a_danger_is_raised_anew_for_what_is_found_live_after_the_one_that_was_turned_down() -> None:
    at_risk = reading(ledger(payment_status=1))
    sent = [f.approved(), f.started(), f.submitted()]
    raised = invoice(*sent).when(at_risk).events
    assert [type(event) for event in raised] == [e.InvoiceAtRiskInInfor]
    invoice(*sent, *raised, f.rejected("Void"), f.submitted(2, "500124")).when(at_risk).then(raised)


def test_of_one_named_before_it_was_found_another_gross_is_recorded() -> None:
    other = content(gross=Money(99))
    eligible_no_more = invoice().when(reading(ledger(stopped=True))).events
    for found, sent in (([], content()), ([f.forgotten(gross=Money(99))], other)):
        known = invoice(*found, *eligible_no_more, f.found_live(), e.InvoiceAtRiskInInfor(key=KEY, risks=()))
        known.when(reading(read=sent)).then_nothing()
        now = other if sent != other else content()
        known.when(reading(read=now)).then([changed(now, live=True)])


def test_one_that_ended_before_infor_named_it_can_be_ordered_again() -> None:
    named = invoice(f.submitted(), f.rejected("Void")).when(reading(read=content()))
    named.then([changed(content(), live=False)])
    assert (named.state.stage, named.state.content) == ("void", content())


def test_mended_content_sends_a_refused_invoice_again_but_never_a_rejected_one() -> None:
    new = content(po_numbers=("7001",))
    refused = invoice(f.approved(), f.started(), f.refused()).when(reading(read=new))
    rejected = invoice(f.approved(), f.started(), f.submitted(), f.rejected()).when(reading(read=new))
    assert [refused.state.phase, rejected.state.phase] == ["waiting", "refused"]
    assert rejected.events == refused.events


def test_a_discount_that_a_payment_used_up_is_no_change() -> None:
    history = [f.approved(discount=Money(5)), f.started(), f.submitted(), f.payment_started()]
    invoice(*history).when(reading(ledger(discount=Money(0)), content(discount=Money(0)))).then_nothing()
    paid = ledger(outstanding=Money(0), paid=Money(125_000))
    later = invoice(*history, f.payment_posted()).when(reading(paid, content(discount=Money(0), due_date=None)))
    later.then([changed(content(discount=Money(5), due_date=None), live=True)])


def test_a_risk_is_recorded_once_per_change() -> None:
    history = [f.approved(), f.started(), f.submitted()]
    first = invoice(*history).when(reading(ledger(stopped=True)))
    assert first.state.risks == ("STOPPED",)
    invoice(*history, *first.events).when(reading(ledger(stopped=True))).then_nothing()
    assert invoice(*history, *first.events).when(reading()).state.risks == ()
    assert invoice(*history).when(reading(gone=True)).state.risks == ("GONE",)


def test_what_our_payments_explain_in_full_closes_the_invoice() -> None:
    history = [f.approved(), f.started(), f.submitted(), f.payment_posted(120_000, discount=5_000)]
    settled = ledger(paid=Money(125_000), outstanding=Money(0), reconciled=True, payment_status=4)
    invoice(*history).when(reading(settled)).then([e.InvoiceClosed(key=KEY)])
    reversed_again = [*history, f.payment_posted(-120_000, discount=-5_000, reversal=True, row="r2")]
    assert invoice(*reversed_again).when(reading(settled)).state.risks == ("PAID",)


def test_a_closed_invoice_is_reopened_when_infor_shows_it_open() -> None:
    history = [f.approved(), f.started(), f.submitted(), f.payment_posted(), e.InvoiceClosed(key=KEY)]
    invoice(*history).when(reading()).then([e.InvoiceReopened(key=KEY, outstanding=Money(125_000))])
    invoice(*history).when(reading(ledger(outstanding=Money(0)))).then_nothing()
    invoice(*history).when(reading(gone=True)).then_nothing()
    invoice(*history, f.payment_started("T2")).when(reading()).then_nothing()


def test_a_ledger_row_is_named_once_and_another_key_is_raised_once() -> None:
    assert decide_row(None, row=ROW, key=KEY) == (e.LedgerRowNamed(row=ROW, key=KEY),)
    assert decide_row(KEY, row=ROW, key=KEY) == ()
    moved = e.InvoiceKeyChanged(row=ROW, old_key=KEY, new_key=OTHER_KEY)

    def decide(state: Invoice) -> tuple[Event, ...]:
        return decide_key_changed(state, row=ROW, old=KEY, new=OTHER_KEY)

    assert invoice(f.approved()).when(decide).then([moved]).state.phase == "held"
    assert invoice(f.approved(), f.submitted()).when(decide).state.phase == "submitted"
    invoice(f.approved(), moved).when(decide).then_nothing()
    invoice(f.approved(), moved).when(reading(read=content())).then([f.approved()])


def test_what_is_out_there_or_outstanding_stays_tracked() -> None:
    live, closed = [f.approved(), f.submitted()], [f.approved(), f.submitted(), e.InvoiceClosed(key=KEY)]
    nothing_open = ledger(outstanding=Money(0))
    assert stays_tracked(f.state_of(live), None)
    assert stays_tracked(f.state_of([]), ledger())
    assert stays_tracked(f.state_of(closed), ledger())
    assert not stays_tracked(f.state_of(closed), nothing_open)
    assert not stays_tracked(f.state_of([f.not_eligible("PAID_IN_M3")]), nothing_open)
    assert not stays_tracked(f.state_of([]), None)


def test_content_is_read_only_where_it_can_matter() -> None:
    def needs(*events: Event, now: LedgerState | None, listed: bool = True, changed_on: date | None = None) -> bool:
        return needs_content(f.state_of(events), head(changed=changed_on), now, rules(), listed=listed)

    long_ago = (START - timedelta(days=2)).date()
    assert needs(now=ledger())
    assert not needs(now=None)
    assert not needs(now=ledger(stopped=True))
    assert needs(f.not_eligible(), now=ledger(), listed=False)
    assert not needs(f.approved(), now=ledger(), listed=False)
    assert needs(f.approved(), now=ledger(), changed_on=START.date())
    assert needs(f.approved(), now=ledger())
    assert not needs(f.approved(), now=ledger(), changed_on=long_ago)
    assert needs(f.approved(problems=("LINES_DO_NOT_SUM",)), now=ledger(), listed=False)
    assert needs(f.approved(), now=ledger(gross=Money(1)), listed=False)
    assert needs(f.approved(), f.held("CHANGED_IN_INFOR"), now=ledger(), listed=False)
    assert not needs(f.approved(), f.submitted(), e.InvoiceClosed(key=KEY), now=ledger())
    assert needs(f.approved(), f.submitted(), now=ledger(stopped=True))
    assert needs(f.submitted(), now=ledger(stopped=True), listed=False)
    named = invoice().when(reading(ledger(stopped=True))).events
    assert not needs(*named, f.found_live(), now=ledger(), listed=False)
    assert needs(*named, f.found_live(), now=ledger(gross=Money(1)), listed=False)
    assert needs(*named, f.submitted(), f.rejected(), now=ledger(), listed=False)
    released = e.InvoiceReleased(key=KEY, why="ann: go on")
    assert needs(released, now=ledger(), listed=False)
    live = (f.approved(), f.submitted())
    assert not needs(*live, now=ledger(approved=False), listed=False)
    # Infor lists no invoice whose approval was taken back: that its amount changed, its totals say alone.
    assert needs(*live, now=ledger(approved=False, gross=Money(1)), listed=False)
    assert not needs(*live, f.rejected(), now=ledger(gross=Money(1)), listed=False)


def test_just_before_sending_infor_has_the_last_word() -> None:
    def before(now: LedgerState | None) -> Any:
        return lambda state: decide_before_sending(state, KEY, now, rules())

    waiting = invoice(f.approved(), f.FETCHED)
    waiting.when(before(ledger())).then_nothing()
    assert waiting.when(before(ledger(stopped=True))).state.phase == "not_eligible"
    assert waiting.when(before(None)).state.stage == "withdrawn"
    other = waiting.when(before(ledger(gross=Money(1))))
    assert (other.state.phase, other.state.reason) == ("held", "CHANGED_IN_INFOR")
    invoice().when(before(ledger())).then_nothing()


def test_what_was_held_as_changed_goes_on_when_infor_says_again_what_was_read() -> None:
    waiting = invoice(f.approved(), f.held("CHANGED_IN_INFOR")).when(reading(read=content()))
    assert [type(event) for event in waiting.events] == [e.InvoiceReleased]
    assert waiting.state.phase == "waiting"


def test_a_hold_for_a_person_is_only_for_what_is_to_be_sent() -> None:
    def hold(state: Invoice) -> tuple[Event, ...]:
        return decide_hold(state, KEY, reason="IMAGE_LOST", detail="")

    assert invoice(f.approved()).when(hold).state.reason == "IMAGE_LOST"
    invoice(f.approved(), f.submitted()).when(hold).then_nothing()


def test_a_search_for_an_image_says_what_is_new() -> None:
    def search(image: Any = None, reason: str = "", *, hold: bool = False) -> Any:
        return lambda state: decide_image(state, KEY, image=image, reason=reason, hold=hold)

    missing = e.InvoiceImageMissing(key=KEY, reason="NO_IMAGE", hold=True)
    due = invoice(f.approved())
    due.when(search(f.IMAGE)).then([f.FETCHED])
    due.when(search(reason="NO_IMAGE", hold=True)).then([missing])
    assert due.when(search(reason="IMAGE_TOO_LARGE")).state.image_missing == ("IMAGE_TOO_LARGE", True)
    invoice(f.approved(), f.FETCHED).when(search(f.IMAGE)).then_nothing()
    invoice(f.approved(), missing).when(search(reason="NO_IMAGE", hold=True)).then_nothing()
    invoice(f.approved(), missing).when(search(f.IMAGE)).then([f.FETCHED])
    invoice(f.approved(), missing, f.approved()).when(search(reason="NO_IMAGE", hold=True)).then([missing])
