"""Invoices as Infor tells of them: listed, looked at again, their images fetched, closed when Infor says so."""

from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest

from actors.errands.poll_invoices import poll_invoices
from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.invoices.events import (
    InvoiceAtRiskInInfor,
    InvoiceIndexTurned,
    InvoiceKeyChanged,
    InvoiceNotEligible,
    InvoicePaymentPosted,
    InvoicePaymentStarted,
    InvoicesTracked,
    LedgerRowNamed,
)
from domain.money import Money
from domain.postings.events import EvidenceRow
from tests.unit.actors.invoices.invoice_world import PDF, World
from tieout.simulation.fakes.postings import FakeInvoice, Paid

QUARTER = timedelta(minutes=15)


def pay(invoice: FakeInvoice, minor: int) -> None:
    """M3 shows a payment."""
    key = invoice.head.key
    row = EvidenceRow(
        invoice=key, ledger_row="r", voucher="v", amount=Money(abs(minor)), accounting_date=None, text="by hand"
    )
    invoice.payments = [*invoice.payments, Paid(row=row, net=Money(minor), discount=Money(0))]


def posted(world: World, invoice: FakeInvoice, minor: int, *, reversal: bool = False, discount: int = 0) -> None:
    """A posting of ours was confirmed; M3 writes no discount off."""
    fact = InvoicePaymentPosted(
        posting=f"T{len(world.names(invoice))}",
        payment_id="P1",
        net=Money(minor),
        discount=Money(discount),
        voucher="v",
        ledger_row="r1",
        reversal=reversal,
    )
    world.say(world.stream(invoice.head.key), fact)
    pay(invoice, minor)


def risks(world: World) -> list[tuple[str, ...]]:
    return [event.risks for event in world.events(InvoiceAtRiskInInfor) if isinstance(event, InvoiceAtRiskInInfor)]


def test_a_second_poll_that_finds_nothing_new_records_nothing() -> None:
    world = World()
    world.submit("INV-1", "INV-2")
    position = world.store.log.last_position()
    world.wait(QUARTER)
    world.poll()
    assert world.store.log.last_position() == position


def test_a_poll_that_is_not_due_is_left_alone() -> None:
    world = World()
    world.poll()
    assert not poll_invoices(world.tools)


def test_the_last_two_days_are_always_listed_again() -> None:
    world = World()
    asked: list[date] = []
    listing = world.ledger.invoice_heads

    def spy(division: str, *, changed_since: date) -> object:
        asked.append(changed_since)
        return listing(division, changed_since=changed_since)

    world.ledger.invoice_heads = spy  # type: ignore[method-assign, assignment]  # listens in
    world.poll()
    world.wait(timedelta(days=3))
    world.poll()
    world.poll()
    assert asked == [date(2026, 1, 1), date(2026, 2, 28), date(2026, 3, 3)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"proposed": True}, "IN_M3_PROPOSAL"),
        ({"stopped": True}, "PAYMENT_STOP"),
        ({"payment_method": "WIR"}, "PAYMENT_METHOD"),
    ],
)
def test_what_is_not_eligible_is_looked_at_again_until_it_is(change: dict[str, object], reason: str) -> None:
    world = World(payment_methods=("CHK",))
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)
    before = {name: getattr(invoice, name) for name in change}
    for name, value in change.items():
        setattr(invoice, name, value)
    world.poll()
    world.poll()
    assert [e.reason for e in world.events(InvoiceNotEligible) if isinstance(e, InvoiceNotEligible)] == [reason]
    for name, value in before.items():
        setattr(invoice, name, value)
    world.wait(timedelta(days=10))
    world.poll()
    world.work()
    assert world.state(invoice).phase == "submitted"


def test_foreign_currency_and_what_m3_paid_in_part_do_not_go() -> None:
    world = World()
    foreign = world.ledger.put_invoice("INV-1", 500, currency="CAD", image=PDF)
    partly = world.ledger.put_invoice("INV-2", 500, image=PDF)
    paid = world.ledger.put_invoice("INV-3", 500, image=PDF)
    pay(partly, 100)
    pay(paid, 500)
    world.poll()
    world.work()
    reasons = [world.state(invoice).reason for invoice in (foreign, partly, paid)]
    assert reasons == ["CURRENCY", "PARTLY_PAID_IN_M3", "PAID_IN_M3"]
    world.poll()
    assert world.tracked() == {foreign.head.key.external_id, partly.head.key.external_id}


def test_an_approval_taken_back_before_sending_withdraws_the_invoice() -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500)
    gone = world.ledger.put_invoice("INV-2", 500)
    world.poll()
    invoice.approved = False
    del world.ledger.invoices[gone.head.key]
    world.poll()
    world.poll()
    assert world.names(invoice) == world.names(gone) == ["InvoiceApproved", "InvoiceWithdrawnInInfor"]
    world.work()
    assert world.phases([invoice, gone]) == ["held", "held"]
    invoice.approved = True
    world.poll()
    world.work()
    assert world.state(invoice).phase == "submitted"


def test_a_live_invoice_that_m3_endangers_is_raised_once_and_cleared() -> None:
    world = World()
    (invoice,) = world.submit("INV-1")
    invoice.proposed = True
    world.wait(timedelta(days=5))
    world.poll()
    world.poll()
    invoice.proposed = False
    invoice.stopped = True
    world.poll()
    invoice.stopped = False
    world.poll()
    pay(invoice, 10_000)
    world.poll()
    del world.ledger.invoices[invoice.head.key]
    world.poll()
    assert risks(world) == [("PROPOSED",), ("STOPPED",), (), ("PAID",), ("GONE",)]


def test_a_discount_that_m3_did_not_write_off_is_raised() -> None:
    world = World()
    (invoice,) = world.submit("INV-1")
    posted(world, invoice, 4_000, discount=200)
    world.poll()
    assert risks(world) == [("UNDERPAID",)]


def test_the_amount_of_a_live_invoice_is_followed_while_infor_lists_it_no_more() -> None:
    world = World()
    (invoice,) = world.submit("INV-1")
    invoice.approved = False
    invoice.revalue(invoice.head.gross + Money(100))
    world.poll()
    world.poll()
    assert world.names(invoice)[-2:] == ["InvoiceChangedInInfor", "InvoiceAtRiskInInfor"]
    assert risks(world) == [("NOT_APPROVED",)]


def test_payments_of_ours_endanger_nothing_and_close_the_invoice() -> None:
    world = World()
    (invoice,) = world.submit("INV-1")
    stream = world.stream(invoice.head.key)
    world.say(stream, InvoicePaymentStarted(posting="T5", payment_id="P1", net=Money(4_000)))
    pay(invoice, 4_000)
    world.poll()
    assert world.state(invoice).payment_in_flight == "T5"
    invoice.payments = []
    posted(world, invoice, 4_000)
    world.poll()
    world.work()
    assert world.names(invoice)[-1] == "InvoicePartlyPaid"
    posted(world, invoice, 6_000)
    world.work()
    assert (world.names(invoice)[-1], world.state(invoice).phase) == ("InvoiceClosed", "closed")
    assert risks(world) == []
    world.poll()
    assert world.tracked() == set()


def test_a_closed_invoice_that_is_open_again_is_reopened() -> None:
    world = World()
    (invoice, other) = world.submit("INV-1", "INV-2")
    for one in (invoice, other):
        posted(world, one, 10_000)
    world.work()
    posted(world, invoice, -10_000, reversal=True)
    world.work()
    other.payments = []
    world.poll()
    assert world.names(invoice)[-2:] == ["InvoiceReopened", "InvoicePartlyPaid"]
    assert world.names(other)[-1] == "InvoiceReopened"
    assert world.phases([invoice, other]) == ["submitted", "submitted"]


def test_m3_reconciles_when_it_pleases(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    (invoice,) = world.submit("INV-1")
    posted(world, invoice, 10_000)
    read = world.ledger.ledger_states
    monkeypatch.setattr(
        world.ledger,
        "ledger_states",
        lambda keys: {
            key: msgspec.structs.replace(s, reconciled=False) if isinstance(s, LedgerState) else s
            for key, s in read(keys).items()
        },
    )
    world.work_through(timedelta(minutes=5))
    assert world.state(invoice).phase == "submitted"
    monkeypatch.undo()
    world.work_through(timedelta(minutes=6))
    assert world.state(invoice).phase == "closed"


def test_an_invoice_changed_before_sending_goes_as_it_is_now_and_after_it_is_raised() -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500)
    world.poll()
    invoice.discount = Money(5)
    world.poll()
    world.work()
    assert world.names(invoice)[:2] == ["InvoiceApproved", "InvoiceChangedInInfor"]
    invoice.discount = Money(7)
    world.poll()
    live = world.history(invoice.head.key)[-1].event
    assert (type(live).__name__, getattr(live, "live", None)) == ("InvoiceChangedInInfor", True)
    world.work()
    assert world.sends(invoice) == 1


def test_a_gross_that_changed_unseen_is_read_again_and_goes_or_is_released() -> None:
    world = World()
    invoices = [world.ledger.put_invoice(f"INV-{n}", 500) for n in range(2)]
    world.poll()
    before = [(invoice.head, invoice.voucher) for invoice in invoices]
    for invoice in invoices:
        _revalue(invoice, 700)
    world.work()
    assert [world.state(invoice).reason for invoice in invoices] == ["CHANGED_IN_INFOR"] * 2
    invoices[1].head, invoices[1].voucher = before[1]
    world.wait(timedelta(days=9))
    world.poll()
    world.work()
    assert world.phases(invoices) == ["submitted", "submitted"]
    assert "InvoiceReleased" in world.names(invoices[1])


def _revalue(invoice: FakeInvoice, minor: int) -> None:
    invoice.head = msgspec.structs.replace(invoice.head, gross=Money(minor))
    control, cost = invoice.voucher
    invoice.voucher = (
        msgspec.structs.replace(control, amount=Money(-minor)),
        msgspec.structs.replace(cost, amount=Money(minor)),
    )


def test_a_ledger_row_under_another_key_is_raised_and_never_submitted() -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500)
    world.poll()
    old = invoice.head.key
    new = InvoiceKey(100, "AAA", "V1001", "V1001", "INV-1A", 2026)
    rename(world, invoice, new)
    for _ in range(3):
        world.poll()
        world.work()
    assert world.events(InvoiceKeyChanged) == [InvoiceKeyChanged(row=invoice.head.row, old_key=old, new_key=new)]
    assert len(world.events(LedgerRowNamed)) == 1
    assert (world.history(new), world.payables.received) == ([], [])


def rename(world: World, invoice: FakeInvoice, key: InvoiceKey) -> None:
    del world.ledger.invoices[invoice.head.key]
    invoice.head = msgspec.structs.replace(invoice.head, key=key)
    world.ledger.invoices[key] = invoice


def test_a_number_that_was_corrected_back_is_looked_at_again_though_infor_lists_it_no_more() -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)
    invoice.proposed = True
    world.poll()
    rename(world, invoice, InvoiceKey(100, "AAA", "V1001", "V1001", "INV-1A", 2026))
    world.poll()
    rename(world, invoice, InvoiceKey(100, "AAA", "V1001", "V1001", "INV-1", 2026))
    world.poll()
    for proposed in (True, False):
        invoice.proposed = proposed
        world.wait(timedelta(days=10))
        world.poll()
    world.work()
    assert (world.live(invoice), world.state(invoice).phase) == (1, "submitted")


def test_reading_goes_in_bulk() -> None:
    world = World(missing_image="send")
    for number in range(250):
        world.ledger.put_invoice(f"INV-{number}", 500)
    clock, listing, groups = 1, 1, 3
    full_pages = 5  # and the one behind them, which is empty
    assert _calls_of_a_poll(world) == clock + full_pages + listing + groups * 3
    world.wait(timedelta(days=9))
    world.poll()
    assert _calls_of_a_poll(world) == clock + listing + groups


def _calls_of_a_poll(world: World) -> int:
    before = world.ledger.calls
    world.poll()
    return world.ledger.calls - before


def test_a_long_index_turns_its_page_and_keeps_what_is_tracked() -> None:
    world = World()
    world.tools = replace(world.tools, index_turns_after=2)
    for number in range(5):
        world.ledger.put_invoice(f"INV-{number}", 500)
        world.poll()
    assert len(world.tracked()) == 5
    assert [e.generation for e in world.events(InvoiceIndexTurned) if isinstance(e, InvoiceIndexTurned)] == [2, 3]
    assert len(world.events(InvoicesTracked)) == 5 + 2, "a turn is said in both pages"


def test_another_invoice_under_the_old_number_is_one_of_its_own_and_the_corrected_one_is_raised_once() -> None:
    world = World()
    one = world.ledger.put_invoice("INV-1", 500)
    one.stopped = True
    world.poll()
    old = one.head.key
    rename(world, one, InvoiceKey(100, "AAA", "V1001", "V1001", "INV-1A", 2026))
    world.poll()
    world.ledger.put_invoice("INV-1", 700).stopped = True
    for _ in range(4):
        world.wait(QUARTER)
        world.poll()
    assert [type(r.event).__name__ for r in world.history(old)] == [
        "InvoiceNotEligible",
        "InvoiceKeyChanged",
        "InvoiceNotEligible",
    ]
