"""Writes that go out late: within their deadline, taken and shown as late as the guarantees allow, and judged."""

from datetime import timedelta

import pytest

from domain.errors import TransientError
from domain.invoices.submission_events import InvoiceSubmissionStarted
from tests.simulation.sites import Sites
from tests.simulation.test_checkers import calm_world, recorded
from tieout.simulation.base_runs import undisturbed
from tieout.simulation.boundary import guarded
from tieout.simulation.checkers.arrivals import nothing_lands_behind_a_handover
from tieout.simulation.engine import Engine
from tieout.simulation.faults import DOORBELL, MONEY_WRITES, STEPS, Fault
from tieout.simulation.hands import UNDONE
from tieout.simulation.schedule import CALL_TIMEOUT, LAG, SETTLE, Profile
from tieout.simulation.trace import Trace
from tieout.simulation.world import World

CROSSINGS = 48


def struck(fault: Fault, *, seeds: range, trace: Trace | None = None) -> list[World]:
    """Play runs in which only the first send of a batch meets the fault; give the worlds of those that send at all."""
    worlds = []
    for seed in seeds:
        base = undisturbed(seed, Profile.SUBMIT, crossings=CROSSINGS)
        calm = Engine(base)
        calm.run()
        sends = [number for number, step in calm.steps_at.items() if step == "send_batch"]
        for number in sends[:1]:
            engine = Engine(
                undisturbed(seed, Profile.SUBMIT, crossings=CROSSINGS).explicit({number: fault}, {}), trace=trace
            )
            assert engine.run() == []
            assert (
                sum(n for (step, _), n in engine.hits.items() if step != DOORBELL)
                == engine.hits["send_batch", fault]
                == 1
            )
            worlds.append(engine.world)
    assert len(worlds) > len(seeds) / 2
    return worlds


def waits(worlds: list[World]) -> list[tuple[timedelta, timedelta]]:
    """Give how long behind its intent each first batch was taken and shown."""
    found = []
    for world in worlds:
        intent = recorded(world, InvoiceSubmissionStarted)
        begun = intent.deadline - CALL_TIMEOUT
        times = world.payables.batch_times(intent.batch)[0]
        assert times.lags[0] is not None
        found.append((times.taken - begun, times.taken + times.lags[0] - begun))
    return found


def test_a_late_send_reaches_the_last_moment_of_what_the_settle_window_allows_for_and_never_passes_it() -> None:
    found = waits(struck(Fault.SENT_LATE, seeds=range(40)))
    latest = max(shown for _, shown in found)
    assert latest <= CALL_TIMEOUT + SETTLE
    assert latest > CALL_TIMEOUT * 2 + LAG - timedelta(seconds=5)
    assert sum(taken > CALL_TIMEOUT * 1.5 for taken, _ in found) > 10
    assert max(taken for taken, _ in waits(struck(Fault.TAKEN_LATE, seeds=range(40)))) < CALL_TIMEOUT * 1.5


def test_a_short_stall_ends_before_the_deadline_and_others_work_meanwhile() -> None:
    trace = Trace()
    worlds = struck(Fault.STALL_SHORT, seeds=range(12), trace=trace)
    assert all(len(world.payables.received) == 1 for world in worlds)
    assert sum("waits while others work" in line for line in trace.lines) == len(worlds)
    assert max(taken for taken, _ in waits(worlds)) > CALL_TIMEOUT * 0.9


@pytest.mark.parametrize("state", ["handed over", "posted", "stuck"])
def test_a_step_that_lands_behind_a_handover_is_noticed(state: str) -> None:
    world = calm_world()
    assert list(nothing_lands_behind_a_handover(world)) == []
    (batch, *_) = world.ledger.batches
    batch.reopened = True
    assert any("CtrlBatch" in text for text in nothing_lands_behind_a_handover(world))
    batch.reopened, batch.state = False, state
    world.ledger.batches.append(batch)
    assert any("AddBatchHead" in text for text in nothing_lands_behind_a_handover(world))
    for batch.state in UNDONE:
        assert list(nothing_lands_behind_a_handover(world)) == []


def test_only_money_writes_are_drawn_to_the_last_moment_of_their_deadline() -> None:
    late = {step for step, faults in STEPS.items() if {Fault.SENT_LATE, Fault.STALL_SHORT} & set(faults)}
    assert late == set(MONEY_WRITES)


@pytest.mark.parametrize(("fault", "at_once"), [(Fault.TAKEN_LATE, 0), (Fault.TAKEN_TWICE, 1)])
@pytest.mark.parametrize("step", ["put_vendors", "put_codes"])
def test_an_upsert_is_taken_after_its_sender_gave_up(step: str, fault: Fault, at_once: int) -> None:
    taken: list[str] = []
    site = Sites(fault)
    with pytest.raises(TransientError):
        guarded(site, "w1", step, lambda: taken.append(step))
    assert (len(taken), site.strikes) == (at_once, [1])
    for call in site.late:
        call()
    assert len(taken) == at_once + 1
