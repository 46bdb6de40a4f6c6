"""A paused connection submits nothing new, and looks up what is in doubt."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.connections.connection import Connection
from domain.ports.payables import InvoiceFound
from tests.unit.actors.invoices.invoice_world import World
from tieout.schedule.gate import may_start
from tieout.simulation.fakes.payables_faults import Fault

PAUSED = Connection(paused=True)
LONG = timedelta(minutes=10)


def pause(world: World) -> None:
    def held_back(name: str) -> str:
        return may_start(name, state=PAUSED, plan=None, now=world.now())

    world.tools = replace(world.tools, held_back=held_back)


def test_an_invoice_in_doubt_is_looked_up_while_paused_and_a_new_one_waits() -> None:
    world = World()
    world.payables.script("send_batch", Fault.ANSWER_LOST)
    (doubted,) = world.submit("INV-1")
    assert world.phases([doubted]) == ["in_doubt"]
    new = world.ledger.put_invoice("INV-2", 10_000)
    world.wait(timedelta(minutes=5))
    world.poll()

    pause(world)
    world.work_through(LONG)

    assert world.phases([doubted]) == ["submitted"]
    assert (world.sends(doubted), world.live(doubted)) == (1, 1)
    assert world.live(new) == 0

    world.tools = replace(world.tools, held_back=lambda _name: "")
    world.work_through(LONG)
    assert world.live(new) == 1


def test_a_pause_while_a_batch_is_looked_at_keeps_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world, paused = World(), list[bool]()
    find = world.payables.find_invoices

    def found_while_a_person_pauses(external_ids: Sequence[str]) -> dict[str, list[InvoiceFound]]:
        paused.append(True)
        return find(external_ids)

    def held_back(name: str) -> str:
        return may_start(name, state=PAUSED, plan=None, now=world.now()) if paused else ""

    monkeypatch.setattr(world.payables, "find_invoices", found_while_a_person_pauses)
    world.tools = replace(world.tools, held_back=held_back)
    (invoice,) = world.submit("INV-1")
    world.work_through(LONG)
    assert paused
    assert (world.sends(invoice), world.live(invoice)) == (0, 0)

    world.tools = replace(world.tools, held_back=lambda _name: "")
    world.work_through(LONG)
    assert (world.sends(invoice), world.live(invoice)) == (1, 1)
