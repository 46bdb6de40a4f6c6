"""Invoices that Infor lists and does not give: they are said, stop nobody, and are read again."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from domain.identifiers import InvoiceKey
from domain.polls.events import PollRecordMalformed, PollRecordRead
from domain.ports.ledger import MALFORMED, InvoiceHead, Problem
from tests.unit.actors.invoices.invoice_world import PDF, World

QUARTER = timedelta(minutes=15)


def test_records_that_cannot_be_read_stop_nobody_and_are_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    invoices = [world.ledger.put_invoice(f"INV-{n}", 500, image=PDF) for n in range(4)]
    bad = [invoice.head.key for invoice in invoices]
    states, vouchers, orders = world.ledger.ledger_states, world.ledger.voucher_lines, world.ledger.po_lines
    problem = Problem(record="a row", code="XXX0001", text="locked")
    asked: list[date] = []

    def without(keys: Sequence[InvoiceKey]) -> dict[InvoiceKey, object]:
        return {key: value for key, value in states(keys).items() if key != bad[0]}

    def garbled(heads: Sequence[InvoiceHead]) -> dict[InvoiceKey, object]:
        return {key: problem if key == bad[1] else lines for key, lines in vouchers(heads).items()}

    def listing(_: str, *, changed_since: date) -> object:
        asked.append(changed_since)
        yield problem, *(invoice.head for invoice in invoices)

    monkeypatch.setattr(world.ledger, "ledger_states", without)
    monkeypatch.setattr(world.ledger, "voucher_lines", garbled)
    monkeypatch.setattr(
        world.ledger, "po_lines", lambda heads: {k: problem if k == bad[2] else o for k, o in orders(heads).items()}
    )
    monkeypatch.setattr(world.ledger, "invoice_heads", listing)
    for _ in range(world.rules.locked_tries):
        assert world.events(PollRecordMalformed) == []
        world.wait(world.rules.locked_retry)
        world.poll()
        world.work()
    assert asked[0] == world.rules.start_date
    assert world.phases(invoices) == ["", "held", "held", "submitted"]
    said = {event.record for event in world.events(PollRecordMalformed) if isinstance(event, PollRecordMalformed)}
    assert said == {"a row", *(key.external_id for key in bad[:3])}
    monkeypatch.undo()
    world.wait(timedelta(days=1))
    world.poll()
    world.work()
    assert world.phases(invoices) == ["submitted"] * 4
    read = {event.record for event in world.events(PollRecordRead) if isinstance(event, PollRecordRead)}
    assert read == said - {"a row"}


def test_totals_that_infor_garbles_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500)
    problem = Problem(record="INV-1", code=MALFORMED, text="no amount")
    monkeypatch.setattr(world.ledger, "ledger_states", lambda keys: dict.fromkeys(keys, problem))
    world.poll()
    record = invoice.head.key.external_id
    assert world.events(PollRecordMalformed) == [
        PollRecordMalformed(flow="invoices", record=record, text="MALFORMED: no amount")
    ]
    assert world.history(invoice.head.key) == []


def test_an_invoice_that_infor_lists_and_does_not_know_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500)
    with monkeypatch.context() as patched:
        patched.setattr(world.ledger, "ledger_states", dict.fromkeys)
        world.poll()
    assert world.tracked() == set()
    (said,) = (event for event in world.events(PollRecordMalformed) if isinstance(event, PollRecordMalformed))
    assert (said.flow, said.record) == ("invoices", invoice.head.key.external_id)
    assert said.text.startswith("Infor lists it as approved, but GetInvTotInfo does not know it")
    assert world.history(invoice.head.key) == []

    world.wait(QUARTER)
    world.poll()
    assert world.names(invoice)[0] == "InvoiceApproved"
    assert world.events(PollRecordRead) == [PollRecordRead(flow="invoices", record=said.record)]


def test_an_invoice_that_was_read_and_is_gone_when_it_is_listed_again_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.ledger.put_invoice("INV-1", 500)
    world.poll()
    monkeypatch.setattr(world.ledger, "ledger_states", dict.fromkeys)
    world.wait(QUARTER)
    world.poll()
    assert world.tracked() == set()
    assert world.events(PollRecordMalformed) == []
