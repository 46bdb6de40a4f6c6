"""The submission of invoices under every fault: each goes to AvidXchange once, whatever happens on the way."""

from datetime import timedelta

import msgspec
import pytest

from actors.errands.fetch_images import fetch_images
from actors.errands.look_up_invoices import look_up_invoices
from actors.errands.rebuild_batch import rebuild_batch
from actors.errands.submit_invoices import submit_invoices
from domain.errors import MalformedError, StoreError, TransientError
from domain.identifiers import code_key, stream_id
from domain.invoices.events import InvoiceHeld
from domain.invoices.persons import decide_doubt_resolution, decide_release, decide_resubmission
from domain.invoices.submission_events import InvoiceSubmissionStarted, InvoiceSubmitted
from domain.ledger_codes.events import CodeContent, LedgerCodeConfirmed, LedgerCodeRecorded
from domain.ports.answers import CallAnswer, Verdict
from domain.ports.payables import EncodedBatch
from tests.support.fake_payables import Fault
from tests.unit.actors.invoices.invoice_world import PDF, SETTLE, World

LONG = timedelta(minutes=10)


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
            detail="supplier 100|V2002: Infor does not list it",
            waits_for="supplier:100|V2002",
        )
    ]
    world.confirm_supplier("V2002")
    world.work()
    assert world.state(invoice).phase == "submitted"


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
    assert world.names(invoice)[-2:] == ["InvoiceAnsweredLate", "InvoiceSubmitted"]


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


def test_a_batch_refused_as_a_whole_is_halved_until_the_poisonous_one_stands_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    send = world.payables.send_batch

    def poisoned(encoded: EncodedBatch, **options: object) -> CallAnswer:
        if b"INV-3" in encoded.body:
            return CallAnswer(verdict=Verdict.REFUSED, code="HTTP_400", text="not understood")
        return send(encoded, deadline=options["deadline"])  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(world.payables, "send_batch", poisoned)
    invoices = world.submit(*(f"INV-{n}" for n in range(8)))
    assert world.phases(invoices) == ["submitted"] * 3 + ["refused"] + ["submitted"] * 4
    assert world.history(invoices[3].head.key)[-1].event.members == 1  # type: ignore[attr-defined]  # a refusal
    assert [world.live(invoice) for invoice in invoices] == [1, 1, 1, 0, 1, 1, 1, 1]


def test_two_doubts_halve_the_batch_and_one_alone_goes_to_a_person() -> None:
    world = World()
    world.payables.script("send_batch", *[Fault.REQUEST_LOST] * 3)
    invoices = world.submit("INV-1", "INV-2")
    world.work_through(timedelta(minutes=40), step=timedelta(seconds=60))
    assert sorted(len(batch.record_digests) for batch in world.payables.received) == [1, 1, 2, 2]
    assert sorted(world.phases(invoices)) == ["held", "submitted"]
    held = next(invoice for invoice in invoices if world.state(invoice).phase == "held")
    key, state = held.head.key, world.state(held)
    assert state.desk == "DOUBTED_ALONE"
    world.say(world.stream(key), *decide_release(state, person="ann", reason="the network is mended"))
    world.work()
    assert (world.state(held).phase, world.live(held)) == ("submitted", 1)


def test_a_rejected_invoice_goes_again_only_when_a_person_says_so() -> None:
    world = World()
    (invoice,) = world.submit("INV-1")
    key = invoice.head.key
    world.payables.set_status(key.external_id, "Rejected", "wrong entity")
    world.wait(timedelta(minutes=2))
    world.poll_statuses()
    world.work_through(LONG)
    assert (world.state(invoice).phase, world.sends(invoice)) == ("refused", 1)
    world.say(world.stream(key), *decide_resubmission(world.state(invoice), person="ann", reason="mended"))
    world.work_through(LONG)
    assert (world.state(invoice).phase, world.sends(invoice), world.live(invoice)) == ("submitted", 2, 1)


def test_a_person_may_settle_a_doubt() -> None:
    world = World()
    world.payables.script("send_batch", Fault.REQUEST_LOST)
    (invoice,) = world.submit("INV-1")
    absent = decide_doubt_resolution(world.state(invoice), resolution="absent", person="ann", reason="not there")
    world.say(world.stream(invoice.head.key), *absent)
    world.work()
    assert (world.state(invoice).phase, world.live(invoice)) == ("submitted", 1)


def test_a_second_live_invoice_under_one_external_id_is_raised_until_one_is_void() -> None:
    world = World()
    (invoice,) = world.submit("INV-1")
    world.payables.receive(world.payables.received[0], at=world.now())
    world.wait(timedelta(minutes=5))
    world.poll_statuses()
    world.poll_statuses()
    assert world.names(invoice)[-1] == "InvoiceFoundTwice"
    assert world.names(invoice).count("InvoiceFoundTwice") == 1
    world.payables.invoices[1].history.append((world.now(), "Void", ""))
    world.wait(timedelta(minutes=5))
    world.poll_statuses()
    assert (world.names(invoice)[-1], world.state(invoice).found_twice) == ("InvoiceFoundByLookup", False)


def test_a_status_is_reported_once() -> None:
    world = World()
    (invoice,) = world.submit("INV-1")
    world.payables.set_status(invoice.head.key.external_id, "In Workflow")
    world.wait(timedelta(minutes=5))
    for _ in range(2):
        world.poll_statuses()
    assert world.names(invoice).count("InvoiceStatusReported") == 1


def test_a_passing_fault_of_a_look_up_leaves_the_rows_due() -> None:
    world = World()
    world.payables.script("find_invoices", TransientError("503", retry_after=5))
    (invoice,) = world.submit("INV-1")
    assert world.state(invoice).phase == "waiting"
    world.work_through(timedelta(seconds=40))
    assert world.state(invoice).phase == "submitted"


def test_a_lost_image_holds_its_invoice_and_lets_the_neighbours_go() -> None:
    world = World()
    invoices = [world.ledger.put_invoice(f"INV-{n}", 500, image=PDF + bytes([n])) for n in range(3)]
    world.poll()
    assert fetch_images(world.tools)
    world.store.drain()
    image = world.state(invoices[1]).image
    assert image is not None
    world.store.blobs.lose(image.digest)
    world.work_through(timedelta(seconds=60))
    assert world.phases(invoices) == ["submitted", "held", "submitted"]
    assert world.state(invoices[1]).reason == "IMAGE_LOST"


def test_one_too_large_for_any_body_is_held_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    size = world.payables.encoded_size
    monkeypatch.setattr(
        world.payables, "encoded_size", lambda m: 1 << 30 if m.key.number == "INV-1" else size(m) + 5_000_000
    )
    invoices = world.submit("INV-1", "INV-2", "INV-3", "INV-4")
    assert world.phases(invoices) == ["held", "submitted", "submitted", "submitted"]
    assert [len(batch.record_digests) for batch in world.payables.received] == [2, 1]


def test_a_batch_is_re_created_byte_for_byte_from_events_and_blobs() -> None:
    world = World(missing_image="send")
    with_image = world.ledger.put_invoice("INV-1", 12_345, image=PDF)
    without = world.ledger.put_invoice("INV-2", -500)
    world.poll()
    world.work()
    sent = world.payables.received[0]
    with_image.discount = -with_image.discount
    world.ledger.put_invoice("INV-3", 1, image=PDF)
    world.poll()
    histories = [world.history(invoice.head.key) for invoice in (without, with_image)]
    again = rebuild_batch(world.payables, sent.batch, histories)
    assert (again.body, again.digest, again.record_digests) == (sent.body, sent.digest, sent.record_digests)
    with pytest.raises(MalformedError, match="not all there"):
        rebuild_batch(world.payables, sent.batch, histories[:1])
    world.payables._groups = {1: "Other"}
    with pytest.raises(MalformedError, match="differs"):
        rebuild_batch(world.payables, sent.batch, histories)


def test_the_receipts_of_a_batch_come_in_one_transaction() -> None:
    world = World()
    world.submit("INV-1", "INV-2")
    received = [r for r in world.store.log.read(after=0, limit=999) if isinstance(r.event, InvoiceSubmitted)]
    assert len({r.meta.correlation_id for r in received}) == 1
    assert submit_invoices(world.tools) == 0
