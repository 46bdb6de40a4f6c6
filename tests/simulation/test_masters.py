"""I5 for suppliers and codes and I6 for what shut a gate again: each is noticed when it is bent, and silent before."""

from collections.abc import Callable

import msgspec
import pytest

from domain.event import Event
from domain.invoices.events import InvoiceRejectedByAvid
from domain.invoices.submission_events import InvoiceSubmissionStarted, InvoiceSubmitted
from domain.ledger_codes.events import CodeFact
from domain.postings.events import PostingPlanned
from domain.suppliers.events import SupplierBlocked, SupplierConfirmed, SupplierRefused
from tests.simulation.test_checkers import calm_world, recorded
from tieout.simulation import hands
from tieout.simulation.checkers import gates
from tieout.simulation.checkers.catalogue import judge_end
from tieout.simulation.engine import Engine
from tieout.simulation.schedule import Profile, draw
from tieout.simulation.world import ACCOUNTS, PAYEES, World, supplier

KEY = f"100|{PAYEES[0]}"


def whole_world() -> World:
    """A world in which everything was read and sent, and nothing went wrong."""
    drawn = msgspec.structs.replace(draw(3, profile=Profile.WHOLE), rate=0.0, faults={}, happenings={}, documents=2)
    engine = Engine(drawn)
    assert engine.run() == []
    return engine.world


def broken(world: World) -> list[str]:
    return [violation.text for violation in judge_end(world) if violation.invariant == "I5"]


def renamed(world: World) -> None:
    assert hands.change_supplier(world, PAYEES[0], name="Another")


def blocked(world: World) -> None:
    assert hands.change_supplier(world, PAYEES[0], status="90")


def supplier_gone(world: World) -> None:
    del world.payables._vendors[KEY]


def code_blocked(world: World) -> None:
    assert world.ledger.put_code(1, ACCOUNTS[0], CodeFact(division="", description=ACCOUNTS[0], blocked=True))


def code_gone(world: World) -> None:
    del world.payables._codes["Accounting Codes", ACCOUNTS[0]]


@pytest.mark.parametrize("bend", [renamed, blocked, supplier_gone, code_blocked, code_gone])
def test_what_avidxchange_holds_otherwise_is_noticed(bend: Callable[[World], None]) -> None:
    world = whole_world()
    assert broken(world) == []
    bend(world)
    assert broken(world)


def test_what_never_was_in_use_need_not_be_there() -> None:
    world = whole_world()
    blocked(world)
    code_blocked(world)
    supplier_gone(world)
    code_gone(world)
    assert broken(world) == []


def test_a_refusal_that_is_told_excuses_its_own_supplier_alone() -> None:
    world = whole_world()
    renamed(world)
    refused = SupplierRefused(key=KEY, code="NO", text="no", of_version=1)
    world.say(world.stream("supplier", f"100|{PAYEES[1]}"), msgspec.structs.replace(refused, key=f"100|{PAYEES[1]}"))
    assert broken(world)
    world.say(world.stream("supplier", KEY), refused)
    assert broken(world) == []


def insert_before(world: World, kind: type[Event], event: Event, name: str) -> None:
    """Let it be said, on its own stream, just before the first fact of a kind."""
    events = world.store.log._events
    place = next(place for place, one in enumerate(events) if isinstance(one.event, kind))
    stream = world.stream(*name.split("=", 1))
    events.insert(place, msgspec.structs.replace(events[place], stream=stream, event=event))


def block_before_sending(world: World) -> None:
    key = recorded(world, InvoiceSubmissionStarted).key.vendor_external_id
    content = supplier(key.split("|")[1], status="90")
    insert_before(world, InvoiceSubmissionStarted, SupplierBlocked(content=content, to_send=True), f"supplier={key}")


def receipt_of_a_blocked_one(world: World) -> None:
    """A receipt came after the block, and calls the gate open."""
    block_before_sending(world)
    key = recorded(world, InvoiceSubmissionStarted).key.vendor_external_id
    receipt = recorded(world, SupplierConfirmed)
    receipt = msgspec.structs.replace(receipt, key=key, opens_gate=True)
    insert_before(world, InvoiceSubmissionStarted, receipt, f"supplier={key}")


def reject_before_planning(world: World) -> None:
    plan, live = recorded(world, PostingPlanned).plan, recorded(world, InvoiceSubmitted)
    key = plan.lines[0].invoice
    dead = InvoiceRejectedByAvid(key=key, avid_invoice_id=live.avid_invoice_id, status="Void")
    insert_before(world, PostingPlanned, dead, f"invoice={key.external_id}")


@pytest.mark.parametrize("bend", [block_before_sending, receipt_of_a_blocked_one, reject_before_planning])
def test_what_passes_a_gate_that_was_shut_again_is_noticed(bend: Callable[[World], None]) -> None:
    world = calm_world()
    assert list(gates.nothing_passes_a_shut_gate(world)) == []
    bend(world)
    assert list(gates.nothing_passes_a_shut_gate(world))
