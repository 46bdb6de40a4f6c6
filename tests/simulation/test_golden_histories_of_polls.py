"""What the simulation found in polls, upserts and queues, each as the history that first showed it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from domain import keys
from domain.effects import Wake
from domain.event import Event, Meta, Recorded
from domain.invoices import index
from domain.invoices.events import InvoiceAtRiskInInfor, InvoiceNotEligible
from domain.invoices.submission_events import InvoiceSubmissionStarted
from domain.postings import events as p
from domain.routing import route
from domain.suppliers.events import SupplierConfirmed
from domain.suppliers.supplier import fold
from tieout.simulation import hands
from tieout.simulation.checkers.masters import suppliers_agree
from tieout.simulation.engine import Engine
from tieout.simulation.fakes.postings import FakeInvoice
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile, draw
from tieout.simulation.world import IDENTITY, PAYEES, World
from tieout.simulation.world_events import happen


def test_seed_10051650_a_page_read_before_another_poll_overtook_it_is_not_recorded() -> None:
    engine = Engine(draw(1, profile=Profile.SUBMIT))
    world = engine.world
    held = next(iter(world.ledger.invoices.values()))
    old = held.head.key
    new = msgspec.structs.replace(old, number=f"{old.number}-C")

    def overtaken() -> None:
        hands.rename(world, held, new)
        engine.run_on(engine.processes[1], "poll_invoices")

    slept = asleep_before_the_next_append(world, overtaken)
    engine.run_on(engine.processes[0], "poll_invoices")
    assert slept
    assert engine.violations == []
    assert tracked(world, old.division) >= {new.external_id}
    assert old.external_id not in tracked(world, old.division)
    stream = world.stream("invoice", old.external_id)
    assert world.store.log.load([stream])[stream] == []


def asleep_before_the_next_append(world: World, meanwhile: Callable[[], None]) -> list[bool]:
    """Let whoever appends next sleep for 20 minutes in which `meanwhile` happens; give a list that tells whether."""
    append: Any = world.store.log.append
    slept: list[bool] = []

    def late(batch: Any, **options: Any) -> None:
        if not slept:
            slept.append(True)
            world.time.pass_by(timedelta(minutes=20))
            meanwhile()
        append(batch, **options)

    world.store.log.append = late  # type: ignore[method-assign]  # the process sleeps before its append
    return slept


def tracked(world: World, division: str) -> frozenset[str]:
    root = index.root_stream(world.connection, division)
    number = index.generation_of(world.store.log.load([root])[root])
    generation = index.generation_stream(world.connection, division, number)
    return frozenset(index.fold(world.store.log.load([generation])[generation]).tracked)


def test_seed_10045118_a_receipt_from_before_a_restore_settles_nothing_in_the_restored_store() -> None:
    """Seeds 10063224 and 10089922, too."""
    engine = Engine(draw(1, profile=Profile.WHOLE))
    world, process = engine.world, engine.processes[0]
    stream = world.stream("supplier", f"100|{PAYEES[0]}")
    engine.run_on(process, "poll_suppliers")
    kept = world.store.log.last_position()
    hands.change_supplier(world, PAYEES[0], name="Renamed")
    world.time.pass_by(timedelta(minutes=20))
    engine.run_on(process, "poll_suppliers")
    world.store.drain()
    world.time.pass_by(timedelta(minutes=5))  # what changed is sent once no older call can be on its way
    put = world.payables.put_vendors

    sent: list[str] = []
    restores = iter([kept])

    def restored_meanwhile(contents: Any, **bounds: Any) -> Any:
        answers = put(contents, **bounds)
        sent.extend(content.name for content in contents)
        for position in restores:
            world.store.go_back(to_position=position, hold_until=world.time.now)
        return answers

    world.payables.put_vendors = restored_meanwhile  # type: ignore[method-assign]  # the backup comes in mid-call
    engine.run_on(process, "send_suppliers")
    assert "Renamed" in sent
    assert not any(isinstance(recorded.event, SupplierConfirmed) for recorded in world.history())
    world.time.pass_by(timedelta(minutes=20))
    engine.run_on(process, "poll_suppliers")
    for _ in range(3):
        world.store.drain()
        engine.run_on(process, "send_suppliers")
        world.time.pass_by(timedelta(minutes=5))
    state = fold(world.store.log.load([stream])[stream])
    assert state.content is not None
    assert (state.content.name, state.asks) == ("Renamed", ())


def test_seed_3_an_upsert_that_wakes_after_its_claim_does_not_overwrite_the_newer_one() -> None:
    """Drawn as WHOLE and aimed at put_vendors; its seeds 5, 7, 13 and 17, too."""
    engine = Engine(draw(1, profile=Profile.WHOLE))
    world, (first, second) = engine.world, engine.processes[:2]
    engine.run_on(first, "poll_suppliers")
    world.store.drain()
    cross = engine.cross
    slept: list[str] = []

    def asleep(worker: str, step: str) -> Any:
        if step == "put_vendors" and not slept:
            slept.append(worker)
            world.time.pass_by(timedelta(minutes=20))
            hands.change_supplier(world, PAYEES[0], name="Renamed")
            engine.run_on(second, "poll_suppliers")
            world.store.drain()
            world.time.pass_by(timedelta(minutes=5))  # what changed is sent once no older call can be on its way
            engine.run_on(second, "send_suppliers")
        return cross(worker, step)

    engine.cross = asleep  # type: ignore[method-assign]  # the process stalls before its first byte
    engine.run_on(first, "send_suppliers")
    assert len(slept) == 1
    world.time.pass_by(timedelta(minutes=5))
    assert list(suppliers_agree(world)) == []


def test_seed_10073836_what_waits_for_the_first_posting_is_woken_by_what_came_to_nothing_only() -> None:
    assert wakes(held(key1="T1", reason="STOPPED"))
    assert wakes(held(key1="T1", reason="IN_FLIGHT", waits_for=keys.posting("T9")))
    assert not wakes(held(key1="T2", reason="FIRST_POSTING", waits_for=keys.FIRST_POSTING))
    assert wakes(p.PostingAbandoned(key1="T1", payment_id="1", why="voided"))
    assert wakes(resolved("absent"))
    assert not wakes(resolved("posted"))


def held(**fields: Any) -> p.PostingHeld:
    return p.PostingHeld(payment_id="1", detail="", **fields)


def resolved(word: str) -> p.PostingDoubtResolved:
    return p.PostingDoubtResolved(
        key1="T1", payment_id="1", resolution=word, voucher="", person="ann", reason="seen in M3"
    )


def wakes(event: Event) -> bool:
    world = Engine(draw(1, profile=Profile.PAY)).world
    now = world.time.now
    meta = Meta(connection=IDENTITY.id, recorded_at=now, occurred_at=now, correlation_id="c")
    return Wake(keys.FIRST_POSTING) in route(
        Recorded(stream=world.stream("posting", "T1"), version=1, meta=meta, event=event)
    )


def sent_and_forgotten(engine: Engine) -> FakeInvoice:
    """Send an invoice and let a restored backup forget it; give it as M3 has it."""
    world, first = engine.world, engine.processes[0]
    engine.run_on(first, "poll_suppliers")
    engine.run_on(first, "poll_invoices")
    kept = world.store.log.last_position()
    for errand in ("send_suppliers", "send_ledger_codes", "fetch_images", "submit_invoices"):
        world.store.drain()
        engine.run_on(first, errand)
    world.store.go_back(to_position=kept, hold_until=world.time.now)
    world.time.pass_by(timedelta(minutes=20))
    sent = {one.sent.external_id for one in world.payables.invoices}
    return next(one for one in world.ledger.invoices.values() if one.head.key.external_id in sent)


def test_seed_31097825_what_turns_out_to_be_live_before_another_poll_drops_it_is_not_dropped() -> None:
    engine = Engine(draw(1, profile=Profile.SUBMIT))
    world, (first, second) = engine.world, engine.processes[:2]
    held = sent_and_forgotten(engine)
    key = held.head.key
    hands.pay_in_m3(world, held)
    append: Any = world.store.log.append
    found: list[bool] = []

    def found_meanwhile(batch: Any, **options: Any) -> None:
        append(batch, **options)
        facts = [fact for one in batch for fact in one.events]
        if not found and any(isinstance(fact, InvoiceNotEligible) and fact.key == key for fact in facts):
            found.append(True)
            engine.run_on(second, "poll_invoice_statuses")

    world.store.log.append = found_meanwhile  # type: ignore[method-assign]  # between what a poll reads and what it drops
    engine.run_on(first, "poll_invoices")
    assert found
    assert key.external_id in tracked(world, key.division)


def test_seed_31097825_what_turns_out_to_be_live_while_another_poll_drops_it_stays_tracked() -> None:
    engine = Engine(draw(1, profile=Profile.SUBMIT))
    world, (first, second) = engine.world, engine.processes[:2]
    held = sent_and_forgotten(engine)
    key, find = held.head.key, world.payables.find_invoices

    def dropped_meanwhile(ids: Any) -> Any:
        hands.pay_in_m3(world, held)
        held.approved = False
        engine.run_on(first, "poll_invoices")
        assert key.external_id not in tracked(world, key.division)
        return find(ids)

    world.payables.find_invoices = dropped_meanwhile  # type: ignore[assignment,method-assign]  # it comes late
    engine.run_on(second, "poll_invoice_statuses")
    assert key.external_id in tracked(world, key.division)
    world.time.pass_by(timedelta(minutes=20))
    engine.run_on(first, "poll_invoices")
    stream = world.stream("invoice", key.external_id)
    assert any(isinstance(r.event, InvoiceAtRiskInInfor) for r in world.store.log.load([stream])[stream])


def test_seed_50473393_an_invoice_that_moved_while_its_gate_was_judged_does_not_pass_it() -> None:
    """Seed 50926903, too."""
    engine = Engine(draw(1, profile=Profile.WHOLE))
    world, (first, second) = engine.world, engine.processes[:2]
    for name in ("poll_invoices", "fetch_images"):  # no supplier was read, so every gate is shut
        engine.run_on(first, name)
        world.store.drain()

    def overtaken() -> None:
        for number in range(10):  # one invoice each, by the dice
            happen(engine, Happening.CHANGED, number)
        engine.run_on(second, "poll_invoices")

    slept = asleep_before_the_next_append(world, overtaken)
    engine.run_on(first, "submit_invoices")
    assert slept
    assert not any(isinstance(recorded.event, InvoiceSubmissionStarted) for recorded in world.history())
    assert engine.violations == []
