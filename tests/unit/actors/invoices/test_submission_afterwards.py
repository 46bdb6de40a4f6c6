"""After a submission: refusals, halving, doubts settled, statuses, and the batch re-created."""

from datetime import timedelta

import pytest

from actors.errands.fetch_images import fetch_images
from actors.errands.rebuild_batch import rebuild_batch
from actors.errands.submit_invoices import submit_invoices
from domain.errors import MalformedError, TransientError
from domain.invoices.persons import decide_doubt_resolution, decide_release, decide_resubmission
from domain.invoices.submission_events import InvoiceSubmitted
from domain.ports.answers import CallAnswer, Verdict
from domain.ports.payables import EncodedBatch
from tests.unit.actors.invoices.invoice_world import PDF, World
from tieout.simulation.fakes.payables_faults import Fault

LONG = timedelta(minutes=10)


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
