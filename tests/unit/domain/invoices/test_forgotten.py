"""What a restored store forgot: recorded once, compared with what may be it, and held until somebody knows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from domain import keys
from domain.event import Event
from domain.invoices import events as e
from domain.invoices.forgotten import decide_forgotten, hold_after_restore, may_be
from domain.invoices.persons import decide_release, decide_resubmission
from domain.invoices.submission import Gates, decide_gate
from domain.invoices.submission_events import InvoiceAnsweredLate, InvoiceFoundForgotten
from domain.money import Money
from domain.ports.answers import Breach
from domain.ports.payables import InvoiceFound
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.domain.invoices.invoice_facts import KEY, OTHER_KEY, invoice

OTHER = OTHER_KEY.external_id
AWAY_KEY = msgspec.structs.replace(OTHER_KEY, division="BBB")
AWAY = AWAY_KEY.external_id
READY = (f.approved(), f.FETCHED)
BOOKED = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE = BOOKED - timedelta(days=2)


def found(**changes: Any) -> InvoiceFound:
    """The invoice under the key it had before M3 corrected its number."""
    there = InvoiceFound(
        avid_invoice_id="500123",
        external_id=OTHER,
        invoice_number=OTHER_KEY.number,
        vendor_external_id=OTHER_KEY.vendor_external_id,
        gross=Money(125_000),
        status="In Workflow",
        status_reason="",
    )
    return msgspec.structs.replace(there, **changes)


def fact(**changes: Any) -> InvoiceFoundForgotten:
    return f.forgotten(OTHER_KEY, **changes)


def reported(*records: InvoiceFound) -> Any:
    return lambda state: decide_forgotten(state, OTHER_KEY, records)


def held_as_likeness() -> Event:
    return e.InvoiceHeld(key=KEY, reason="MAY_BE_FORGOTTEN", detail="d", waits_for=keys.forgotten(OTHER))


# What AvidXchange reports.


def test_a_live_invoice_that_infor_never_named_is_recorded_once() -> None:
    invoice().when(reported(found())).then([fact()])
    invoice(fact()).when(reported(found(status="Paid"))).then_nothing()


def test_its_end_is_recorded_and_another_ones_is_not() -> None:
    void = found(status="Void")
    invoice(fact()).when(reported(void)).then([fact(status="Void", live=False)])
    invoice(fact()).when(reported(found(avid_invoice_id="500999", status="Void"))).then_nothing()
    invoice().when(reported(void)).then_nothing()


def test_what_changed_about_it_is_recorded_and_a_dead_one_beside_it_is_not() -> None:
    other = found(avid_invoice_id="500124")
    invoice(fact()).when(reported(found(status="Void"), other)).then([fact(avid_invoice_id="500124")])


def test_an_invoice_that_infor_named_is_forgotten_until_it_is_looked_up() -> None:
    """Its gate may be shut for days in which M3 cancels it, or gives it another key."""
    moved = e.InvoiceKeyChanged(row=f.ROW, old_key=KEY, new_key=OTHER_KEY)
    unread = f.not_eligible()
    for known in (f.approved(), moved, unread):
        invoice(known).when(reported(found())).then_nothing()
    for named in (f.approved(), moved, unread):
        assert f.state_of((fact(), named)).is_forgotten
    assert not f.state_of((fact(), f.approved(), f.found_live())).is_forgotten
    assert f.state_of((fact(), f.approved(), f.WITHDRAWN)).is_forgotten
    assert not f.state_of((fact(), f.approved(), f.started())).is_forgotten, "in doubt it has look-ups of its own"
    assert f.state_of((fact(),)).is_forgotten
    assert not f.state_of((fact(), fact(live=False))).is_forgotten


def test_a_late_answer_names_it_to_nobody() -> None:
    late = InvoiceAnsweredLate(key=OTHER_KEY, attempt_id="a1", verdict="confirmed", avid_invoice_id="500123")
    live = f.submitted()
    invoice(late, live).when(reported(found())).then([fact()])
    assert f.state_of((late, live, fact())).is_forgotten
    assert not f.state_of((late, live, fact(), f.rejected())).is_forgotten
    assert f.state_of((late, live, fact(avid_invoice_id="500999"), f.rejected())).is_forgotten


def test_another_one_than_a_late_answer_told_of_stays_forgotten_until_it_is_looked_up() -> None:
    named = e.InvoiceChangedInInfor(content=f.content(), digest="d", live=True)
    told, other = (f.submitted(), named), fact(avid_invoice_id="500999")
    assert not f.state_of((fact(), *told)).is_forgotten
    assert f.state_of((other, *told)).is_forgotten
    assert f.state_of((other, *told, f.rejected())).is_forgotten
    found = f.submitted(1, "500999")
    assert not f.state_of((other, *told, f.rejected(), found)).is_forgotten


def test_of_another_one_that_infor_named_only_the_end_counts() -> None:
    named = e.InvoiceChangedInInfor(content=f.content(), digest="d", live=True)
    standing = invoice(fact(avid_invoice_id="500999"), f.submitted(), named)
    told, void = found(), found(avid_invoice_id="500999", status="Void")
    standing.when(reported(told)).then_nothing()
    standing.when(reported(found(avid_invoice_id="500999", gross=Money(1)))).then_nothing()
    ended = standing.when(reported(void, told)).then([fact(avid_invoice_id="500999", status="Void", live=False)])
    assert not ended.state.is_forgotten


# What may be the same invoice.


def twins(*history: Event, there: dict[str, Event], went_back_at: datetime = BEFORE) -> list[str]:
    forgotten = {name: f.state_of((one,)) for name, one in there.items()}
    return list(may_be(f.state_of(history), KEY, forgotten, went_back_at=went_back_at))


def twin(
    *history: Event, there: tuple[Event, ...] = (fact(),), name: str = OTHER, went_back_at: datetime = BEFORE
) -> str:
    """Compare with one."""
    found = may_be(f.state_of(history), KEY, {name: f.state_of(there)}, went_back_at=went_back_at)
    return found[0] if found else ""


@pytest.mark.parametrize(
    ("change", "alike"),
    [
        ({}, True),
        ({"invoice_number": KEY.number}, True),
        ({"invoice_number": KEY.number, "vendor_external_id": "100|V2"}, True),
        ({"invoice_number": KEY.number, "gross": Money(1)}, True),
        ({"vendor_external_id": "100|V2"}, False),
        ({"gross": Money(1)}, False),
    ],
)
def test_two_of_vendor_number_and_gross_make_a_likeness(change: dict[str, Any], *, alike: bool) -> None:
    assert twin(*READY, there=(fact(**change),)) == (OTHER if alike else "")


@pytest.mark.parametrize(
    ("change", "alike"),
    [
        ({}, True),
        ({"gross": Money(1)}, True),
        ({"vendor_external_id": "100|V2"}, True),
        ({"vendor_external_id": "100|V2", "gross": Money(1)}, False),
    ],
)
def test_one_of_them_is_enough_in_any_division_for_what_stood_in_infor_when_the_store_went_back(
    change: dict[str, Any], *, alike: bool
) -> None:
    for late in (timedelta(days=-1), timedelta(days=30)):
        back_at = BOOKED + late
        assert twin(*READY, there=(fact(**change),), name=AWAY, went_back_at=back_at) == (AWAY if alike else "")


def test_none_of_them_is_needed_in_its_division_for_what_stood_there() -> None:
    """Its number is corrected, its supplier merged and its amount changed: nothing tells it from another one."""
    nothing = {"invoice_number": "INV-1", "vendor_external_id": "100|V2", "gross": Money(1)}
    there: dict[str, Event] = {OTHER: fact(**nothing), AWAY: f.forgotten(AWAY_KEY, **nothing)}
    stood, later = BOOKED + timedelta(days=30), BOOKED - timedelta(days=30)
    assert twins(*READY, there=there, went_back_at=stood) == [OTHER]
    assert twins(*READY, there=there, went_back_at=later) == []


def test_the_most_alike_comes_first_and_the_one_it_is_held_for_before_it() -> None:
    names = {name: msgspec.structs.replace(OTHER_KEY, number=name) for name in ("A", "B", "C")}
    stranger = {"invoice_number": "X", "vendor_external_id": "100|V2", "gross": Money(1)}
    there: dict[str, Event] = {
        names["A"].external_id: f.forgotten(names["A"], **stranger),
        names["B"].external_id: f.forgotten(names["B"], **stranger | {"vendor_external_id": KEY.vendor_external_id}),
        names["C"].external_id: f.forgotten(names["C"], **stranger),
    }
    ordered = [names[name].external_id for name in "BAC"]
    assert twins(*READY, there=there, went_back_at=BOOKED) == ordered
    (held,) = hold_after_restore(KEY, unsought=False, twins=[names["C"].external_id])
    ordered = [names[name].external_id for name in "CBA"]
    assert twins(*READY, held, there=there, went_back_at=BOOKED) == ordered


def test_what_avidxchange_holds_under_its_own_name_is_left_to_its_look_up() -> None:
    own = f.forgotten(KEY, invoice_number=KEY.number)
    there: dict[str, Event] = {OTHER: fact()}
    assert twins(own, *READY, there=there, went_back_at=BOOKED) == []
    assert twins(*READY, there=there, went_back_at=BOOKED) == [OTHER]


def test_what_has_no_accounting_date_may_have_stood_there() -> None:
    there = fact(gross=Money(1))
    assert twin(f.approved(accounting_date=None), there=(there,)) == OTHER


def test_what_is_no_longer_forgotten_is_like_nothing() -> None:
    assert twin(*READY, there=(fact(), fact(live=False))) == ""
    assert twin(*READY, there=(fact(), f.approved())) == "", "it is looked up before it is sent itself"
    assert twin(*READY, there=(fact(), f.approved(), f.WITHDRAWN)) == OTHER
    assert twin(*READY, name=KEY.external_id) == ""
    assert twin() == ""


def test_a_likeness_stays_one_until_a_person_says_otherwise() -> None:
    changed = e.InvoiceChangedInInfor(content=f.content(gross=Money(1)), digest="d", live=False)
    assert twin(f.approved(gross=Money(1))) == ""
    assert twin(*READY, held_as_likeness(), changed) == OTHER
    held = (*READY, held_as_likeness())
    for order in (decide_release, decide_resubmission):
        assert twin(*held, *order(f.state_of(held), person="ann", reason="compared")) == ""


def test_a_release_from_another_hold_says_nothing_about_a_likeness() -> None:
    held = f.held("LINES_DO_NOT_SUM")
    (released,) = decide_release(f.state_of((*READY, held)), person="ann", reason="fine")
    assert twin(*READY, held, released) == OTHER


# The gate.


def test_a_restored_store_sends_nothing_before_avidxchange_was_read_again() -> None:
    gates = Gates(supplier_open=True, unsought=True, twins=(OTHER,))
    (held,) = decide_gate(f.state_of(READY), KEY, gates)
    assert isinstance(held, e.InvoiceHeld)
    assert (held.reason, held.waits_for) == ("FORGOTTEN_NOT_SOUGHT", keys.FORGOTTEN_SOUGHT)


def test_a_likeness_is_held_and_named() -> None:
    gates = Gates(supplier_open=True, twins=(OTHER,), breaches=(Breach(field="InvoiceNumber", limit=1, length=2),))
    (held,) = decide_gate(f.state_of(READY), KEY, gates)
    assert isinstance(held, e.InvoiceHeld)
    assert (held.reason, held.waits_for) == ("MAY_BE_FORGOTTEN", f"forgotten:{OTHER}")
    assert OTHER in held.detail
    (held,) = hold_after_restore(KEY, unsought=False, twins=[OTHER, *"ABCDEFG"])
    assert isinstance(held, e.InvoiceHeld)
    assert held.detail.endswith("; it may also be A, B, C, D, E and 2 more")
