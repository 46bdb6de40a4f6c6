"""What an errand asks a remote for fails for ever, or for long: said once, and once more when it works again."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from actors.errands.failing import SLOW_TRIES, failed, worked
from actors.errands.fetch_images import fetch_images
from actors.errands.poll_suppliers import poll_suppliers
from actors.errands.send_suppliers import send_suppliers
from domain.errands.events import ErrandFailed, ErrandRecovered
from domain.errors import MisconfiguredError, StoreError, TransientError
from domain.event import Event, Recorded
from tests.unit.actors.invoices.invoice_world import PDF
from tests.unit.actors.invoices.invoice_world import World as Invoices
from tests.unit.actors.postings.postings_world import World as Postings
from tests.unit.actors.suppliers.small_remotes import FLIGHT, World, supplier
from tieout.simulation.fakes.ledger_faults import FORBIDDEN, LOST
from tieout.simulation.fakes.payables_faults import Fault

HOUR = timedelta(hours=1)
FAILED_403 = "AvidXchange answered 403: the account has no right to this"


def suppliers(*numbers: str) -> World:
    world = World()
    world.infor.change(*(supplier(number) for number in numbers))
    world.wait(HOUR)
    assert poll_suppliers(world.tools)
    return world


def told(world: World) -> list[Event]:
    return world.events(ErrandFailed, ErrandRecovered)


def told_of_invoices(world: Invoices) -> list[Event]:
    recorded = world.store.log.read(after=0, limit=100_000)
    return [one.event for one in recorded if isinstance(one.event, ErrandFailed | ErrandRecovered)]


def try_for(world: World, span: timedelta, *, step: timedelta = timedelta(seconds=30)) -> None:
    for _ in range(round(span / step)):
        world.run(send_suppliers)
        world.wait(step)


def forbidden() -> TransientError:
    return TransientError(FAILED_403, before_processing=True, status=403)


def test_an_upsert_without_the_right_is_said_once_and_ends_when_the_right_is_there() -> None:
    world = suppliers("V1")
    world.avid.before_put = [forbidden() for _ in range(20)]
    try_for(world, 2 * HOUR)
    text = f"sending suppliers to AvidXchange: {FAILED_403}"
    stands = ErrandFailed(errand="send_suppliers", flow="suppliers", verdict="stop", text=text)
    assert told(world) == [stands, ErrandRecovered(errand="send_suppliers", flow="suppliers")]
    assert len(world.avid.puts) == 21


def test_one_answer_of_that_kind_may_be_a_lapsed_log_in() -> None:
    world = suppliers("V1")
    world.avid.before_put = [forbidden()]
    try_for(world, HOUR)
    assert told(world) == []
    assert len(world.avid.puts) == 2


def test_an_upsert_that_is_never_answered_is_said_after_some_tries() -> None:
    world = suppliers("V1")
    world.avid.before_put = [TransientError("PUT /vendors: answered 500", status=500) for _ in range(9)]
    try_for(world, FLIGHT * (SLOW_TRIES - 1))
    assert told(world) == []
    try_for(world, 2 * HOUR)
    assert [type(event) for event in told(world)] == [ErrandFailed, ErrandRecovered]
    (first, _) = told(world)
    assert isinstance(first, ErrandFailed)
    assert (first.verdict, first.text) == (
        "retry bounded",
        "sending suppliers to AvidXchange: PUT /vendors: answered 500",
    )


def test_a_look_before_a_write_that_is_never_answered_counts_as_well() -> None:
    world = suppliers("V1")
    world.avid.lose_answer = True
    world.avid.before_read = [TransientError("GET /vendors: answered 500", status=500) for _ in range(9)]
    try_for(world, 2 * HOUR)
    assert [type(event) for event in told(world)] == [ErrandFailed, ErrandRecovered]


def test_nothing_is_recorded_while_all_works() -> None:
    world = suppliers("V1", "V2")
    try_for(world, HOUR)
    assert told(world) == []


def test_workers_that_race_record_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    world = suppliers("V1")
    error = MisconfiguredError("no role")
    load, acts = world.store.log.load, [lambda: failed(world.tools, "send_suppliers", error, tries=1)]

    def load_while_another_acts(streams: Sequence[UUID]) -> dict[UUID, list[Recorded]]:
        found = load(streams)
        if acts:
            acts.pop()()
        return found

    monkeypatch.setattr(world.store.log, "load", load_while_another_acts)
    failed(world.tools, "send_suppliers", error, tries=1)
    assert [type(event) for event in told(world)] == [ErrandFailed]
    acts.append(lambda: worked(world.tools, "send_suppliers", tries=1))
    worked(world.tools, "send_suppliers", tries=1)
    assert [type(event) for event in told(world)] == [ErrandFailed, ErrandRecovered]


@pytest.mark.parametrize("errand", ["look_up_invoices", "send_suppliers"])
def test_neither_the_stores_faults_nor_other_errands_are_recorded(errand: str) -> None:
    world = suppliers("V1")
    error = StoreError("locked") if errand == "send_suppliers" else MisconfiguredError("no role")
    failed(world.tools, errand, error, tries=99)
    assert told(world) == []


def test_images_that_may_not_be_searched_are_said_at_once() -> None:
    world = Invoices()
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)
    world.poll()
    world.ledger.fail_reads(MisconfiguredError("the service account lacks a role"))
    world.store.drain()
    with pytest.raises(MisconfiguredError):
        fetch_images(world.tools)
    text = "fetching images from Infor: the service account lacks a role"
    stands = ErrandFailed(errand="fetch_images", flow="invoices", verdict="stop", text=text)
    assert told_of_invoices(world) == [stands]
    world.work_through(timedelta(minutes=1))
    assert world.state(invoice).phase == "submitted"
    assert told_of_invoices(world) == [stands, ErrandRecovered(errand="fetch_images", flow="invoices")]


def test_images_that_never_come_are_said_after_some_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_: object) -> None:
        raise TransientError("Infor answered 503 to the search", status=503)

    world = Invoices()
    invoice = world.ledger.put_invoice("INV-1", 500, image=PDF)
    world.poll()
    monkeypatch.setattr(world.ledger, "find_image", down)
    world.work_through(HOUR)
    assert [type(event) for event in told_of_invoices(world)] == [ErrandFailed]
    monkeypatch.undo()
    world.work_through(timedelta(minutes=10))
    assert [type(event) for event in told_of_invoices(world)] == [ErrandFailed, ErrandRecovered]
    assert world.state(invoice).phase == "submitted"


def test_batches_without_the_right_are_said_once_and_end_when_the_right_is_there() -> None:
    world = Invoices()
    world.payables.script("send_batch", *[Fault.FORBIDDEN] * 12)
    (invoice,) = world.submit("INV-1")
    assert told_of_invoices(world) == []
    world.work_through(2 * HOUR)
    text = "submitting invoices to AvidXchange: answered 403"
    assert told_of_invoices(world) == [
        ErrandFailed(errand="submit_invoices", flow="invoices", verdict="stop", text=text),
        ErrandRecovered(errand="submit_invoices", flow="invoices"),
    ]
    assert world.state(invoice).phase == "submitted"


def test_a_batch_in_doubt_is_no_failure_of_the_call() -> None:
    world = Invoices()
    world.payables.script("send_batch", Fault.REQUEST_LOST)
    world.submit("INV-1")
    world.work_through(2 * HOUR)
    assert told_of_invoices(world) == []


def paid(*faults: Callable[[Postings], None]) -> Postings:
    world = Postings()
    world.pay("77001", (world.bill("INV-1"), 157_000))
    world.poll()
    for fault in faults:
        fault(world)
    return world


@pytest.mark.parametrize("step", ["AddBatchHead", "AddBatchLine", "CtrlBatch"])
def test_a_step_without_the_right_is_said_once_and_ends_when_the_right_is_there(step: str) -> None:
    world = paid(lambda world: world.ledger.script(step, *[FORBIDDEN] * 12))
    world.work_through(2 * HOUR)
    text = f"posting payments to Infor: {step}: the gateway answered 403"
    assert world.events(ErrandFailed, ErrandRecovered) == [
        ErrandFailed(errand="send_postings", flow="payments", verdict="stop", text=text),
        ErrandRecovered(errand="send_postings", flow="payments"),
    ]
    world.check_booked_once(world.key("77001"))


def test_a_step_that_is_never_answered_is_said_after_some_tries() -> None:
    world = paid(lambda world: world.ledger.script("AddBatchHead", *[LOST] * 5))
    world.work_through(4 * HOUR, step=timedelta(minutes=1))
    assert [type(event) for event in world.events(ErrandFailed, ErrandRecovered)] == [ErrandFailed, ErrandRecovered]
    world.check_booked_once(world.key("77001"))


def test_a_payment_that_cannot_be_read_again_before_the_handover_is_said_after_some_tries() -> None:
    down = [TransientError("GET /payments: answered 503", status=503) for _ in range(9)]
    world = paid(lambda world: world.payables.script("payments_by_id", *down))
    world.work_through(2 * HOUR)
    assert [type(event) for event in world.events(ErrandFailed, ErrandRecovered)] == [ErrandFailed, ErrandRecovered]
    world.check_booked_once(world.key("77001"))
