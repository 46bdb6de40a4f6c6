"""Flow 1 over a store in memory: suppliers polled from Infor and sent to AvidXchange."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from actors.errands.poll_suppliers import poll_suppliers
from actors.errands.send_suppliers import send_suppliers
from actors.errands.upserting import MARGIN, Claim
from actors.settle import appended
from adapters.http import BUDGET_PATIENCE_SECONDS
from domain.errors import MalformedError, MisconfiguredError, RefusedError, TransientError
from domain.event import Append
from domain.identifiers import stream_id
from domain.polls.events import PollCompleted, PollRecordMalformed, PollRecordRead
from domain.ports.answers import RecordAnswer, Verdict
from domain.ports.ledger import Problem
from domain.suppliers.decisions import decide_retry, decide_seen
from domain.suppliers.events import SupplierConfirmed, SupplierContent, SupplierRecorded, SupplierRefused
from domain.suppliers.supplier import Supplier, fold
from tests.unit.actors.suppliers.small_remotes import FLIGHT, World, supplier


def poll(world: World) -> None:
    world.wait(timedelta(hours=1))
    world.infor.milliseconds += 3_600_000
    assert poll_suppliers(world.tools)


def stream(world: World, number: str = "V1001") -> UUID:
    return stream_id(world.tools.connection, "supplier", f"100|{number}")


def state(world: World, number: str = "V1001") -> Supplier:
    return fold(world.store.log.load([stream(world, number)])[stream(world, number)])


def see(world: World, content: SupplierContent) -> None:
    """Record a change of Infor's without a poll's hour."""
    where = stream(world, content.number)
    history = world.store.log.load([where])[where]
    batch: list[Append] = [appended(history, where, *decide_seen(fold(history), content))]
    world.store.log.append(batch, causes=world.tools.causes("poll"))
    world.store.drain()


def started(*contents: SupplierContent) -> World:
    world = World()
    world.infor.change(*contents)
    poll(world)
    return world


def test_suppliers_come_in_bulk_and_a_second_poll_finds_nothing_new() -> None:
    world = started(*(supplier(f"V{n:04}") for n in range(230)))
    assert [len(numbers) for numbers in world.infor.detailed] == [100, 100, 30]
    assert len(world.events(SupplierRecorded)) == 230
    events = len(world.events())
    poll(world)
    assert len(world.events()) == events


def test_the_next_poll_begins_at_infors_own_clock_less_an_overlap() -> None:
    world = started(supplier())
    clock = world.infor.milliseconds
    assert world.poll_row("suppliers").watermark == str(clock)
    poll(world)
    assert world.infor.asked_since == [0, clock - 300_000]


def test_a_supplier_that_cannot_be_read_is_raised_and_read_again_until_it_can() -> None:
    world = started(supplier("V1"), supplier("V2"), supplier("V3"))
    world.infor.suppliers["V2"] = (world.infor.milliseconds, Problem(record="V2", code="XPN0001", text="locked"))
    world.infor.suppliers["V3"] = (world.infor.milliseconds, None)
    for _ in range(world.tools.rules.locked_tries):
        assert world.events(PollRecordMalformed) == []
        poll(world)
    assert world.events(PollRecordMalformed) == [
        PollRecordMalformed(flow="suppliers", record="V2", text="XPN0001: locked"),
        PollRecordMalformed(flow="suppliers", record="V3", text="Infor gave no details"),
    ]
    renamed = supplier("V2", name="Readable again")
    world.infor.suppliers["V2"] = (0, renamed)
    poll(world)
    assert state(world, "V2").content == renamed
    assert world.events(PollRecordRead) == [PollRecordRead(flow="suppliers", record="V2")]
    world.infor.suppliers["V3"] = (0, supplier("V3"))
    poll(world)
    assert world.poll_row("suppliers").watermark == str(world.infor.milliseconds)


def test_a_supplier_that_is_locked_for_a_while_is_read_minutes_later_and_nobody_is_told() -> None:
    world = started(supplier("V1"), supplier("V2"))
    world.infor.suppliers["V2"] = (world.infor.milliseconds, Problem(record="V2", code="XPN0001", text="locked"))
    poll(world)
    assert world.poll_row("suppliers").next_poll_at == world.clock.now() + world.tools.rules.locked_retry
    renamed = supplier("V2", name="Unlocked")
    world.infor.suppliers["V2"] = (0, renamed)
    world.wait(world.tools.rules.locked_retry)
    assert poll_suppliers(world.tools)
    assert state(world, "V2").content == renamed
    assert world.events(PollRecordMalformed) == world.events(PollRecordRead) == []


def test_suppliers_go_out_once_in_batches_of_a_hundred() -> None:
    world = started(*(supplier(f"V{n:04}") for n in range(230)))
    world.run(send_suppliers)
    assert world.avid.puts == [100, 100, 30]
    assert world.avid.lookups == 0
    assert state(world, "V0007").gate_open
    poll(world)
    assert world.run(send_suppliers) == 0
    assert world.store.work.rows() == {}


def test_a_supplier_that_never_was_active_does_not_go_out() -> None:
    world = started(supplier(status="10"))
    assert world.run(send_suppliers) == 0
    world.infor.change(supplier(status="20"))
    poll(world)
    world.run(send_suppliers)
    world.infor.change(supplier(status="90"))
    poll(world)
    assert not state(world).gate_open
    world.run(send_suppliers)
    assert not world.avid.vendors["100|V1001"].active
    assert world.story("supplier", "100|V1001") == [
        "SupplierRecorded",
        "SupplierUnblocked",
        "SupplierConfirmed",
        "SupplierBlocked",
        "SupplierConfirmed",
    ]


def test_a_field_over_the_limit_is_refused_before_sending_and_its_neighbours_go_out() -> None:
    world = started(supplier("V1", name="x" * 256), supplier("V2"))
    world.run(send_suppliers)
    (refused,) = world.events(SupplierRefused)
    assert isinstance(refused, SupplierRefused)
    assert (refused.field, refused.limit, refused.length) == ("Name", 255, 256)
    assert list(world.avid.vendors) == ["100|V2"]
    assert world.store.work.rows() == {}


def test_a_change_of_nothing_that_is_sent_is_confirmed_without_a_call() -> None:
    world = started(supplier())
    world.run(send_suppliers)
    world.infor.change(supplier(group="PLUMB"))
    poll(world)
    world.run(send_suppliers)
    assert world.avid.puts == [1]
    first, second = world.events(SupplierConfirmed)
    assert isinstance(second, SupplierConfirmed)
    assert second == msgspec.structs.replace(first, of_version=3)


def test_one_refused_record_never_stops_its_neighbours_and_a_person_sends_it_again() -> None:
    world = started(supplier("V1"), supplier("V2"))
    world.avid.refuse = {"Supplier V1"}
    world.run(send_suppliers)
    assert world.story("supplier", "100|V1") == ["SupplierRecorded", "SupplierRefused"]
    assert state(world, "V2").gate_open
    assert world.run(send_suppliers) == 0
    world.avid.refuse = set()
    where = stream(world, "V1")
    history = world.store.log.load([where])[where]
    ordered = appended(history, where, *decide_retry(fold(history), "ann", "mended"))
    world.store.log.append([ordered], causes=world.tools.causes("retry"))
    world.run(send_suppliers)
    assert state(world, "V1").gate_open


@pytest.mark.parametrize("status", [400, 413])
def test_a_poisonous_record_is_refused_alone(status: int) -> None:
    world = started(*(supplier(f"V{n:04}") for n in range(100)))
    world.avid.poison = {"Supplier V0042": RefusedError("bad payload", code="400", status=status)}
    world.run(send_suppliers)
    assert len(world.avid.vendors) == 99
    (refused,) = world.events(SupplierRefused)
    assert isinstance(refused, SupplierRefused)
    assert (refused.key, refused.text) == ("100|V0042", "bad payload")
    assert len(world.avid.puts) <= 15


def test_a_call_refused_for_another_reason_is_not_halved() -> None:
    world = started(supplier("V1"), supplier("V2"))
    world.avid.before_put = [RefusedError("forbidden", code="403", status=403)]
    world.run(send_suppliers)
    assert world.avid.puts == [2]
    assert len(world.events(SupplierRefused)) == 2


def test_after_a_lost_answer_the_vendor_is_looked_up_before_anything_is_sent_again() -> None:
    world = started(supplier())
    world.avid.lose_answer = True
    world.run(send_suppliers)
    world.wait(FLIGHT - timedelta(seconds=1))
    assert world.run(send_suppliers) == 0
    world.wait(timedelta(seconds=1))
    assert world.run(send_suppliers) == 1
    assert (world.avid.puts, world.avid.lookups) == ([1], 1)
    (confirmed,) = world.events(SupplierConfirmed)
    assert isinstance(confirmed, SupplierConfirmed)
    assert (confirmed.vendor_id, confirmed.enrolment) == ("9V1001", "Enrolled")


def test_a_lost_request_is_sent_again_after_the_look_up() -> None:
    world = started(supplier("V1"), supplier("V2"))
    world.avid.before_put = [TransientError("connection reset")]
    world.run(send_suppliers)
    see(world, supplier("V2", name="renamed"))
    world.wait(FLIGHT)
    world.run(send_suppliers)
    world.wait(FLIGHT)
    world.run(send_suppliers)
    assert state(world, "V1").gate_open
    assert world.avid.vendors["100|V2"].name == "renamed"


def test_a_change_after_a_lost_answer_waits_until_the_first_send_can_no_longer_land() -> None:
    world = started(supplier())
    world.run(send_suppliers)
    see(world, supplier(name="second"))
    world.avid.lose_answer = True
    world.run(send_suppliers)
    see(world, supplier())  # back to what was confirmed: the relay makes it due at once
    assert world.run(send_suppliers) == 1
    assert world.avid.vendors["100|V1001"].name == "second"
    assert world.avid.puts == [1, 1]
    world.wait(FLIGHT)
    world.run(send_suppliers)
    assert world.avid.vendors["100|V1001"] == supplier()
    assert world.avid.puts == [1, 1, 1]


def test_a_fault_before_processing_waits_no_longer_than_the_back_off() -> None:
    world = started(supplier())
    world.avid.before_put = [TransientError("too many requests", retry_after=7, before_processing=True)]
    world.run(send_suppliers)
    world.wait(timedelta(seconds=8))
    world.run(send_suppliers)
    assert state(world).gate_open


@pytest.mark.parametrize("answer", [None, RecordAnswer(verdict=Verdict.DOUBT)])
def test_a_record_without_a_result_stays_due(answer: RecordAnswer | None) -> None:
    world = started(supplier("V1"), supplier("V2"))
    world.avid.silent = {"Supplier V1": answer}
    world.run(send_suppliers)
    assert (state(world, "V1").gate_open, state(world, "V2").gate_open) == (False, True)
    world.avid.silent = {}
    world.wait(FLIGHT)
    world.run(send_suppliers)
    assert (state(world, "V1").gate_open, world.avid.puts) == (True, [2])


def test_a_record_that_was_not_processed_is_sent_again_soon() -> None:
    world = started(supplier())
    world.avid.silent = {"Supplier V1001": RecordAnswer(verdict=Verdict.NOT_SENT, text="not taken")}
    world.run(send_suppliers)
    world.avid.silent, world.avid.vendors = {}, {}
    world.wait(timedelta(seconds=2))
    world.run(send_suppliers)
    assert state(world).gate_open


@pytest.mark.parametrize(
    "error", [TransientError("gateway"), RefusedError("too many ids", code="400"), MalformedError("HTML under 200")]
)
def test_nothing_is_sent_when_the_look_up_gives_no_answer(error: Exception) -> None:
    world = started(supplier())
    world.avid.lose_answer = True
    world.run(send_suppliers)
    world.avid.before_read = [error]
    world.wait(FLIGHT)
    assert world.run(send_suppliers) == 1
    assert world.avid.puts == [1]
    world.wait(timedelta(hours=1))
    world.run(send_suppliers)
    assert state(world).gate_open


def test_an_unreadable_answer_counts_as_lost() -> None:
    world = started(supplier())
    world.avid.before_put = [MalformedError("HTML under 200")]
    world.run(send_suppliers)
    assert world.events(SupplierConfirmed, SupplierRefused) == []
    world.wait(FLIGHT)
    world.run(send_suppliers)
    assert (world.avid.puts, world.avid.lookups) == ([1, 1], 1)


def test_a_setting_that_a_person_must_mend_goes_up_and_keeps_the_work_due() -> None:
    world = started(supplier())
    world.avid.before_put = [MisconfiguredError("the tokens are refused")]
    with pytest.raises(MisconfiguredError, match="tokens"):
        world.run(send_suppliers)
    assert world.run(send_suppliers) == 0
    world.wait(timedelta(hours=1))
    world.run(send_suppliers)
    assert state(world).gate_open


def test_an_excluded_vendor_keeps_the_gate_shut() -> None:
    world = started(supplier())
    world.avid.enrolment = "Excluded"
    world.run(send_suppliers)
    assert (state(world).gate_open, state(world).gate_reason) == (False, "SUPPLIER_EXCLUDED")
    assert world.store.work.rows() == {}


def test_a_supplier_blocked_while_it_is_sent_stays_shut_and_goes_out_again() -> None:
    world = started(supplier())
    blocked = supplier(status="90")
    acts: list[Callable[[], None]] = [lambda: see(world, blocked)]
    world.avid.during_put = lambda: acts.pop()() if acts else None
    world.run(send_suppliers)
    assert not state(world).gate_open
    assert world.avid.vendors["100|V1001"] == blocked
    assert world.story("supplier", "100|V1001") == [
        "SupplierRecorded",
        "SupplierBlocked",
        "SupplierConfirmed",
        "SupplierConfirmed",
    ]


def test_no_call_begins_that_could_outlive_the_claim() -> None:
    world = started(*(supplier(f"V{n:04}") for n in range(4)))
    world.avid.poison = {"Supplier V0001": RefusedError("bad payload", code="400", status=400)}
    world.avid.during_put = lambda: world.wait(timedelta(seconds=40))
    world.store.drain()
    assert send_suppliers(world.tools) == 4
    assert len(world.avid.puts) == 2
    assert world.avid.vendors == {}
    for _ in range(5):
        world.run(send_suppliers)
        world.wait(FLIGHT)
    assert len(world.avid.vendors) == 3
    assert len(world.events(SupplierRefused)) == 1


def test_a_claim_outlasts_the_slowest_call_begun_under_it() -> None:
    world = started(supplier())
    world.store.drain()
    claim = Claim(world.tools, "send_suppliers", limit=1)
    call_timeout = world.tools.rules.avidxchange.call_timeout
    world.wait(call_timeout + MARGIN)
    assert claim.may_call
    world.wait(timedelta(seconds=BUDGET_PATIENCE_SECONDS))  # it waits for the rate budget,
    world.wait(call_timeout)  # then it connects as slowly as it may,
    assert claim.deadline == world.clock.now()  # sends its last byte,
    world.wait(FLIGHT)  # and is taken, and shows, as late as it may
    assert Claim(world.tools, "send_suppliers", limit=1).rows == []
    world.wait(MARGIN * 2)
    assert len(Claim(world.tools, "send_suppliers", limit=1).rows) == 1


def test_a_row_with_nothing_to_do_is_looked_at_again_soon() -> None:
    world = started(supplier())
    world.store.drain()
    world.tools.work.claim(
        "send_suppliers", connection=world.tools.connection, limit=1, worker="slow", lease=timedelta(seconds=1)
    )
    (before,) = world.store.log.load([stream(world)])[stream(world)]
    confirmed = SupplierConfirmed(
        key="100|V1001", vendor_id="9", enrolment="Enrolled", digest="d", of_version=before.version, opens_gate=True
    )
    world.wait(timedelta(seconds=2))
    world.store.log.append(
        [Append(stream=stream(world), expected_version=1, events=(confirmed,))], causes=world.tools.causes("x")
    )
    assert send_suppliers(world.tools) == 1
    assert world.avid.puts == []
    assert world.run(send_suppliers) == 0


def test_the_poll_says_what_it_cost() -> None:
    world = started(supplier("V1"), supplier("V2"))
    (completed,) = world.events(PollCompleted)
    assert completed == PollCompleted(
        flow="suppliers", watermark=str(world.infor.milliseconds), pages=1, seen=2, recorded=2, calls=3
    )
