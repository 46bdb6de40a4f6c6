"""Several writers at one division's index: whatever the order, what any of them wants looked at again is tracked."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import cast
from uuid import UUID

import pytest

from actors.errands.tracking import changed, place_of, tracked, tracked_again
from actors.settle import merged
from actors.tools import Tools
from domain.errors import ConflictError
from domain.event import Append, Recorded
from domain.identifiers import InvoiceKey
from domain.invoices.content import LedgerState
from domain.invoices.events import InvoiceApproved, InvoicesTracked
from domain.invoices.submission_events import InvoiceAbsentAfterSettling, InvoiceSubmissionDoubted
from domain.money import Money
from domain.ports import EventLog
from domain.ports.answers import CallAnswer
from domain.ports.ledger import Problem
from domain.ports.payables import EncodedBatch
from domain.postings.events import EvidenceRow
from tests.unit.actors.invoices.invoice_world import PDF, World
from tests.unit.adapters.eventlog.sqlite_files import fresh
from tieout.simulation.fakes.postings import Paid

FULL = 2
ONE, TWO, THREE, FOUR = (InvoiceKey(100, "AAA", "V1", "V1", str(n), 2026) for n in range(1, 5))


@pytest.fixture(params=["memory", "sqlite"])
def tools(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tools]:
    """Tools of a writer that turns a page after two changes; two changes are there."""
    world = replace(World().tools, index_turns_after=FULL)
    if request.param == "memory":
        yield prepared(world)
        return
    with fresh(tmp_path) as store:
        yield prepared(replace(world, log=store.log))


def prepared(tools: Tools) -> Tools:
    for key in (ONE, TWO):
        append(tools, tracked_again(tools, [key]))
    return tools


def append(tools: Tools, appends: Sequence[Append]) -> None:
    tools.log.append(merged(appends), causes=tools.causes("test"))


def names(*keys: InvoiceKey) -> frozenset[str]:
    return frozenset(key.external_id for key in keys)


class Interrupted:
    """A log before whose next load somebody else gets his turn."""

    def __init__(self, log: EventLog, meanwhile: Callable[[], None], *, loads: int) -> None:
        self.log, self.meanwhile, self.loads = log, meanwhile, loads

    def load(self, streams: Sequence[UUID]) -> dict[UUID, list[Recorded]]:
        self.loads -= 1
        if self.loads == 0:
            self.meanwhile()
        return self.log.load(streams)


def interrupted(tools: Tools, meanwhile: Callable[[], None], *, loads: int) -> Tools:
    return replace(tools, log=cast(EventLog, Interrupted(tools.log, meanwhile, loads=loads)))


@pytest.mark.parametrize("turner_first", [True, False], ids=["the turn commits first", "the change commits first"])
def test_a_page_is_not_turned_beside_a_change_of_it(tools: Tools, *, turner_first: bool) -> None:
    patient = replace(tools, index_turns_after=FULL + 5)  # another version of the program, during an upgrade
    turner, changer = (tools, [THREE]), (patient, [FOUR])
    first, last = (turner, changer) if turner_first else (changer, turner)
    made, late = tracked_again(*first), tracked_again(*last)
    append(tools, made)
    with pytest.raises(ConflictError):
        append(tools, late)
    append(tools, tracked_again(*last))
    assert tracked(tools, "AAA") == names(ONE, TWO, THREE, FOUR)
    assert place_of(tools, "AAA").generation == 2


def test_a_page_turned_between_finding_and_reading_it_loses_no_change(tools: Tools) -> None:
    slow = interrupted(tools, lambda: append(tools, tracked_again(tools, [THREE])), loads=2)
    append(tools, tracked_again(slow, [FOUR]))
    assert tracked(tools, "AAA") == names(ONE, TWO, THREE, FOUR)


def test_on_a_page_turned_meanwhile_what_is_new_is_tracked_and_nothing_dropped(tools: Tools) -> None:
    place = place_of(tools, "AAA")
    append(tools, tracked_again(tools, [THREE]))
    history = tools.log.load(place.streams)
    append(tools, changed(tools, place, history, added=names(FOUR), dropped=names(ONE)))
    assert tracked(tools, "AAA") == names(ONE, TWO, THREE, FOUR)


def test_what_is_said_again_of_a_page_one_turned_oneself_is_nothing_new(tools: Tools) -> None:
    place = place_of(tools, "AAA")
    append(tools, changed(tools, place, tools.log.load(place.streams), added=names(THREE), dropped=names(ONE)))
    assert tracked(tools, "AAA") == names(TWO, THREE)
    again = changed(tools, place, tools.log.load(place.streams), added=names(THREE), dropped=names(ONE))
    assert merged(again) == []


def test_an_invoice_is_tracked_before_it_is_recorded_though_its_page_was_turned_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.tools = replace(world.tools, index_turns_after=0)
    invoice = world.ledger.put_invoice("INV-1", 500)
    read, turns = world.ledger.ledger_states, iter([True])

    def turned_meanwhile(keys: Sequence[InvoiceKey]) -> dict[InvoiceKey, LedgerState | Problem | None]:
        if next(turns, False):
            append(world.tools, tracked_again(world.tools, [ONE]))
        return read(keys)

    monkeypatch.setattr(world.ledger, "ledger_states", turned_meanwhile)
    world.poll()
    assert not next(turns, False)
    name = invoice.head.key.external_id
    told = world.events(InvoicesTracked, InvoiceApproved)
    first = next(
        e for e in told if isinstance(e, InvoiceApproved) or (isinstance(e, InvoicesTracked) and name in e.added)
    )
    assert isinstance(first, InvoicesTracked)
    assert tracked(world.tools, "AAA") == names(ONE, invoice.head.key)


def test_what_a_late_receipt_names_is_looked_at_again_though_it_was_thought_absent_and_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seed 950000361: M3 paid it meanwhile, the poll dropped it, and nobody raised that AvidXchange may pay it too."""
    world = World()
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)
    send = world.payables.send_batch

    def slowly(encoded: EncodedBatch, *, deadline: datetime) -> CallAnswer:
        answer = send(encoded, deadline=deadline)
        attempt = world.state(invoice).attempt
        assert attempt is not None
        doubt = InvoiceSubmissionDoubted(attempt_id=attempt.attempt_id, why="slow", look_at=world.now())
        absent = InvoiceAbsentAfterSettling(attempt_id=attempt.attempt_id, members=1)
        world.say(world.stream(invoice.head.key), doubt, absent)
        row = EvidenceRow(
            invoice=invoice.head.key, ledger_row="9", voucher="9", amount=Money(500), accounting_date=None, text=""
        )
        invoice.payments = [Paid(row=row, net=Money(500), discount=Money(0))]
        world.poll()
        assert world.tracked() == set()
        return answer

    monkeypatch.setattr(world.payables, "send_batch", slowly)
    world.poll()
    world.work()
    assert world.state(invoice).live
    assert world.tracked() == {invoice.head.key.external_id}
    world.poll()
    assert world.state(invoice).risks == ("PAID",)
