"""What is decided about ledger codes, and that the gate says what routing says."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import keys
from domain.event import Event
from domain.ledger_codes import decisions
from domain.ledger_codes.events import (
    CodeContent,
    CodeFact,
    LedgerCodeBlocked,
    LedgerCodeChanged,
    LedgerCodeConfirmed,
    LedgerCodeRecorded,
    LedgerCodeRefused,
    LedgerCodeRetryOrdered,
    LedgerCodesListed,
)
from domain.ledger_codes.ledger_code import LedgerCode, code_digest, evolve, fold, listed_values
from domain.ports.answers import Breach
from tests.unit.domain.suppliers.story import START, open_keys, recorded

TODAY = date(2026, 3, 2)
KEY = "100|1|600100"
REPAIRS = CodeContent(
    company=100, dimension=1, value="600100", group="Accounting Codes", description="Repairs", active=True
)
CLOSED = msgspec.structs.replace(REPAIRS, active=False)
RENAMED = msgspec.structs.replace(REPAIRS, description="Repairs and upkeep")
OTHER_FACTS = msgspec.structs.replace(REPAIRS, facts=(CodeFact(division="AAA", description="x", blocked=False),))
ASKED = LedgerCodeRecorded(content=REPAIRS, to_send=True)
SILENT = LedgerCodeRecorded(content=REPAIRS, to_send=False)


def after(*events: Event) -> LedgerCode:
    return fold(recorded(events))


def agreed(of_version: int = 1, *, content: CodeContent = REPAIRS, opens_gate: bool = True) -> LedgerCodeConfirmed:
    return LedgerCodeConfirmed(key=KEY, digest=code_digest(content), of_version=of_version, opens_gate=opens_gate)


def refusal(of_version: int = 1) -> LedgerCodeRefused:
    return LedgerCodeRefused(key=KEY, code="FIELD_INVALID", text="no", of_version=of_version)


def difference(code: str, of_version: int = 1) -> LedgerCodeRefused:
    text = {
        decisions.MISSING: "AvidXchange does not have the code",
        decisions.INACTIVE: "AvidXchange has the code, but not as active",
        decisions.ACTIVE: "AvidXchange has the code as active, Infor does not",
    }[code]
    return LedgerCodeRefused(key=KEY, code=code, text=text, of_version=of_version, shuts_gate=True)


def fact(division: str = "", description: str = "Repairs", **changes: Any) -> CodeFact:
    return CodeFact(division=division, description=description, **({"blocked": False} | changes))


def content(*facts: CodeFact) -> CodeContent:
    return decisions.content_of(
        facts,
        company=100,
        dimension=1,
        value="600100",
        group="Accounting Codes",
        divisions=("AAA", "BBB"),
        today=TODAY,
    )


@pytest.mark.parametrize(
    ("facts", "active"),
    [
        ((fact(),), True),
        ((fact(blocked=True),), False),
        ((fact(blocked=True), fact("BBB")), True),
        ((fact(blocked=True), fact("ZZZ")), False),
        ((fact(valid_to=TODAY),), True),
        ((fact(valid_to=TODAY - timedelta(days=1)),), False),
        ((fact(valid_from=TODAY),), True),
        ((fact(valid_from=TODAY + timedelta(days=1)),), False),
        ((), False),
    ],
)
def test_a_code_is_active_while_any_row_is_open_today(facts: tuple[CodeFact, ...], active: bool) -> None:  # noqa: FBT001 (a column of the table above)
    assert content(*facts).active is active


def test_the_description_is_the_companys_else_the_first_divisions() -> None:
    assert content(fact("BBB", "b"), fact("AAA", "a"), fact("", "company")).description == "company"
    assert content(fact("BBB", "b"), fact("AAA", "a")).description == "a"
    assert content(fact("BBB", "b"), fact("", "")).description == "b"
    assert content(fact("", "")).description == ""


def test_the_order_of_infors_rows_does_not_matter() -> None:
    rows = (fact("BBB", "b"), fact("AAA", "a"), fact("", "company"))
    assert content(*rows) == content(*reversed(rows))


@pytest.mark.parametrize(
    ("past", "seen", "then"),
    [
        ((), REPAIRS, ASKED),
        ((), CLOSED, LedgerCodeRecorded(content=CLOSED, to_send=False)),
        ((ASKED,), REPAIRS, None),
        ((ASKED, agreed()), REPAIRS, None),
        ((ASKED, refusal()), REPAIRS, None),
        ((ASKED, agreed()), RENAMED, LedgerCodeChanged(content=RENAMED, to_send=True)),
        ((ASKED, agreed()), OTHER_FACTS, LedgerCodeChanged(content=OTHER_FACTS, to_send=False)),
        ((ASKED, agreed()), CLOSED, LedgerCodeBlocked(content=CLOSED, to_send=True)),
        (
            (ASKED, LedgerCodeBlocked(content=CLOSED, to_send=True)),
            REPAIRS,
            LedgerCodeChanged(content=REPAIRS, to_send=True),
        ),
        ((LedgerCodeRecorded(content=CLOSED, to_send=False),), CLOSED, None),
        ((SILENT,), REPAIRS, LedgerCodeChanged(content=REPAIRS, to_send=True)),
        (
            (ASKED, difference(decisions.MISSING)),
            REPAIRS,
            LedgerCodeChanged(content=REPAIRS, to_send=True),
        ),
        (
            (
                ASKED,
                agreed(),
                LedgerCodeBlocked(content=CLOSED, to_send=False),
                LedgerCodeChanged(content=REPAIRS, to_send=False),
            ),
            REPAIRS,
            LedgerCodeChanged(content=REPAIRS, to_send=True),
        ),
    ],
)
def test_what_infor_says_of_a_code_is_recorded_once_and_sent_only_when_it_differs(
    past: tuple[Event, ...], seen: CodeContent, then: Event | None
) -> None:
    assert decisions.decide_seen(after(*past), seen, push=True) == (() if then is None else (then,))


def test_without_push_codes_are_recorded_and_not_sent() -> None:
    assert decisions.decide_seen(LedgerCode(), REPAIRS, push=False) == (SILENT,)
    assert decisions.decide_seen(after(SILENT), REPAIRS, push=False) == ()


def test_a_value_that_vanished_counts_as_blocked_once() -> None:
    listed = msgspec.structs.replace(OTHER_FACTS)
    gone = decisions.decide_gone(after(LedgerCodeRecorded(content=listed, to_send=True)), push=True)
    assert gone == (LedgerCodeBlocked(content=CLOSED, to_send=True),)
    assert decisions.decide_gone(after(LedgerCodeRecorded(content=listed, to_send=True), *gone), push=True) == ()
    assert decisions.decide_gone(LedgerCode(), push=True) == ()


def test_the_list_of_a_dimension_records_what_came_and_went() -> None:
    events = decisions.decide_listed(frozenset("ab"), frozenset("bc"), dimension=1)
    assert events == (LedgerCodesListed(dimension=1, added=("c",), gone=("a",)),)
    assert decisions.decide_listed(frozenset("ab"), frozenset("ab"), dimension=1) == ()
    first = LedgerCodesListed(dimension=1, added=("a", "b"), gone=())
    assert listed_values(recorded([first, SILENT, *events])) == frozenset("bc")


def test_an_agreement_opens_the_gate_unless_the_code_was_blocked_meanwhile() -> None:
    sent = after(ASKED)
    assert decisions.decide_confirmed(sent, sent=sent) == (agreed(),)
    now = after(ASKED, LedgerCodeBlocked(content=CLOSED, to_send=True))
    assert decisions.decide_confirmed(now, sent=sent) == (agreed(opens_gate=False),)
    assert decisions.decide_confirmed(after(ASKED, agreed()), sent=sent) == ()
    assert decisions.decide_confirmed(LedgerCode(), sent=sent) == ()
    assert decisions.decide_confirmed(LedgerCode(), sent=LedgerCode()) == ()


def test_a_refusal_names_field_limit_and_length() -> None:
    state = after(ASKED)
    breach = Breach(field="Description", limit=50, length=60)
    (said,) = decisions.decide_breaches(state, sent=state, breaches=(breach,))
    assert isinstance(said, LedgerCodeRefused)
    assert (said.code, said.field, said.limit, said.length) == ("FIELD_TOO_LONG", "Description", 50, 60)
    assert decisions.decide_refused(state, sent=state, code="FIELD_INVALID", text="no") == (refusal(),)
    assert decisions.decide_refused(after(ASKED, refusal()), sent=state, code="X", text="no") == ()
    assert decisions.decide_refused(state, sent=LedgerCode(), code="X", text="no") == ()


@pytest.mark.parametrize(
    ("past", "active_there", "then"),
    [
        ((SILENT,), True, LedgerCodeConfirmed(key=KEY, digest="", of_version=1, opens_gate=True)),
        ((SILENT, agreed()), True, None),
        ((SILENT,), None, difference(decisions.MISSING)),
        ((SILENT,), False, difference(decisions.INACTIVE)),
        ((SILENT, difference(decisions.MISSING)), None, None),
        ((SILENT, difference(decisions.MISSING)), False, difference(decisions.INACTIVE, 2)),
        (
            (SILENT, difference(decisions.MISSING)),
            True,
            LedgerCodeConfirmed(key=KEY, digest="", of_version=2, opens_gate=True),
        ),
        ((LedgerCodeRecorded(content=CLOSED, to_send=False),), None, None),
        ((LedgerCodeRecorded(content=CLOSED, to_send=False),), False, None),
        ((LedgerCodeRecorded(content=CLOSED, to_send=False),), True, difference(decisions.ACTIVE)),
        (
            (LedgerCodeRecorded(content=CLOSED, to_send=False), difference(decisions.ACTIVE)),
            False,
            LedgerCodeConfirmed(key=KEY, digest="", of_version=2, opens_gate=False),
        ),
        ((ASKED,), None, difference(decisions.MISSING)),
        (
            (SILENT, difference(decisions.MISSING), LedgerCodeRetryOrdered(person="ann", reason="added")),
            None,
            difference(decisions.MISSING, 3),
        ),
        ((), True, None),
    ],
)
def test_verify_records_differences_from_avidxchange_on_change_only(
    past: tuple[Event, ...],
    active_there: bool | None,  # noqa: FBT001 (a column of the table above)
    then: Event | None,
) -> None:
    assert decisions.decide_verified(after(*past), active_there=active_there) == (() if then is None else (then,))


def test_another_description_is_a_difference_that_shuts_no_gate() -> None:
    def verified(*past: Event, there: str = "Other") -> tuple[Event, ...]:
        return decisions.decide_verified(after(*past), active_there=True, described_there=there)

    opens, said = verified(SILENT)
    assert opens == LedgerCodeConfirmed(key=KEY, digest="", of_version=1, opens_gate=True)
    assert isinstance(said, LedgerCodeRefused)
    assert (said.code, said.shuts_gate) == (decisions.DESCRIBED, False)
    assert said.text == "AvidXchange describes the code otherwise: 'Other', Infor 'Repairs'"
    assert after(SILENT, opens, said).gate_open
    assert verified(SILENT, opens, said) == ()
    assert len(verified(SILENT, opens, said, there="Another")) == 1
    (again,) = verified(SILENT, opens, said, there="Repairs")
    assert isinstance(again, LedgerCodeConfirmed)
    assert verified(SILENT, opens, there="Repairs") == ()


def test_a_difference_shuts_the_gate_of_a_code_that_was_there_before() -> None:
    assert after(SILENT, agreed()).gate_open
    assert not after(SILENT, agreed(), difference(decisions.MISSING)).gate_open
    assert after(ASKED, agreed(), refusal()).gate_open  # a refused change leaves what AvidXchange holds in use


def test_a_person_retries_what_was_refused_and_nothing_else() -> None:
    ordered = (LedgerCodeRetryOrdered(person="ann", reason="added"),)
    assert decisions.decide_retry(after(ASKED, refusal()), "ann", "added") == ordered
    assert decisions.decide_retry(after(ASKED, refusal(), *ordered), "ann", "added") == ()
    assert decisions.decide_retry(after(ASKED), "ann", "added") == ()


def test_what_avidxchange_holds_is_known_only_while_no_send_can_have_been_lost() -> None:
    changed = LedgerCodeChanged(content=RENAMED, to_send=True)
    assert after(ASKED).known_digest() == ""
    assert after(ASKED, agreed(), changed).known_digest() == code_digest(REPAIRS)
    assert after(ASKED, agreed(), changed, LedgerCodeChanged(content=REPAIRS, to_send=True)).known_digest() == ""
    assert after(ASKED).quiet_from(timedelta(minutes=2)) is None
    assert after(ASKED, changed).quiet_from(timedelta(minutes=2)) == START + timedelta(minutes=4)


def test_what_was_sent_since_the_backup_of_a_store_that_went_back_is_sent_anew_once() -> None:
    went_back_at = START + timedelta(minutes=2)
    asked, silent = (ASKED, agreed()), LedgerCodeRecorded(content=CLOSED, to_send=False)
    again, gone = LedgerCodeChanged(content=REPAIRS, to_send=True), LedgerCodeChanged(content=CLOSED, to_send=True)
    seen = decisions.decide_seen
    assert seen(after(*asked), REPAIRS, push=True) == ()
    assert seen(after(*asked), REPAIRS, push=False, went_back_at=went_back_at) == ()
    assert seen(after(*asked), REPAIRS, push=True, went_back_at=went_back_at) == (again,)
    assert seen(after(*asked, again), REPAIRS, push=True, went_back_at=went_back_at) == ()
    assert decisions.decide_gone(after(silent), push=True) == ()
    assert decisions.decide_gone(after(silent), push=True, went_back_at=went_back_at) == (gone,)
    assert after(*asked, again).known_digest(went_back_at - timedelta(minutes=1)) == code_digest(REPAIRS)
    assert after(*asked, again).known_digest(went_back_at) == ""
    assert after(ASKED).quiet_from(timedelta(minutes=2), went_back_at) == START + timedelta(minutes=4)


def test_an_event_of_another_kind_changes_nothing_but_the_version() -> None:
    stranger = LedgerCodesListed(dimension=1, added=(), gone=())
    assert evolve(after(ASKED), stranger) == msgspec.structs.replace(after(ASKED), version=2)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("seen"), st.sampled_from([REPAIRS, CLOSED, RENAMED, OTHER_FACTS]), st.booleans()),
        st.tuples(st.just("gone"), st.none(), st.booleans()),
        st.tuples(st.just("load"), st.none(), st.none()),
        st.tuples(st.just("confirmed"), st.none(), st.none()),
        st.tuples(st.just("refused"), st.none(), st.none()),
        st.tuples(st.just("verified"), st.sampled_from([True, False, None]), st.sampled_from([None, "Other"])),
        st.tuples(st.just("retry"), st.none(), st.none()),
    ),
    max_size=25,
)


def step(kind: str, value: Any, push: Any, now: LedgerCode, sent: LedgerCode) -> tuple[Event, ...]:
    choices: dict[str, Callable[[], tuple[Event, ...]]] = {
        "seen": lambda: decisions.decide_seen(now, value, push=push),
        "gone": lambda: decisions.decide_gone(now, push=push),
        "load": lambda: (),
        "confirmed": lambda: decisions.decide_confirmed(now, sent=sent),
        "refused": lambda: decisions.decide_refused(now, sent=sent, code="X", text="no"),
        "verified": lambda: decisions.decide_verified(now, active_there=value, described_there=push),
        "retry": lambda: decisions.decide_retry(now, "ann", "mended"),
    }
    return choices[kind]()


@settings(max_examples=200, deadline=None)
@given(STEPS)
def test_the_gate_is_open_exactly_when_routing_holds_the_key_open(steps: list[tuple[str, Any, Any]]) -> None:
    events: list[Event] = []
    sent = LedgerCode()
    for kind, value, push in steps:
        now = fold(recorded(events))
        if kind == "load":
            sent = now
        events.extend(step(kind, value, push, now, sent))
        history = recorded(events)
        state = fold(history)
        assert state.version == len(events)
        assert state.gate_open == (keys.ledger_code(100, 1, "600100") in open_keys(history))
        assert not (state.gate_open and state.content is not None and not state.content.active)


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ((), "CODE_UNKNOWN"),
        ((ASKED,), "CODE_NOT_CONFIRMED"),
        ((ASKED, refusal()), "CODE_REFUSED"),
        ((ASKED, agreed(), LedgerCodeBlocked(content=CLOSED, to_send=True)), "CODE_BLOCKED"),
        ((ASKED, agreed()), ""),
    ],
)
def test_a_shut_gate_says_why_in_one_word(events: tuple[Event, ...], reason: str) -> None:
    assert after(*events).gate_reason == reason
