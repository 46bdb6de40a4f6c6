"""A seed replays bit for bit, a failure shrinks, the tally goes on where it was cut, and random schedules hold."""

import hashlib
from pathlib import Path

import pytest

from tests.simulation.planted.invoice_bugs import INVOICE_BUGS
from tests.simulation.planted.planting import planted
from tieout.simulation.engine import Engine
from tieout.simulation.exhaustive import search
from tieout.simulation.faults import CELLS, Fault
from tieout.simulation.schedule import Profile, draw
from tieout.simulation.shrink import shrink
from tieout.simulation.tally import Tally, run_many
from tieout.simulation.trace import Trace

BLIND_RETRY = INVOICE_BUGS[0]


def fingerprint(seed: int) -> tuple[str, list[str]]:
    trace = Trace()
    engine = Engine(draw(seed), trace=trace)
    engine.run()
    log = hashlib.sha256(repr(engine.world.history()).encode()).hexdigest()
    return log, trace.lines


@pytest.mark.parametrize("seed", [3, 8, 17, 40])
def test_a_seed_replays_bit_for_bit(seed: int) -> None:
    assert fingerprint(seed) == fingerprint(seed)


def test_no_random_schedule_breaks_an_invariant() -> None:
    tally = run_many(Tally(first_seed=1, next_seed=1), until=101)
    assert (tally.schedules, tally.findings) == (100, [])
    assert tally.ambiguous_writes > 5
    assert len(tally.rare(1)) < len(CELLS)


def test_a_failure_shrinks_to_the_faults_that_matter() -> None:
    with planted(BLIND_RETRY):
        seed = next(seed for seed in range(100) if Engine(BLIND_RETRY.schedule(seed)).run())
        small = shrink(BLIND_RETRY.schedule(seed))
        trace = Trace()
        assert Engine(small, trace=trace).run()[0].invariant == "I1"
    assert small.faults is not None
    assert len(small.faults) <= 2
    assert sum("sends TO-" in line for line in trace.lines) == 2
    assert Engine(small).run() == []
    with pytest.raises(ValueError, match="breaks nothing"):
        shrink(small)


def test_a_tally_that_was_cut_goes_on_to_the_same_sums(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    whole = run_many(Tally(first_seed=5, next_seed=5), until=25)
    run_many(Tally(first_seed=5, next_seed=5), until=12, state=state)
    halves = run_many(Tally.read(state), until=25, state=state)
    assert (halves.schedules, halves.hits, halves.happenings) == (whole.schedules, whole.hits, whole.happenings)
    assert Tally.read(state).next_seed == 25
    assert halves.schedules_per_second > 0


def test_a_violation_is_kept_with_its_seed() -> None:
    with planted(BLIND_RETRY):
        tally = run_many(Tally(first_seed=0, next_seed=0), until=60, profile=Profile.SUBMIT)
    assert tally.violations
    assert tally.findings[0].invariant == "I1"


def test_the_exhaustive_search_of_an_invoice_s_first_calls_breaks_nothing() -> None:
    found = search(Profile.SUBMIT, 1, pairs=True, crossings=9)
    assert found.findings == []
    assert found.runs > 60
    assert len(found.states) > 5


def test_every_fault_belongs_to_some_step() -> None:
    assert {fault for _, fault in CELLS} == set(Fault)
