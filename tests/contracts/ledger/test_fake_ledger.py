"""The fake's own levers: the faults tests script are the faults their names say."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import MisconfiguredError, TransientError
from domain.ports.answers import CallAnswer, Verdict
from domain.postings.events import PostingPlan
from tests.contracts.ledger.ledger_worlds import World, step
from tieout.simulation.fakes.ledger import FakeLedger
from tieout.simulation.fakes.ledger_faults import ANSWER_LOST, LATE, LOST, NOT_SENT, Fault

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
CHAIN = ("AddBatchHead", "AddBatchLine", "CtrlBatch", "UpdBatch")


def prepared(ledger: FakeLedger) -> PostingPlan:
    held = ledger.put_invoice("INV-1", 12_500)
    world = World(ledger=ledger, divisions=("AAA",), now=lambda: NOW, let_pass=lambda _: None)
    return world.plan(held.head, "7781")


def send(ledger: FakeLedger, plan: PostingPlan, name: str) -> CallAnswer:
    parm = ledger.encode_parms(plan)[0]
    return ledger.take_steps([step(plan, name, parm=parm)], deadline=NOW + timedelta(seconds=5))


@pytest.mark.parametrize(("fault", "there"), [(LOST, False), (ANSWER_LOST, True), (LATE, False), (NOT_SENT, False)])
def test_a_scripted_fault_leaves_the_books_as_it_says(fault: Fault, there: bool) -> None:  # noqa: FBT001 (a case of the table)
    ledger = FakeLedger(now=lambda: NOW)
    plan = prepared(ledger)
    ledger.script("AddBatchHead", fault)
    assert send(ledger, plan, "AddBatchHead").verdict is fault.verdict
    assert (ledger.open_batches([("AAA", plan.key1)]) == {plan.key1}) is there
    ledger.deliver_late()
    assert (ledger.open_batches([("AAA", plan.key1)]) == {plan.key1}) is (there or fault.late)
    assert ledger.sends[plan.key1, "AddBatchHead"] == (0 if fault is NOT_SENT else 1)


def test_bookings_are_counted_and_a_sticking_batch_is_never_booked() -> None:
    ledger = FakeLedger(now=lambda: NOW)
    plan = prepared(ledger)
    ledger.stick_next = 1
    for name in CHAIN:
        send(ledger, plan, name)
    ledger.post_due()
    assert ledger.bookings[plan.key1] == 0
    for name in CHAIN:
        send(ledger, plan, name)
    ledger.post_due()
    ledger.post_due()
    assert ledger.bookings[plan.key1] == 1


def test_a_check_after_the_handover_is_held_against_its_sender() -> None:
    ledger = FakeLedger(now=lambda: NOW)
    plan = prepared(ledger)
    for name in (*CHAIN, "CtrlBatch"):
        send(ledger, plan, name)
    assert [batch.reopened for batch in ledger.batches] == [True]


@pytest.mark.parametrize(
    ("hindrance", "code"),
    [("stopped", "GL84005"), ("proposed", "GL84006"), ("closed", "GL84010"), ("gone", "GL84012")],
)
def test_the_check_says_no_for_the_reasons_m3_has(hindrance: str, code: str) -> None:
    ledger = FakeLedger(now=lambda: NOW)
    plan = prepared(ledger)
    held = ledger.invoices[plan.lines[0].invoice]
    if hindrance == "closed":
        ledger.closed_until = NOW.date()
    elif hindrance == "gone":
        del ledger.invoices[plan.lines[0].invoice]
    else:
        setattr(held, hindrance, True)
    for name in CHAIN[:2]:
        send(ledger, plan, name)
    assert send(ledger, plan, "CtrlBatch").records[plan.key1].code == code
    assert send(ledger, plan, "UpdBatch").records[plan.key1].verdict is Verdict.DOUBT


def test_reads_fail_as_scripted_and_the_company_is_checked() -> None:
    ledger = FakeLedger(now=lambda: NOW)
    ledger.fail_reads(TransientError("down"), TransientError("down"))
    with pytest.raises(TransientError):
        ledger.server_time()
    with pytest.raises(TransientError):
        ledger.prepare()
    ledger.session_company = 200
    with pytest.raises(MisconfiguredError):
        ledger.check()
