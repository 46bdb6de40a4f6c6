"""What is decided about suppliers, and that the gate says what routing says."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import keys
from domain.event import Event, Personal
from domain.polls.events import PollFailed
from domain.ports.answers import Breach
from domain.suppliers import decisions
from domain.suppliers.events import (
    SupplierBlocked,
    SupplierChanged,
    SupplierConfirmed,
    SupplierContent,
    SupplierRecorded,
    SupplierRefused,
    SupplierRetryOrdered,
    SupplierUnblocked,
)
from domain.suppliers.supplier import Supplier, evolve, fold
from tests.unit.domain.suppliers.story import START, open_keys, recorded

ACME = SupplierContent(
    company=100, number="V1001", name="Acme Roofing LLC", status="20", phone=Personal("704-555-0100")
)
BLOCKED = msgspec.structs.replace(ACME, status="90")
PRELIMINARY = msgspec.structs.replace(ACME, status="10")
RENAMED = msgspec.structs.replace(ACME, name="Acme Roofing Inc")


def after(*events: Event) -> Supplier:
    return fold(recorded(events))


def receipt(of_version: int = 1, **changes: Any) -> SupplierConfirmed:
    facts: dict[str, Any] = {
        "key": "100|V1001",
        "vendor_id": "9001",
        "enrolment": "Enrolled",
        "digest": "d1",
        "of_version": of_version,
        "opens_gate": True,
    }
    return SupplierConfirmed(**(facts | changes))


def refusal(of_version: int = 1) -> SupplierRefused:
    return SupplierRefused(key="100|V1001", code="FIELD_INVALID", text="no", of_version=of_version)


SENT = SupplierRecorded(content=ACME, to_send=True)


@pytest.mark.parametrize(
    ("past", "content", "then"),
    [
        ((), ACME, SupplierRecorded(content=ACME, to_send=True)),
        ((), PRELIMINARY, SupplierRecorded(content=PRELIMINARY, to_send=False)),
        ((SENT,), ACME, None),
        ((SENT,), RENAMED, SupplierChanged(content=RENAMED, to_send=True)),
        ((SENT,), BLOCKED, SupplierBlocked(content=BLOCKED, to_send=True)),
        (
            (SENT, SupplierBlocked(content=BLOCKED, to_send=True)),
            ACME,
            SupplierUnblocked(content=ACME, to_send=True),
        ),
        (
            (SENT, SupplierBlocked(content=BLOCKED, to_send=True)),
            PRELIMINARY,
            SupplierChanged(content=PRELIMINARY, to_send=True),
        ),
        (
            (SupplierRecorded(content=PRELIMINARY, to_send=False),),
            BLOCKED,
            SupplierChanged(content=BLOCKED, to_send=False),
        ),
        (
            (SupplierRecorded(content=PRELIMINARY, to_send=False),),
            ACME,
            SupplierUnblocked(content=ACME, to_send=True),
        ),
    ],
)
def test_what_infor_says_of_a_supplier_is_recorded_once(
    past: tuple[Event, ...], content: SupplierContent, then: Event | None
) -> None:
    assert decisions.decide_seen(after(*past), content) == (() if then is None else (then,))


def confirmed(now: Supplier, sent: Supplier, enrolment: str = "Enrolled") -> tuple[Event, ...]:
    return decisions.decide_confirmed(now, sent=sent, vendor_id="9001", enrolment=enrolment, digest="d1")


def test_a_receipt_of_an_active_vendor_opens_the_gate() -> None:
    state = after(SENT)
    assert confirmed(state, state) == (receipt(),)
    assert fold(recorded([SENT, receipt()])).gate_open


@pytest.mark.parametrize("enrolment", ["Pending", "Excluded"])
def test_a_pending_vendor_opens_the_gate_and_an_excluded_one_does_not(enrolment: str) -> None:
    state = after(SENT)
    (said,) = confirmed(state, state, enrolment)
    assert isinstance(said, SupplierConfirmed)
    assert said.opens_gate is (enrolment == "Pending")


def test_a_receipt_does_not_open_the_gate_of_a_supplier_blocked_meanwhile() -> None:
    sent, now = after(SENT), after(SENT, SupplierBlocked(content=BLOCKED, to_send=True))
    assert confirmed(now, sent) == (receipt(opens_gate=False),)
    assert after(SENT, SupplierBlocked(content=BLOCKED, to_send=True), receipt(opens_gate=False)).asks == (2,)


def test_an_outcome_is_recorded_once() -> None:
    sent = after(SENT)
    assert confirmed(after(SENT, receipt()), sent) == ()
    assert decisions.decide_refused(after(SENT, refusal()), sent=sent, code="X", text="no") == ()


def test_nothing_is_said_of_a_supplier_nobody_recorded() -> None:
    assert confirmed(Supplier(), Supplier()) == ()
    assert confirmed(Supplier(), after(SENT)) == ()
    assert decisions.decide_refused(Supplier(), sent=Supplier(), code="X", text="no") == ()


def test_a_refusal_names_field_limit_and_length() -> None:
    state = after(SENT)
    breaches = (Breach(field="Name", limit=255, length=300), Breach(field="City", limit=50, length=51))
    (said,) = decisions.decide_breaches(state, sent=state, breaches=breaches)
    assert said == SupplierRefused(
        key="100|V1001",
        code="FIELD_TOO_LONG",
        text="Name has 300 characters, at most 255 are taken; City has 51 characters, at most 50 are taken",
        of_version=1,
        field="Name",
        limit=255,
        length=300,
    )
    (remote,) = decisions.decide_refused(state, sent=state, code="FIELD_INVALID", text="no", field="Phone")
    assert remote == SupplierRefused(key="100|V1001", code="FIELD_INVALID", text="no", of_version=1, field="Phone")


def test_a_person_retries_what_was_refused_or_excluded_and_nothing_else() -> None:
    ordered = (SupplierRetryOrdered(person="ann", reason="mended"),)
    excluded = receipt(enrolment="Excluded", opens_gate=False)
    assert decisions.decide_retry(after(SENT, refusal()), "ann", "mended") == ordered
    assert decisions.decide_retry(after(SENT, excluded), "ann", "mended") == ordered
    assert decisions.decide_retry(after(SENT, receipt()), "ann", "mended") == ()
    assert decisions.decide_retry(after(SENT), "ann", "mended") == ()
    assert decisions.decide_retry(after(SENT, refusal(), *ordered), "ann", "again") == ()


def test_what_avidxchange_holds_is_known_only_while_no_send_can_have_been_lost() -> None:
    changed = SupplierChanged(content=RENAMED, to_send=True)
    back = SupplierChanged(content=ACME, to_send=True)
    retry = SupplierRetryOrdered(person="ann", reason="mended")
    assert after(SENT).known_digest() == ""
    assert after(SENT, receipt(), changed).known_digest() == "d1"
    assert after(SENT, receipt(), changed, back).known_digest() == ""
    assert after(SENT, receipt(), changed, refusal(3)).known_digest() == ""
    assert after(SENT, receipt(), retry).known_digest() == ""


def test_a_newer_change_waits_until_an_earlier_send_can_no_longer_land() -> None:
    wait = timedelta(minutes=2)
    assert after(SENT).quiet_from(wait) is None
    state = after(SENT, SupplierChanged(content=RENAMED, to_send=True))
    assert state.quiet_from(wait) == START + timedelta(minutes=4)


def test_what_was_sent_since_the_backup_of_a_store_that_went_back_is_sent_anew_once() -> None:
    """What Infor changed and changed back looks unchanged, and AvidXchange holds what was sent in between."""
    went_back_at = START + timedelta(minutes=2)
    again, silent = SupplierChanged(content=ACME, to_send=True), SupplierRecorded(content=BLOCKED, to_send=False)
    seen = decisions.decide_seen
    assert seen(after(SENT, receipt()), ACME) == ()
    assert seen(after(SENT, receipt()), ACME, went_back_at=went_back_at) == (again,)
    assert seen(after(SENT, receipt(), again), ACME, went_back_at=went_back_at) == ()
    assert seen(Supplier(), BLOCKED) == (silent,)
    assert seen(Supplier(), BLOCKED, went_back_at=went_back_at) == (msgspec.structs.replace(silent, to_send=True),)


def test_a_receipt_from_before_the_store_went_back_says_nothing_of_what_avidxchange_holds() -> None:
    wait = timedelta(minutes=2)
    asked = after(SENT, receipt(), SupplierChanged(content=RENAMED, to_send=True))
    assert asked.known_digest(START + timedelta(minutes=1)) == "d1"
    assert asked.known_digest(START + timedelta(minutes=2)) == ""
    assert asked.quiet_from(wait, START + timedelta(minutes=9)) == START + timedelta(minutes=11)


@pytest.mark.parametrize(
    ("past", "reason"),
    [
        ((), "SUPPLIER_UNKNOWN"),
        ((SupplierRecorded(content=PRELIMINARY, to_send=False),), "SUPPLIER_INACTIVE"),
        ((SENT,), "SUPPLIER_NOT_CONFIRMED"),
        ((SENT, refusal()), "SUPPLIER_REFUSED"),
        ((SENT, receipt(enrolment="Excluded", opens_gate=False)), "SUPPLIER_EXCLUDED"),
        ((SENT, receipt()), ""),
    ],
)
def test_the_gate_says_why_it_is_shut(past: tuple[Event, ...], reason: str) -> None:
    assert after(*past).gate_reason == reason


def test_an_event_of_another_kind_changes_nothing_but_the_version() -> None:
    stranger = PollFailed(flow="suppliers", verdict="stop", text="wrong company")
    assert evolve(after(SENT), stranger) == msgspec.structs.replace(after(SENT), version=2)


CONTENTS = st.sampled_from([ACME, BLOCKED, PRELIMINARY, RENAMED])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("seen"), CONTENTS),
        st.tuples(st.just("load"), st.none()),
        st.tuples(st.just("confirmed"), st.sampled_from(["Enrolled", "Pending", "Excluded"])),
        st.tuples(st.just("refused"), st.none()),
        st.tuples(st.just("retry"), st.none()),
    ),
    max_size=25,
)


def step(kind: str, value: Any, now: Supplier, sent: Supplier) -> tuple[Event, ...]:
    if kind == "seen":
        return decisions.decide_seen(now, value)
    if kind == "confirmed":
        return confirmed(now, sent, value)
    if kind == "refused":
        return decisions.decide_refused(now, sent=sent, code="X", text="no")
    if kind == "retry":
        return decisions.decide_retry(now, "ann", "mended")
    return ()


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_the_gate_is_open_exactly_when_routing_holds_the_key_open(steps: list[tuple[str, Any]]) -> None:
    events: list[Event] = []
    sent = Supplier()
    for kind, value in steps:
        now = fold(recorded(events))
        if kind == "load":
            sent = now
        events.extend(step(kind, value, now, sent))
        history = recorded(events)
        state = fold(history)
        assert state.version == len(events)
        assert state.gate_open == (keys.supplier(100, "V1001") in open_keys(history))
        assert state.gate_open == (state.gate_reason == "")
        assert not (state.gate_open and state.content is not None and not state.content.active)
