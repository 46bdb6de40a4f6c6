"""What a restored store forgot, and Infor names again as nothing that is to be sent: it is live there all the same."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from domain.connections.events import ForgottenInvoicesSought, RestorePointDeclared, StoreWentBack
from domain.identifiers import stream_id
from domain.invoices.events import InvoiceAtRiskInInfor, InvoiceChangedInInfor, InvoiceNotEligible
from domain.invoices.invoice import fold
from domain.invoices.submission_events import (
    InvoiceAnsweredLate,
    InvoiceFoundByLookup,
    InvoiceFoundForgotten,
    InvoiceSubmitted,
)
from domain.ports.projections import Row
from projections.catalogue import ALL
from projections.issues import evolve_row
from projections.memory import MemoryProjections
from projections.runner import Runner
from tests.unit.actors.invoices.invoice_world import World
from tests.unit.actors.invoices.test_forgotten import HOLD, renamed, restored
from tests.unit.actors.invoices.test_reading import pay
from tieout.simulation.fakes.postings import FakeInvoice


def forgotten_for_days(**changes: Any) -> tuple[World, FakeInvoice]:
    """A world whose store went back over a submission, found at AvidXchange again before Infor was read."""
    world = World(**changes)
    world.confirm_supplier("V1002")
    backup = world.store.log.last_position()
    (invoice,) = world.submit("INV-1")
    world.wait(timedelta(days=3))
    restored(world, backup=backup)
    world.wait(HOLD)
    world.poll_statuses()
    return world, invoice


def touched(world: World, invoice: FakeInvoice) -> None:
    invoice.head = msgspec.structs.replace(invoice.head, changed=world.now().date())


def read_for_days(world: World, days: int) -> None:
    for _ in range(days):
        world.wait(timedelta(days=1))
        world.poll_statuses()
        world.poll()
        world.work_through(timedelta(minutes=5))


def open_kinds(world: World, invoice: FakeInvoice) -> list[str]:
    """Name the kinds of the issues the invoice stands under."""
    row = None
    for recorded in world.history(invoice.head.key):
        row = evolve_row(row, recorded)
    return [entry.kind for entry in row.entries] if row is not None else []


def test_one_that_infor_is_about_to_pay_is_found_and_raised() -> None:
    world, invoice = forgotten_for_days()
    invoice.proposed = True
    touched(world, invoice)
    world.poll()
    read_for_days(world, 2)
    names = world.names(invoice)
    assert names.index(InvoiceFoundForgotten.__name__) < names.index(InvoiceNotEligible.__name__)
    assert names.count(InvoiceFoundByLookup.__name__) == 1
    assert world.events(InvoiceAtRiskInInfor), "M3 and AvidXchange would both pay it"
    last = world.events(ForgottenInvoicesSought)[-1]
    assert isinstance(last, ForgottenInvoicesSought)
    assert last.forgotten == ()
    assert "invoice-forgotten" not in open_kinds(world, invoice), "Infor names it by now"


def rows_of(world: World, *, page: int) -> dict[str, list[Row]]:
    """Build every projection from the log, so many facts at a time."""
    store = MemoryProjections()
    Runner(world.store.log, store, ALL).catch_up(page)
    return {projection.name: store.rows(projection.name) for projection in ALL}


def told_late() -> tuple[World, FakeInvoice]:
    """A world whose store went back over a submission, and got the answer of a process that outlived the restore."""
    world, invoice = forgotten_for_days()
    key, (there,) = invoice.head.key, world.payables.invoices
    late = InvoiceAnsweredLate(
        key=key, attempt_id="a1", verdict="confirmed", avid_invoice_id=there.invoice_id, text="late"
    )
    receipt = InvoiceSubmitted(key=key, attempt_id="a1", avid_invoice_id=there.invoice_id, status="Received")
    world.say(world.stream(key), late, receipt)
    assert "invoice-forgotten" in open_kinds(world, invoice)
    return world, invoice


def test_one_that_a_late_answer_told_of_is_followed_once_infor_names_it() -> None:
    world, invoice = told_late()
    touched(world, invoice)
    world.poll()
    assert "invoice-forgotten" not in open_kinds(world, invoice)
    assert world.state(invoice).head is not None
    read_for_days(world, 5)  # Infor's listing no longer reaches back to it
    invoice.proposed = True
    read_for_days(world, 1)
    assert world.state(invoice).risks == ("PROPOSED",)
    assert "invoice-at-risk" in open_kinds(world, invoice)
    assert (world.sends(invoice), world.live(invoice)) == (1, 1)
    assert rows_of(world, page=1) == rows_of(world, page=1_000)


def told_of_another() -> tuple[World, FakeInvoice]:
    """A world whose restored store got a receipt of another id than stands at AvidXchange; Infor has named it since."""
    world, invoice = forgotten_for_days()
    key = invoice.head.key
    receipt = InvoiceSubmitted(key=key, attempt_id="a1", avid_invoice_id="other-9", status="Received")
    world.say(world.stream(key), receipt)
    touched(world, invoice)
    world.poll()
    assert world.state(invoice).is_forgotten
    return world, invoice


def sought_last(world: World) -> tuple[str, ...]:
    last = world.events(ForgottenInvoicesSought)[-1]
    assert isinstance(last, ForgottenInvoicesSought)
    return last.forgotten


def test_another_one_than_a_late_receipt_told_of_is_found_once_infor_names_it() -> None:
    world, invoice = told_of_another()
    (there,) = world.payables.invoices
    read_for_days(world, 1)
    assert world.names(invoice).count(InvoiceFoundByLookup.__name__) == 1
    assert (world.state(invoice).is_forgotten, world.state(invoice).avid_invoice_id) == (False, there.invoice_id)
    assert sought_last(world) == ()
    assert open_kinds(world, invoice) == ["invoice-changed-live"]
    known = world.names(invoice)
    read_for_days(world, 2)
    assert world.names(invoice) == known
    assert (world.sends(invoice), world.live(invoice)) == (1, 1)


@pytest.mark.parametrize("told_is_live", [True, False])
def test_the_end_of_another_one_than_a_late_receipt_told_of_is_recorded(*, told_is_live: bool) -> None:
    world, invoice = told_of_another()
    (there,) = world.payables.invoices
    told = msgspec.structs.replace(there, invoice_id="other-9", history=[*there.history], shown=[*there.shown])
    world.payables.set_status(invoice.head.key.external_id, "Void", "by hand")
    world.payables.invoices.extend([told] if told_is_live else [])
    read_for_days(world, 1)
    assert (world.state(invoice).is_forgotten, world.state(invoice).avid_invoice_id) == (False, "other-9")
    assert sought_last(world) == ()
    assert open_kinds(world, invoice) == ["invoice-changed-live"], "Infor names it"


def test_a_gross_that_m3_changes_afterwards_is_raised() -> None:
    world, invoice = told_late()
    touched(world, invoice)
    world.poll()
    read_for_days(world, 2)
    invoice.revalue(invoice.head.gross + invoice.head.gross)
    touched(world, invoice)
    read_for_days(world, 1)
    last = world.events(InvoiceChangedInInfor)[-1]
    assert isinstance(last, InvoiceChangedInInfor)
    assert (last.content.gross, last.live) == (invoice.head.gross, True)
    assert "invoice-changed-live" in open_kinds(world, invoice)


def test_one_that_a_late_answer_told_of_is_named_though_infor_would_not_have_it_sent() -> None:
    world, invoice = told_late()
    invoice.proposed = True
    touched(world, invoice)
    world.poll()
    read_for_days(world, 5)
    assert {"invoice-at-risk", "invoice-forgotten"} & {*open_kinds(world, invoice)} == {"invoice-at-risk"}
    invoice.proposed = False
    read_for_days(world, 1)
    assert world.state(invoice).risks == ()


def test_one_that_was_paid_in_infor_keeps_its_other_self_held() -> None:
    world, invoice = forgotten_for_days()
    other = world.ledger.put_invoice("INV-1A", 10_000, image=b"%PDF-1.7 x")
    pay(invoice, 10_000)
    for one in (invoice, other):
        touched(world, one)
    world.poll()
    world.work()
    assert (world.live(invoice), world.live(other)) == (1, 0)
    assert world.state(other).reason == "MAY_BE_FORGOTTEN"
    read_for_days(world, 1)
    assert world.events(InvoiceAtRiskInInfor)


def test_one_that_is_void_by_then_is_no_longer_forgotten() -> None:
    world, invoice = forgotten_for_days()
    invoice.proposed = True
    touched(world, invoice)
    world.poll()
    world.payables.set_status(invoice.head.key.external_id, "Void", "by hand")
    read_for_days(world, 1)
    assert not world.state(invoice).is_forgotten


def test_a_restore_that_is_declared_late_is_read_from_the_beginning() -> None:
    world = World()
    world.confirm_supplier("V1002")
    backup = world.store.log.last_position()
    (invoice,) = world.submit("INV-1")
    world.wait(timedelta(days=3))
    incarnation = world.store.go_back(to_position=backup, hold_until=world.now())
    world.store.polls.ensure(world.tools.connection, {"invoices": HOLD, "invoice_statuses": HOLD})
    world.store.drain()
    world.poll_statuses()  # before anybody said that a snapshot was put back: the watermark is today's now
    world.wait(timedelta(days=2))
    until = world.now() + HOLD
    fact = StoreWentBack(incarnation=incarnation, noticed_at=world.now(), hold_until=until, detail="declared by ann")
    world.say(stream_id(world.tools.connection, "connection", ""), fact)
    world.store.drain()
    old = renamed(world, invoice, number="INV-1A")
    world.wait(HOLD * 2)
    world.poll_statuses()
    world.poll()
    world.work_through(timedelta(minutes=5))
    assert world.state(invoice).reason == "MAY_BE_FORGOTTEN"
    assert (world.payables.live(old.external_id), world.live(invoice)) == (1, 0)


@pytest.mark.parametrize("said", [True, False])
def test_what_was_recorded_between_the_restore_and_the_word_may_be_forgotten_when_the_word_says_since_when(
    *, said: bool
) -> None:
    world = World()
    backup, backed_up_at = world.store.log.last_position(), world.now()
    (invoice,) = world.submit("INV-1")
    world.wait(timedelta(days=3))
    incarnation = world.store.go_back(to_position=backup, hold_until=world.now())
    world.store.polls.ensure(world.tools.connection, {"invoices": HOLD, "invoice_statuses": HOLD})
    old = renamed(world, invoice, number="INV-1A")
    world.poll()  # the restored store is started before anybody says that it is one
    world.wait(HOLD)
    fact = StoreWentBack(
        incarnation=incarnation,
        noticed_at=world.now(),
        hold_until=world.now() + HOLD,
        detail="declared by ann",
    )
    point = RestorePointDeclared(person="ann", reason="a snapshot", set_back_to=backed_up_at)
    world.say(stream_id(world.tools.connection, "connection", ""), *([point] if said else []), fact)
    world.store.drain()
    world.wait(HOLD * 2)
    world.poll_statuses()
    world.work_through(timedelta(minutes=5))
    assert world.payables.live(old.external_id) == 1
    assert (world.state(invoice).reason == "MAY_BE_FORGOTTEN") is said
    assert world.live(invoice) == (0 if said else 1), "without it the two are both live"


@pytest.mark.parametrize(("deed", "risk"), [("gone", "GONE"), ("unapproved", "NOT_APPROVED"), ("renamed", "GONE")])
def test_one_that_infor_names_while_its_gate_is_shut_is_raised_when_m3_takes_it_back(deed: str, risk: str) -> None:
    """It was neither looked up before a send nor by any poll: live there, cancelled here, and nobody was told."""
    world, invoice = forgotten_for_days(missing_image="hold")
    invoice.image = None
    touched(world, invoice)
    world.poll()
    world.work()
    assert world.state(invoice).phase == "held"
    key = invoice.head.key
    if deed == "gone":
        del world.ledger.invoices[key]
    elif deed == "renamed":
        renamed(world, invoice, number="INV-1A")
    invoice.approved = deed != "unapproved"
    world.poll()
    read_for_days(world, 2)
    state = fold(world.history(key))
    assert (state.phase, state.risks) == ("submitted", (risk,))
    assert (world.payables.live(key.external_id), sought_last(world)) == (1, ())
