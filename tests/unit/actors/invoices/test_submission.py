"""The submission of invoices under every fault: each goes to AvidXchange once, whatever happens on the way."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from actors.errands.fetch_images import fetch_images
from actors.errands.look_up_invoices import look_up_invoices
from actors.errands.submit_invoices import submit_invoices
from domain.errors import StoreError
from domain.event import Event
from domain.identifiers import code_key, stream_id
from domain.invoices.events import InvoiceHeld
from domain.invoices.submission_events import InvoiceSubmissionStarted
from domain.ledger_codes.events import CodeContent, LedgerCodeConfirmed, LedgerCodeRecorded
from domain.money import Money
from domain.ports.answers import CallAnswer, Verdict
from domain.ports.payables import EncodedBatch, InvoiceFound
from domain.suppliers.events import (
    SupplierBlocked,
    SupplierConfirmed,
    SupplierContent,
    SupplierRecorded,
    SupplierRefused,
)
from tests.unit.actors.invoices.invoice_world import PDF, SETTLE, World
from tieout.simulation.fakes.payables_faults import Fault

LONG = timedelta(minutes=10)
PRELIMINARY = SupplierContent(company=100, number="V2002", name="Acme", status="10")
DEFINITE = SupplierContent(company=100, number="V2002", name="Acme", status="20")
EXCLUDED = SupplierConfirmed(
    key="100|V2002", vendor_id="9001", enrolment="Excluded", digest="d", of_version=1, opens_gate=False
)
REFUSED = SupplierRefused(key="100|V2002", code="FIELD_TOO_LONG", text="Name", of_version=1)


def test_an_approved_invoice_is_submitted_once_with_its_image() -> None:
    world = World()
    (invoice,) = world.submit("INV-1")
    assert world.names(invoice) == [
        "InvoiceApproved",
        "InvoiceImageFetched",
        "InvoiceSubmissionStarted",
        "InvoiceSubmitted",
    ]
    world.poll()
    world.work_through(LONG)
    assert world.sends(invoice) == world.live(invoice) == 1
    assert not [row for row in world.store.work.rows() if row[1] != "close_invoices"]


def test_fifty_go_in_one_batch_and_the_rest_in_the_next() -> None:
    world = World()
    invoices = world.submit(*(f"INV-{n:02}" for n in range(60)))
    assert [len(batch.record_digests) for batch in world.payables.received] == [50, 10]
    assert set(world.phases(invoices)) == {"submitted"}


def test_an_invoice_waits_for_its_supplier_and_goes_when_that_is_confirmed() -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, payee="V2002", image=PDF)
    world.poll()
    world.work()
    assert world.events(InvoiceHeld) == [
        InvoiceHeld(
            key=invoice.head.key,
            reason="SUPPLIER_UNKNOWN",
            detail="supplier 100|V2002: Infor has not listed it so far",
            waits_for="supplier:100|V2002",
        )
    ]
    world.confirm_supplier("V2002")
    world.work()
    assert world.state(invoice).phase == "submitted"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ((SupplierRecorded(content=PRELIMINARY, to_send=False),), "SUPPLIER_INACTIVE"),
        ((SupplierRecorded(content=DEFINITE, to_send=True), EXCLUDED), "SUPPLIER_EXCLUDED"),
        ((SupplierRecorded(content=DEFINITE, to_send=True), REFUSED), "SUPPLIER_REFUSED"),
    ],
)
def test_an_invoice_that_waits_says_what_is_known_of_its_supplier_now(told: tuple[Event, ...], reason: str) -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, payee="V2002", image=PDF)
    world.poll()
    world.work()
    stream = stream_id(world.tools.connection, "supplier", "100|V2002")
    for fact in told:
        world.say(stream, fact)
        world.work()
    assert world.state(invoice).reason == reason
    held = len(world.events(InvoiceHeld))
    world.work()
    assert len(world.events(InvoiceHeld)) == held
    assert world.state(invoice).phase == "held"


def test_an_invoice_waits_for_each_code_of_a_configured_dimension() -> None:
    world = World(gl_accounts="push")
    (invoice,) = world.submit("INV-1")
    assert world.state(invoice).reason == "CODE_UNKNOWN"
    stream = stream_id(world.tools.connection, "ledger-code", code_key(100, 1, "610100"))
    content = CodeContent(
        company=100, dimension=1, value="610100", group="Accounting Codes", description="Repairs", active=True
    )
    confirmed = LedgerCodeConfirmed(key=code_key(100, 1, "610100"), digest="d", of_version=1, opens_gate=True)
    world.say(stream, LedgerCodeRecorded(content=content, to_send=True), confirmed)
    world.work()
    assert world.state(invoice).phase == "submitted"


def test_a_field_that_is_too_long_is_refused_before_sending() -> None:
    world = World()
    (invoice,) = world.submit("X" * 51)
    refused = world.history(invoice.head.key)[-1].event
    assert (world.state(invoice).phase, world.sends(invoice)) == ("refused", 0)
    assert [getattr(refused, name) for name in ("code", "limit", "length")] == ["FIELD_TOO_LONG", 50, 51]


def test_what_became_ineligible_just_before_sending_stays_here() -> None:
    world = World()
    stopped = world.ledger.put_invoice("INV-1", 500, image=PDF)
    sound = world.ledger.put_invoice("INV-2", 500, image=PDF)
    changed = world.ledger.put_invoice("INV-3", 500, image=PDF)
    world.poll()
    stopped.stopped = True
    changed.head = msgspec.structs.replace(changed.head, gross=-changed.head.gross)
    world.work()
    assert world.phases([stopped, sound, changed]) == ["not_eligible", "submitted", "held"]
    assert world.state(changed).reason == "CHANGED_IN_INFOR"


def test_a_predecessors_submission_is_adopted_and_not_repeated() -> None:
    world = World()
    world.submit("INV-1")
    batch = world.payables.received[0]
    later = World()
    later.payables.receive(batch, at=later.now() - LONG)
    (again,) = later.submit("INV-1")
    assert later.names(again)[-1] == "InvoiceFoundByLookup"
    assert (later.sends(again), later.live(again)) == (0, 1)


def test_a_predecessors_submission_that_differs_is_an_issue_and_nothing_is_sent() -> None:
    world = World()
    world.submit("INV-1")
    later = World()
    later.payables.receive(world.payables.received[0], at=later.now() - LONG)
    (again,) = later.submit("INV-1", minor=777)
    assert later.names(again)[-1] == "InvoiceFoundDifferent"
    assert later.sends(again) == 0


@pytest.mark.parametrize("fault", [Fault.ZERO_BYTES, Fault.TOO_MANY])
def test_what_was_not_sent_for_certain_is_sent_again_soon(fault: Fault) -> None:
    world = World()
    world.payables.script("send_batch", fault)
    (invoice,) = world.submit("INV-1")
    world.work_through(timedelta(minutes=1))
    assert "InvoiceNotSent" in world.names(invoice)
    assert (world.state(invoice).phase, world.live(invoice)) == ("submitted", 1)


def test_a_lost_request_is_sent_again_only_after_two_empty_looks() -> None:
    world = World()
    world.payables.script("send_batch", Fault.REQUEST_LOST)
    (invoice,) = world.submit("INV-1")
    assert world.state(invoice).in_doubt
    world.work_through(SETTLE)
    assert world.sends(invoice) == 1
    world.work_through(LONG)
    assert world.names(invoice)[3:] == [
        "InvoiceSubmissionDoubted",
        "InvoiceLookedUp",
        "InvoiceAbsentAfterSettling",
        "InvoiceSubmissionStarted",
        "InvoiceSubmitted",
    ]
    assert (world.sends(invoice), world.live(invoice)) == (2, 1)


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.TAKEN_LATE, Fault.LAST_RESULT_MISSING])
def test_what_arrived_unanswered_is_found_and_never_sent_again(fault: Fault) -> None:
    world = World()
    world.payables.script("send_batch", fault)
    invoices = world.submit("INV-1", "INV-2")
    assert world.state(invoices[1]).in_doubt
    world.work_through(LONG)
    assert world.names(invoices[1])[-1] == "InvoiceFoundByLookup"
    assert world.phases(invoices) == ["submitted", "submitted"]
    assert [world.sends(invoice) for invoice in invoices] == [1, 1]


def test_a_look_that_sees_the_batch_at_work_proves_nothing() -> None:
    world = World()
    world.payables.batch_time = timedelta(minutes=20)
    world.payables.script("send_batch", Fault.ANSWER_LOST)
    (invoice,) = world.submit("INV-1")
    world.work_through(timedelta(minutes=9))
    assert world.state(invoice).in_doubt
    world.work_through(timedelta(minutes=15))
    assert (world.state(invoice).phase, world.sends(invoice)) == ("submitted", 1)


def test_a_crash_after_the_intent_is_looked_up_though_nobody_answered() -> None:
    world = World()
    world.payables.script("send_batch", StoreError("the process died here"))
    (invoice,) = world.submit("INV-1")
    assert world.names(invoice)[-1] == "InvoiceSubmissionStarted"
    world.work_through(LONG)
    assert world.names(invoice)[3:5] == ["InvoiceSubmissionDoubted", "InvoiceLookedUp"]
    assert (world.state(invoice).phase, world.sends(invoice), world.live(invoice)) == ("submitted", 1, 1)


def test_an_intent_whose_commit_was_not_reported_is_sent_by_its_owner() -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)
    world.poll()
    state = {"broken": False}

    def fault(when: str) -> None:
        last = world.store.log.read(after=world.store.log.last_position() - 1, limit=1)
        intent = bool(last) and isinstance(last[0].event, InvoiceSubmissionStarted)
        if when == "after commit" and intent and not state["broken"]:
            state["broken"] = True
            raise StoreError("no answer from the store")

    world.store.log.fault = fault
    world.work()
    assert state["broken"]
    assert (world.names(invoice)[-1], world.sends(invoice)) == ("InvoiceSubmitted", 1)


def test_what_moves_during_the_look_before_is_due_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(missing_image="send")
    invoice = world.ledger.put_invoice("INV-1", 500)
    world.poll()
    assert fetch_images(world.tools)
    world.store.drain()
    look, moves = world.payables.find_invoices, iter([True])

    def moved_meanwhile(names: Sequence[str]) -> dict[str, list[InvoiceFound]]:
        if next(moves, False):
            invoice.revalue(invoice.head.gross + Money(100))
            world.poll()
            fetch_images(world.tools)
            world.store.drain()
        return look(names)

    monkeypatch.setattr(world.payables, "find_invoices", moved_meanwhile)
    assert submit_invoices(world.tools)
    assert world.sends(invoice) == 0, "the look belongs to what it was"
    assert submit_invoices(world.tools)
    assert world.sends(invoice) == 1


def test_seed_39760_a_supplier_that_is_blocked_behind_the_gate_is_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)
    world.poll()
    assert fetch_images(world.tools)
    world.store.drain()
    look = world.payables.find_invoices
    block = SupplierBlocked(content=msgspec.structs.replace(DEFINITE, number="V1001", status="90"), to_send=True)

    def blocked_meanwhile(names: Sequence[str]) -> dict[str, list[InvoiceFound]]:
        world.say(stream_id(world.tools.connection, "supplier", "100|V1001"), block)
        return look(names)

    monkeypatch.setattr(world.payables, "find_invoices", blocked_meanwhile)
    assert submit_invoices(world.tools)
    monkeypatch.undo()
    world.work_through(LONG)
    assert (world.sends(invoice), world.state(invoice).reason) == (0, "SUPPLIER_INACTIVE")


class Slow:
    """A sender whose answer arrives long after somebody else doubted the attempt."""

    def __init__(self, world: World, answer: CallAnswer | None = None) -> None:
        self.world, self.answer = world, answer
        self.send = world.payables.send_batch

    def __call__(self, encoded: EncodedBatch, **_: object) -> CallAnswer:
        answer = self.send(encoded, deadline=self.world.now() + SETTLE)
        if self.answer is not None:
            self.world.payables.invoices.clear()
            answer = self.answer
        self.world.wait(SETTLE + timedelta(seconds=61))
        self.world.store.drain()
        if self.answer is not None:
            look_up_invoices(self.world.tools)
        else:
            self.world.payables.lag, lag = timedelta(minutes=30), self.world.payables.lag
            look_up_invoices(self.world.tools)
            self.world.payables.lag = lag
        return answer


def test_a_late_receipt_ends_the_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(world.payables, "send_batch", Slow(world))
    (invoice,) = world.submit("INV-1")
    assert world.names(invoice)[-4:] == [
        "InvoiceSubmissionDoubted",
        "InvoiceLookedUp",
        "InvoiceAnsweredLate",
        "InvoiceSubmitted",
    ]
    assert world.live(invoice) == 1


def test_a_late_refusal_of_the_doubted_attempt_ends_the_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    refused = CallAnswer(verdict=Verdict.REFUSED, code="HTTP_400", text="no")
    monkeypatch.setattr(world.payables, "send_batch", Slow(world, refused))
    (invoice,) = world.submit("INV-1")
    assert world.names(invoice)[-2:] == ["InvoiceAnsweredLate", "InvoiceSubmissionRefused"]
    assert world.state(invoice).phase == "refused"


def test_an_answer_under_another_incarnation_is_late_and_a_receipt_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    send = world.payables.send_batch

    def restored(encoded: EncodedBatch, **_: object) -> CallAnswer:
        answer = send(encoded, deadline=world.now() + SETTLE)
        world.store.go_back(to_position=world.store.log.last_position() - 1, hold_until=world.now() + LONG)
        return answer

    monkeypatch.setattr(world.payables, "send_batch", restored)
    (invoice,) = world.submit("INV-1")
    assert world.names(invoice)[-3:] == ["InvoiceAnsweredLate", "InvoiceSubmitted", "InvoiceChangedInInfor"]


def test_a_restored_log_waits_out_its_hold_and_finds_what_it_forgot() -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)
    world.poll()
    world.work()
    before = next(r.position for r in world.history(invoice.head.key) if isinstance(r.event, InvoiceSubmissionStarted))
    world.store.go_back(to_position=before - 1, hold_until=world.now() + LONG)
    world.work()
    assert world.state(invoice).phase == "waiting"
    world.work_through(timedelta(minutes=11))
    assert world.names(invoice)[-1] == "InvoiceFoundByLookup"
    assert (world.sends(invoice), world.live(invoice)) == (1, 1)


def test_looks_made_while_the_store_is_held_do_not_count() -> None:
    world = World()
    world.payables.script("send_batch", Fault.REQUEST_LOST)
    (invoice,) = world.submit("INV-1")
    world.store.go_back(to_position=world.store.log.last_position(), hold_until=world.now() + LONG)
    world.work_through(timedelta(minutes=9))
    assert "InvoiceLookedUp" not in world.names(invoice)
    world.work_through(LONG)
    assert (world.state(invoice).phase, world.sends(invoice)) == ("submitted", 2)
