"""Schedules of faults drawn at random: however they fall, no invoice lives twice and each comes to an end."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.errands.submit_invoices import submit_invoices
from domain.errors import StoreError
from domain.ports.answers import CallAnswer
from domain.ports.payables import EncodedBatch
from tests.unit.actors.invoices.invoice_world import PDF, World
from tieout.simulation.fakes.payables_faults import Fault

CRASH_BEFORE, CRASH_AFTER, LATE_ANSWER, RESTORE, SECOND_WORKER = "before", "after", "late", "restore", "second worker"
TROUBLE = st.one_of(
    st.sampled_from(list(Fault)),
    st.sampled_from([CRASH_BEFORE, CRASH_AFTER, LATE_ANSWER, RESTORE, SECOND_WORKER, ""]),
)


class Trouble:
    """Stands before the fake's `send_batch` and lets what the schedule says befall each send."""

    def __init__(self, world: World, schedule: list[str]) -> None:
        self.world, self.schedule = world, schedule
        self.send = world.payables.send_batch

    def __call__(self, encoded: EncodedBatch, **_: object) -> CallAnswer:
        world = self.world
        deadline = world.now() + timedelta(seconds=60)
        trouble = self.schedule.pop() if self.schedule else ""
        if isinstance(trouble, Fault):
            world.payables.script("send_batch", trouble)
        if trouble == CRASH_BEFORE:
            raise StoreError("the process died before it sent")
        answer = self.send(encoded, deadline=deadline)
        if trouble == CRASH_AFTER:
            raise StoreError("the process died before it wrote down the answer")
        if trouble == LATE_ANSWER:
            world.work_through(timedelta(minutes=8), step=timedelta(seconds=61))
        if trouble == SECOND_WORKER:
            world.wait(timedelta(minutes=20))
            submit_invoices(world.tools)
        if trouble == RESTORE:
            position = max(0, world.store.log.last_position() - 5)
            world.store.go_back(to_position=position, hold_until=world.now() + timedelta(minutes=10))
        return answer


@settings(max_examples=40, deadline=None)
@given(st.lists(TROUBLE, max_size=6), st.integers(1, 5))
def test_no_schedule_of_faults_doubles_or_loses_an_invoice(schedule: list[str], invoices: int) -> None:
    world = World()
    world.payables.send_batch = Trouble(world, list(schedule))  # type: ignore[method-assign]  # stands before the fake
    held = [world.ledger.put_invoice(f"INV-{n}", 500 + n, image=PDF) for n in range(invoices)]
    world.poll()
    for _ in range(8):
        world.work_through(timedelta(minutes=15), step=timedelta(seconds=61))
        world.poll()
        world.poll_statuses()
        assert max(world.live(invoice) for invoice in held) <= 1
    for invoice in held:
        state = world.state(invoice)
        assert state.phase in {"submitted", "held", "refused"}, world.names(invoice)
        assert (state.phase == "submitted") == (world.live(invoice) == 1)
        assert state.phase != "held" or state.desk
