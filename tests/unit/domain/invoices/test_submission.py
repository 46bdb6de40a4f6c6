"""The submission protocol, decision by decision: gate, intent, outcome, look-up."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.event import Event
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.content import CodeRef, CodingLine
from domain.invoices.invoice import Invoice
from domain.invoices.submission import (
    Gates,
    Look,
    Outcome,
    decide_gate,
    decide_look,
    decide_outcome,
    decide_start,
    gated_codes,
    outcome_of,
)
from domain.money import Money
from domain.ports.answers import Breach, CallAnswer, RecordAnswer, Verdict
from domain.ports.payables import EncodedBatch, InvoiceFound
from tests.unit.domain.invoices import invoice_facts as f
from tests.unit.domain.invoices.invoice_facts import DEADLINE, KEY, LAG, LOOK_AT, OTHER_STORE, STORE, invoice, rules

SECOND = timedelta(seconds=1)
OPEN = Gates(supplier_open=True)
READY = (f.approved(), f.FETCHED)
SENDING = (*READY, f.started())
DOUBTED = (*SENDING, f.doubted())


# The gate.


def gate(gates: Gates = OPEN) -> Any:
    return lambda state: decide_gate(state, KEY, gates)


def why(*events: Event, gates: Gates = OPEN) -> tuple[str, str | None]:
    (held,) = invoice(*events).when(gate(gates)).events
    assert isinstance(held, e.InvoiceHeld)
    return held.reason, held.waits_for


def test_an_invoice_whose_gate_is_open_is_not_held() -> None:
    invoice(*READY).when(gate()).then_nothing()
    missing = e.InvoiceImageMissing(key=KEY, reason="NO_IMAGE", hold=False)
    invoice(f.approved(), missing).when(gate()).then_nothing()


def test_each_hold_names_what_it_waits_for() -> None:
    image = "image:100|AAA|V1001|V1001|INV-77|2026"
    missing = e.InvoiceImageMissing(key=KEY, reason="IMAGE_TOO_LARGE", hold=True)
    assert why(f.approved()) == ("NO_IMAGE", image)
    assert why(f.approved(), missing) == ("IMAGE_TOO_LARGE", image)
    (held,) = invoice(f.approved(), missing).when(gate()).events
    assert isinstance(held, e.InvoiceHeld)
    assert held.detail == "its image in Infor Document Management is larger than max_image_bytes"
    assert why(f.approved(problems=("LINES_DO_NOT_SUM",))) == ("LINES_DO_NOT_SUM", None)
    shut = Gates(supplier_open=False)
    assert why(*READY, gates=shut) == ("SUPPLIER_NOT_CONFIRMED", "supplier:100|V1001")
    codes = Gates(
        supplier_open=True, shut_codes=((CodeRef(2, "B014"), "CODE_BLOCKED"), (CodeRef(3, "X"), "CODE_UNKNOWN"))
    )
    assert why(*READY, gates=codes) == ("CODE_BLOCKED", "code:100|2|B014")


def test_a_row_that_is_due_for_nothing_is_settled_and_the_invoice_stays_as_it_is() -> None:
    rejected = invoice(*SENDING, f.submitted(), f.rejected()).when(gate())
    assert (rejected.state.phase, rejected.state.stage) == ("refused", "rejected")
    assert why() == ("UNKNOWN", None)


def test_a_limit_of_avidxchange_refuses_before_sending() -> None:
    breach = Breach(field="InvoiceNumber", limit=50, length=51)
    outcome = invoice(*READY).when(gate(Gates(supplier_open=True, breaches=(breach,))))
    assert outcome.state.phase == "refused"
    assert outcome.state.answered == frozenset()


def test_only_codes_of_configured_dimensions_are_asked_for() -> None:
    codes = (CodeRef(1, "610100"), CodeRef(2, "B014"), CodeRef(3, "X"))
    line = CodingLine(number=1, amount=Money(1), description="", codes=codes)
    content = f.content(lines=(line, line))
    pushing = rules(gl_accounts="push", dimensions=((2, "Building"),))
    assert gated_codes(content, pushing) == codes[:2]
    assert gated_codes(content, rules(gl_accounts="off")) == ()


# The intent and its outcome.


def test_the_intent_freezes_what_is_sent_and_by_when() -> None:
    encoded = EncodedBatch(batch="TO-1", body=b"", digest="b", record_digests={KEY.external_id: "r"})

    def start(state: Invoice) -> tuple[Event, ...]:
        intent = decide_start(
            state,
            KEY,
            encoded=encoded,
            position=1,
            members=50,
            attempt_id="a1",
            incarnation=STORE,
            deadline=DEADLINE,
            settle=LOOK_AT - DEADLINE,
        )
        return (intent,)

    invoice(*READY).when(start).then([f.started()])
    bare = invoice(f.approved()).when(start).events[0]
    assert isinstance(bare, s.InvoiceSubmissionStarted)
    assert bare.image == ""


def outcome(
    verdict: Verdict, *, attempt: int = 1, store: UUID = STORE, whole: bool = False, item: str = "500123"
) -> Any:
    answer = RecordAnswer(verdict=verdict, item_id=item, status="Received", code="C", text="T")
    made = Outcome(
        attempt_id=f"a{attempt}",
        members=50,
        whole=whole,
        answer=answer,
        look_at=LOOK_AT,
        retry_at=DEADLINE,
        incarnation=store,
    )
    return lambda state: decide_outcome(state, KEY, made)


def types(events: tuple[Event, ...]) -> list[str]:
    return [type(event).__name__ for event in events]


@pytest.mark.parametrize(
    ("verdict", "fact", "phase"),
    [
        (Verdict.CONFIRMED, "InvoiceSubmitted", "submitted"),
        (Verdict.REFUSED, "InvoiceSubmissionRefused", "refused"),
        (Verdict.NOT_SENT, "InvoiceNotSent", "waiting"),
        (Verdict.DOUBT, "InvoiceSubmissionDoubted", "in_doubt"),
    ],
)
def test_an_answer_in_time_is_the_outcome_and_is_said_once(verdict: Verdict, fact: str, phase: str) -> None:
    said = invoice(*SENDING).when(outcome(verdict))
    assert (types(said.events), said.state.phase) == ([fact], phase)
    invoice(*SENDING, *said.events).when(outcome(verdict)).then_nothing()


def test_a_late_answer_to_the_doubted_attempt_settles_it() -> None:
    late = {
        Verdict.CONFIRMED: ["InvoiceAnsweredLate", "InvoiceSubmitted"],
        Verdict.REFUSED: ["InvoiceAnsweredLate", "InvoiceSubmissionRefused"],
        Verdict.NOT_SENT: ["InvoiceAnsweredLate", "InvoiceNotSent"],
        Verdict.DOUBT: [],
    }
    for verdict, facts in late.items():
        assert types(invoice(*DOUBTED).when(outcome(verdict)).events) == facts


def test_under_another_incarnation_only_a_receipt_counts() -> None:
    for history in (SENDING, DOUBTED):
        confirmed = invoice(*history).when(outcome(Verdict.CONFIRMED, store=OTHER_STORE))
        assert confirmed.state.phase == "submitted"
        refused = invoice(*history).when(outcome(Verdict.REFUSED, store=OTHER_STORE))
        assert (types(refused.events), refused.state.phase) == (["InvoiceAnsweredLate"], "in_doubt")
        invoice(*history, *refused.events).when(outcome(Verdict.REFUSED, store=OTHER_STORE)).then_nothing()


def test_a_receipt_the_log_forgot_the_attempt_of_is_attributed() -> None:
    assert invoice(*READY).when(outcome(Verdict.CONFIRMED)).state.phase == "submitted"
    assert invoice().when(outcome(Verdict.CONFIRMED)).state.key == KEY


def test_seed_150584196_what_a_forgotten_attempt_sent_is_compared_with_what_infor_named_meanwhile() -> None:
    """A restored store read the invoice anew, with another amount, before the first process read its receipt."""
    seen = e.InvoiceChangedInInfor(content=f.content(), digest=f.approved().digest, live=True)
    for history in (READY, (f.forgotten(gross=Money(99)), *READY), (*DOUBTED, f.absent())):
        told = invoice(*history).when(outcome(Verdict.CONFIRMED, attempt=7, store=OTHER_STORE))
        assert told.events[-1] == seen
        assert types(told.events) == ["InvoiceAnsweredLate", "InvoiceSubmitted", "InvoiceChangedInInfor"]
        invoice(*history, *told.events).when(outcome(Verdict.CONFIRMED, attempt=7)).then_nothing()


def test_a_late_receipt_of_what_was_sent_as_it_stands_changes_nothing() -> None:
    other = f.content(gross=Money(99))
    changed = e.InvoiceChangedInInfor(content=other, digest="d", live=True)
    for history in (DOUBTED, (*DOUBTED, changed), (*DOUBTED, f.absent())):
        assert types(invoice(*history).when(outcome(Verdict.CONFIRMED)).events)[-1] == "InvoiceSubmitted"
    since = msgspec.structs.replace(changed, live=False)
    proven_absent = invoice(*DOUBTED, f.absent(), since).when(outcome(Verdict.CONFIRMED))
    assert types(proven_absent.events)[-2:] == ["InvoiceSubmitted", "InvoiceChangedInInfor"]


def test_a_second_receipt_means_two_invoices() -> None:
    other = [*DOUBTED, f.absent(), f.started(2)]
    assert invoice(*other).when(outcome(Verdict.CONFIRMED)).state.twice_ids == ("500123",)
    both = [*other, f.submitted(2, "500124")]
    again = invoice(*both).when(outcome(Verdict.CONFIRMED))
    assert again.state.twice_ids == ("500123", "500124")
    assert again.state.live
    third = invoice(*both, *again.events).when(outcome(Verdict.CONFIRMED, attempt=3, item="500125"))
    assert third.state.twice_ids == ("500123", "500124", "500125")


def test_a_receipt_for_what_a_look_up_found_adds_nothing() -> None:
    found = s.InvoiceFoundByLookup(key=KEY, attempt_id="a1", avid_invoice_id="500123", status="Received")
    assert types(invoice(*DOUBTED, found).when(outcome(Verdict.CONFIRMED)).events) == ["InvoiceAnsweredLate"]


def test_the_answer_to_a_call_is_dealt_out_to_its_records() -> None:
    one = RecordAnswer(verdict=Verdict.CONFIRMED, item_id="1")
    call = CallAnswer(verdict=Verdict.CONFIRMED, records={"x": one})
    assert outcome_of(call, "x") == (one, False)
    assert outcome_of(call, "y")[0].verdict is Verdict.DOUBT
    whole, is_whole = outcome_of(CallAnswer(verdict=Verdict.REFUSED, code="HTTP_400", text="no"), "x")
    assert (whole.code, is_whole) == ("HTTP_400", True)


def test_a_whole_refusal_halves_the_batch_and_one_alone_is_refused() -> None:
    halved = invoice(*SENDING, f.refused(whole=True, members=51)).state
    alone = invoice(*SENDING, f.refused(whole=True, members=1)).state
    assert (halved.phase, halved.batch_limit, alone.phase) == ("waiting", 25, "refused")


# Look-ups.


def look(*found: InvoiceFound, at: datetime = LOOK_AT, status: str = "", back: datetime | None = None) -> Any:
    seen = Look(batch_status=status, found=found, begun_at=at, answered_at=at + SECOND)
    return lambda state: decide_look(state, KEY, seen, lag=LAG, margin=SECOND, went_back_at=back)


def test_nobody_looks_before_the_settle_window_is_over() -> None:
    invoice(*DOUBTED).when(look(at=LOOK_AT - SECOND)).then_nothing()
    invoice(*READY).when(look()).then_nothing()
    invoice(*SENDING, f.submitted()).when(look()).then_nothing()


def test_two_conclusive_empty_looks_one_lag_apart_prove_absence() -> None:
    first = invoice(*DOUBTED).when(look())
    assert first.state.look_at == LOOK_AT + SECOND + LAG + SECOND
    early = invoice(*DOUBTED, *first.events).when(look(at=LOOK_AT + LAG))
    early.then_nothing()
    second = invoice(*DOUBTED, *first.events).when(look(at=LOOK_AT + LAG + 2 * SECOND, status="Closed"))
    second.then([f.absent()])
    assert second.state.phase == "waiting"


def test_an_attempt_nobody_answered_is_doubted_by_whoever_looks() -> None:
    empty = invoice(*SENDING).when(look())
    assert types(empty.events) == ["InvoiceSubmissionDoubted", "InvoiceLookedUp"]
    assert empty.state.empty_look is not None
    assert types(invoice(*SENDING).when(look(status="Processing")).events) == ["InvoiceSubmissionDoubted"]
    found = invoice(*SENDING).when(look(f.found()))
    assert types(found.events) == ["InvoiceSubmissionDoubted", "InvoiceFoundByLookup"]


def test_a_look_at_a_batch_still_at_work_restarts_the_count() -> None:
    invoice(*DOUBTED).when(look(status="Received")).then_nothing()
    once = f.looked(LOOK_AT, LOOK_AT + SECOND)
    restarted = invoice(*DOUBTED, once).when(look(at=LOOK_AT + 5 * LAG, status="Processing with Exceptions"))
    assert types(restarted.events) == ["InvoiceLookedUp"]
    assert restarted.state.empty_look is None


def test_a_look_from_before_the_store_went_back_does_not_count() -> None:
    once = f.looked(LOOK_AT, LOOK_AT + SECOND)
    again = invoice(*DOUBTED, once).when(look(at=LOOK_AT + 5 * LAG, back=LOOK_AT + SECOND))
    assert types(again.events) == ["InvoiceLookedUp"]
    after = invoice(*DOUBTED, once).when(look(at=LOOK_AT + 5 * LAG, back=LOOK_AT - SECOND))
    assert types(after.events) == ["InvoiceAbsentAfterSettling"]


def test_a_second_look_that_comes_too_early_replaces_the_first() -> None:
    hasty = s.InvoiceLookedUp(
        attempt_id="a1",
        begun_at=LOOK_AT,
        answered_at=LOOK_AT + LAG,
        conclusive=True,
        batch_status="",
        look_at=LOOK_AT,
    )
    again = invoice(*DOUBTED, hasty).when(look(at=LOOK_AT + 2 * LAG))
    assert types(again.events) == ["InvoiceLookedUp"]


def test_the_second_doubt_halves_the_batch_and_alone_it_goes_to_a_person() -> None:
    once = f.looked(LOOK_AT, LOOK_AT + SECOND)
    first = [*DOUBTED, f.absent(), f.started(2, members=50), f.doubted(2)]
    assert invoice(*DOUBTED, f.absent()).state.batch_limit == 50
    halved = invoice(*first, once).when(look(at=LOOK_AT + 5 * LAG))
    assert (types(halved.events), halved.state.batch_limit) == (["InvoiceAbsentAfterSettling"], 25)
    alone = [*first, f.absent(2), f.started(3, members=1), f.doubted(3), once]
    desk = invoice(*alone).when(look(at=LOOK_AT + 5 * LAG))
    assert types(desk.events) == ["InvoiceAbsentAfterSettling", "InvoiceHeld"]
    assert (desk.state.phase, desk.state.batch_limit) == ("held", 1)
    assert why(*alone, *desk.events) == ("DOUBTED_ALONE", None)
    invoice(*alone, *desk.events, e.InvoiceReleased(key=KEY, why="ann")).when(gate()).then_nothing()
