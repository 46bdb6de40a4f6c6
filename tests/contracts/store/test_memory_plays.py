"""The store in memory can play what a real one may suffer: an unknown commit, a restored backup, a lost image."""

from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest

from domain.errors import HeldError, MalformedError, StoreError
from domain.event import Append
from domain.ports.store import MoneyGuard, PollMark
from tests.contracts.store.world import CAUSES, CONNECTION, LEASE, RELEASED, WITHDRAWN, ManualClock
from tieout.simulation.memory_store import MemoryStore


def failing(store: MemoryStore, moment: str) -> None:
    def fault(now: str) -> None:
        if now == moment:
            raise StoreError("no usable answer")

    store.log.fault = fault


@pytest.mark.parametrize(("moment", "committed"), [("before commit", 0), ("after commit", 1)])
def test_a_store_may_give_no_answer_before_or_after_it_committed(moment: str, committed: int) -> None:
    store = MemoryStore(ManualClock())
    failing(store, moment)
    with pytest.raises(StoreError):
        store.log.append([Append(stream=uuid4(), expected_version=0, events=(RELEASED,))], causes=CAUSES)
    assert store.log.last_position() == committed


def test_a_restored_backup_forgets_its_tail_in_every_table_and_holds_money() -> None:
    clock, stream = ManualClock(), uuid4()
    store = MemoryStore(clock)
    before = store.log.incarnation()
    store.polls.ensure(CONNECTION, {"invoices": timedelta(minutes=1)})
    store.log.append([Append(stream=stream, expected_version=0, events=(RELEASED,))], causes=CAUSES)
    due = store.polls.claim("invoices", connection=CONNECTION, worker="w", lease=LEASE)
    assert due is not None
    mark = PollMark(
        connection=CONNECTION, flow="invoices", claim=due.claim, watermark="W1", completed_at=clock(), seen=1
    )
    later = Append(stream=stream, expected_version=1, events=(WITHDRAWN,))
    store.log.append([later], causes=CAUSES, mark=mark)
    assert store.relay_step() == 2
    assert store.work.rows() == {}
    incarnation = store.go_back(to_position=1, hold_until=clock() + timedelta(minutes=15))
    assert incarnation == store.log.incarnation() != before
    assert [entry.event for entry in store.log.load([stream])[stream]] == [RELEASED]
    assert [key[1] for key in store.work.rows()] == ["submit_invoices"]
    assert store.polls.rows(CONNECTION)[0].watermark == ""
    old = store.polls.claim("invoices", connection=CONNECTION, worker="w", lease=LEASE)
    assert old is not None
    store.go_back(to_position=1, hold_until=clock())
    with pytest.raises(HeldError, match="claim"):
        store.polls.finish(msgspec.structs.replace(mark, claim=old.claim))
    incarnation = store.log.incarnation()
    with pytest.raises(HeldError):
        store.log.append([later], causes=CAUSES, guard=MoneyGuard(incarnation=incarnation))


def test_a_lost_image_is_missed() -> None:
    store = MemoryStore(ManualClock())
    digest, _ = store.blobs.put([b"%PDF"], max_bytes=10)
    store.blobs.lose(digest)
    with pytest.raises(MalformedError):
        store.blobs.get(digest)


def test_the_sweep_in_memory_frees_rows_that_wait_for_an_open_key() -> None:
    clock = ManualClock()
    store = MemoryStore(clock)
    store.log.append([Append(stream=uuid4(), expected_version=0, events=(RELEASED,))], causes=CAUSES)
    store.drain()
    (row,) = store.work._rows.values()
    row.waits_for = "supplier:100|V1"
    store.work._open.add((CONNECTION, "supplier:100|V1"))
    assert store.work.sweep() == 1
    assert len(store.work.due_counts(clock())) == 1
