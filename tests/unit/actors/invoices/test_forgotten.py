"""What a restored store forgot and M3 names otherwise by now: it never goes out a second time under its new key."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import msgspec
import pytest

from domain.connections.events import ForgottenInvoicesSought, StoreWentBack
from domain.identifiers import InvoiceKey, stream_id
from domain.invoices.events import InvoiceHeld
from domain.invoices.persons import decide_release
from domain.invoices.submission_events import (
    InvoiceAnsweredLate,
    InvoiceFoundByLookup,
    InvoiceFoundForgotten,
    InvoiceSubmitted,
)
from domain.ports.payables import InvoiceFound
from tests.unit.actors.invoices.invoice_world import World
from tieout.simulation.fakes.postings import FakeInvoice

HOLD = timedelta(minutes=10)


def restored(world: World, *, backup: int) -> None:
    """Restore the backup of that length; the next process notices, and holds money writes."""
    until = world.now() + HOLD
    incarnation: UUID = world.store.go_back(to_position=backup, hold_until=until)
    fact = StoreWentBack(incarnation=incarnation, noticed_at=world.now(), hold_until=until, detail="restored")
    world.say(stream_id(world.tools.connection, "connection", ""), fact)
    world.store.polls.ensure(world.tools.connection, {"invoices": HOLD, "invoice_statuses": HOLD})
    world.store.drain()
    world.wait(timedelta(seconds=1))


def renamed(world: World, invoice: FakeInvoice, **changes: str) -> InvoiceKey:
    """Correct the key of an invoice in M3; give the one it had."""
    old = invoice.head.key
    del world.ledger.invoices[old]
    key = msgspec.structs.replace(old, **changes)
    invoice.head = msgspec.structs.replace(invoice.head, key=key, changed=world.now().date())
    world.ledger.invoices[key] = invoice
    return old


def forgotten_and_renamed(**changes: str) -> tuple[World, FakeInvoice, InvoiceKey]:
    """A world in which an invoice was sent, then forgotten, then corrected in M3; the hold is over."""
    world = World()
    world.confirm_supplier("V1002")
    backup = world.store.log.last_position()
    (invoice,) = world.submit("INV-1")
    assert world.live(invoice) == 1
    restored(world, backup=backup)
    old = renamed(world, invoice, **(changes or {"number": "INV-1A"}))
    world.wait(HOLD)
    return world, invoice, old


def held_for(world: World, invoice: FakeInvoice) -> tuple[str, str | None]:
    last = world.history(invoice.head.key)[-1].event
    assert isinstance(last, InvoiceHeld)
    return last.reason, last.waits_for


@pytest.mark.parametrize(
    "correction", [{"number": "INV-1A"}, {"payee": "V1002", "supplier": "V1002"}], ids=["number", "supplier"]
)
def test_an_invoice_sent_under_the_key_it_had_is_held_for_a_person(correction: dict[str, str]) -> None:
    """Seeds 900503, 901487 and 912249: it was sent again, and live twice under two names."""
    world, invoice, old = forgotten_and_renamed(**correction)
    world.poll()
    world.work()
    assert held_for(world, invoice) == ("FORGOTTEN_NOT_SOUGHT", "forgotten-sought")
    world.poll_statuses()
    world.work_through(timedelta(hours=1))
    assert held_for(world, invoice) == ("MAY_BE_FORGOTTEN", f"forgotten:{old.external_id}")
    assert (world.live(invoice), world.payables.live(old.external_id)) == (0, 1)
    (fact,) = [r.event for r in world.history(old)]
    assert isinstance(fact, InvoiceFoundForgotten)
    world.poll_statuses()
    assert len(world.history(old)) == 1, "the same is said once"


def test_it_goes_out_by_itself_once_the_forgotten_one_is_voided() -> None:
    world, invoice, old = forgotten_and_renamed()
    world.poll_statuses()
    world.poll()
    world.work()
    assert world.sends(invoice) == 0
    world.payables.set_status(old.external_id, "Void", "sent again under its new number")
    world.wait(timedelta(minutes=2))
    world.poll_statuses()
    world.work_through(timedelta(minutes=5))
    assert (world.live(invoice), world.payables.live(old.external_id)) == (1, 0)
    assert world.events(ForgottenInvoicesSought)[-1] == ForgottenInvoicesSought(
        forgotten=(), cleared=(old.external_id,), complete=True
    )


def test_a_person_who_compared_them_lets_it_go() -> None:
    world, invoice, _ = forgotten_and_renamed()
    world.poll_statuses()
    world.poll()
    world.work()
    assert world.state(invoice).reason == "MAY_BE_FORGOTTEN"
    world.say(world.stream(invoice.head.key), *decide_release(world.state(invoice), person="ann", reason="another one"))
    world.work_through(timedelta(minutes=5))
    assert world.live(invoice) == 1


def test_a_likeness_stays_one_whatever_m3_changes_about_it() -> None:
    world, invoice, _ = forgotten_and_renamed()
    world.poll_statuses()
    world.poll()
    world.work()
    invoice.revalue(invoice.head.gross + invoice.head.gross)
    invoice.head = msgspec.structs.replace(invoice.head, changed=world.now().date())
    world.poll()
    world.work_through(timedelta(minutes=5))
    assert world.state(invoice).reason == "MAY_BE_FORGOTTEN"
    assert world.sends(invoice) == 0


def test_number_and_amount_may_be_corrected_at_once() -> None:
    world, invoice, old = forgotten_and_renamed()
    invoice.revalue(invoice.head.gross + invoice.head.gross)
    world.poll_statuses()
    world.poll()
    world.work_through(timedelta(minutes=5))
    assert held_for(world, invoice) == ("MAY_BE_FORGOTTEN", f"forgotten:{old.external_id}")


def test_number_supplier_and_amount_may_be_corrected_at_once() -> None:
    """Seed 80737954: nothing that is compared stayed as it was; the invoice was live twice under two names."""
    world, invoice, old = forgotten_and_renamed(number="INV-1A", payee="V1002", supplier="V1002")
    invoice.revalue(invoice.head.gross + invoice.head.gross)
    world.poll_statuses()
    world.poll()
    world.work_through(timedelta(minutes=5))
    assert held_for(world, invoice) == ("MAY_BE_FORGOTTEN", f"forgotten:{old.external_id}")
    assert (world.live(invoice), world.payables.live(old.external_id)) == (0, 1)


@pytest.mark.parametrize("statuses_first", [True, False])
def test_an_invoice_whose_key_stands_is_found_again_without_a_person(*, statuses_first: bool) -> None:
    world = World()
    backup = world.store.log.last_position()
    (invoice,) = world.submit("INV-1")
    restored(world, backup=backup)
    world.wait(HOLD)
    polls = [world.poll_statuses, world.poll]
    for poll in polls if statuses_first else reversed(polls):
        poll()
        world.work()
    world.work_through(timedelta(minutes=5))
    assert world.state(invoice).phase == "submitted"
    assert world.names(invoice).count(InvoiceFoundByLookup.__name__) == 1
    assert (world.sends(invoice), world.live(invoice)) == (1, 1)
    world.poll_statuses()
    last = world.events(ForgottenInvoicesSought)[-1]
    assert isinstance(last, ForgottenInvoicesSought)
    assert last.forgotten == ()


def test_other_invoices_go_out_after_one_poll_of_avidxchange() -> None:
    world, _, _ = forgotten_and_renamed()
    new = world.ledger.put_invoice("INV-9", 77_700, day=world.now().date() + timedelta(days=3))
    world.poll()
    world.work()
    assert held_for(world, new)[0] == "FORGOTTEN_NOT_SOUGHT"
    world.poll_statuses()
    world.work()
    assert world.live(new) == 1


def test_seed_140512300_a_record_that_slips_past_the_first_reading_is_found_by_the_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, invoice, old = forgotten_and_renamed()
    whole, seen = world.payables.changed_invoices, set[tuple[date, date]]()

    def reading(first: date, last: date) -> Iterator[tuple[InvoiceFound, ...]]:
        slipped = (first, last) not in seen
        seen.add((first, last))
        return iter([()]) if slipped else whole(first, last)

    monkeypatch.setattr(world.payables, "changed_invoices", reading)
    world.poll_statuses()
    world.poll()
    world.work_through(timedelta(minutes=5))
    assert world.state(invoice).reason == "MAY_BE_FORGOTTEN"
    assert (world.live(invoice), world.payables.live(old.external_id)) == (0, 1)


def test_an_invoice_known_before_the_backup_is_nobody_else() -> None:
    world = World(missing_image="hold")
    known = world.ledger.put_invoice("INV-2", 10_000)
    world.poll()
    world.work()
    backup = world.store.log.last_position()
    (invoice,) = world.submit("INV-1")
    restored(world, backup=backup)
    renamed(world, invoice, number="INV-1A")
    world.wait(HOLD)
    known.image = b"%PDF-1.7 at last"
    world.poll_statuses()
    world.poll()
    world.work_through(timedelta(days=1), step=timedelta(hours=1))
    assert world.live(known) == 1
    assert world.sends(invoice) == 0
    assert world.state(invoice).reason == "MAY_BE_FORGOTTEN"


def test_a_poll_during_the_hold_remembers_what_it_saw_and_frees_nothing() -> None:
    world = World()
    backup = world.store.log.last_position()
    (invoice,) = world.submit("INV-1")
    world.wait(timedelta(minutes=2))
    restored(world, backup=backup)
    old = renamed(world, invoice, number="INV-1A")
    world.poll_statuses()
    world.poll()
    (said,) = world.events(ForgottenInvoicesSought)
    assert said == ForgottenInvoicesSought(forgotten=(old.external_id,), complete=False)
    world.wait(HOLD + timedelta(days=3))  # the listing no longer reaches back to it
    world.work()
    assert held_for(world, invoice)[0] == "FORGOTTEN_NOT_SOUGHT"
    world.poll_statuses()
    world.work_through(timedelta(minutes=5))
    assert world.state(invoice).reason == "MAY_BE_FORGOTTEN"
    assert (world.live(invoice), world.payables.live(old.external_id)) == (0, 1)


def test_an_invoice_of_another_connection_of_the_organisation_is_left_to_it() -> None:
    world, invoice, _ = forgotten_and_renamed()
    (there,) = world.payables.invoices
    foreign = msgspec.structs.replace(invoice.head.key, division="ZZZ").external_id
    there.sent = msgspec.structs.replace(there.sent, external_id=foreign)
    world.poll_statuses()
    assert world.events(InvoiceFoundForgotten) == []


def test_a_late_answer_alone_does_not_make_a_forgotten_invoice_known() -> None:
    world, invoice, old = forgotten_and_renamed()
    (there,) = world.payables.invoices
    late = InvoiceAnsweredLate(
        key=old, attempt_id="a1", verdict="confirmed", avid_invoice_id=there.invoice_id, text="late"
    )
    receipt = InvoiceSubmitted(key=old, attempt_id="a1", avid_invoice_id=there.invoice_id, status="Received")
    world.say(world.stream(old), late, receipt)
    world.poll_statuses()
    world.poll()
    world.work_through(timedelta(minutes=5))
    assert held_for(world, invoice) == ("MAY_BE_FORGOTTEN", f"forgotten:{old.external_id}")
    world.payables.set_status(old.external_id, "Void")
    world.wait(timedelta(minutes=2))
    world.poll_statuses()
    world.work_through(timedelta(minutes=5))
    assert world.live(invoice) == 1
