"""A seed replays bit for bit, a failure shrinks, the tally goes on where it was cut, and random schedules hold."""

import hashlib
import re
from pathlib import Path

import pytest

from domain.invoices.events import InvoiceIndexTurned
from tests.simulation.planted.invoice_bugs import INVOICE_BUGS
from tests.simulation.planted.planting import planted
from tieout.simulation.code import code_digest
from tieout.simulation.engine import Engine
from tieout.simulation.faults import CELLS, STEPS, Fault
from tieout.simulation.fleet import run_many
from tieout.simulation.happenings import Happening
from tieout.simulation.matrix import matrix_page
from tieout.simulation.schedule import Profile, draw
from tieout.simulation.shrink import shrink
from tieout.simulation.tally import Tally, run_seeds
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
    tally = run_seeds(1, 101)
    assert (tally.schedules, tally.findings) == (100, [])
    assert tally.ambiguous_writes > 10
    struck = {fault for fault in Fault if any(cell.endswith(f": {fault.value}") for cell in tally.hits)}
    assert sum(times > 0 for times in tally.hits.values()) > 200
    assert len(struck) > 18
    assert sum(times > 0 for times, _ in tally.by_happening().values()) > 30


def test_indexes_turn_their_pages_in_the_midst_of_faults() -> None:
    turned = 0
    for seed in range(1, 41):
        engine = Engine(draw(seed))
        assert engine.run() == []
        turns = [r.meta.recorded_at for r in engine.world.history() if isinstance(r.event, InvoiceIndexTurned)]
        assert engine.calm_since is not None
        turned += sum(at < engine.calm_since for at in turns)
    assert turned > 5


def test_a_failure_shrinks_to_the_faults_that_matter() -> None:
    with planted(BLIND_RETRY):
        seed = next(seed for seed in range(100) if Engine(BLIND_RETRY.schedule(seed)).run())
        small = shrink(BLIND_RETRY.schedule(seed))
        trace = Trace()
        assert Engine(small, trace=trace).run()[0].invariant == "I1"
    assert small.faults is not None
    assert len(small.faults) <= 2
    assert sum("sends TO-" in line for line in trace.lines) >= 2
    assert Engine(small).run() == []
    with pytest.raises(ValueError, match="breaks nothing"):
        shrink(small)


def test_a_tally_that_was_cut_goes_on_to_the_same_sums(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    whole = run_seeds(5, 25)
    run_many(Tally(first_seed=5, next_seed=5), until=12, state=state)
    halves = run_many(Tally.read(state), until=25, processes=2, state=state)
    assert (halves.schedules, halves.hits, halves.happenings) == (whole.schedules, whole.hits, whole.happenings)
    assert Tally.read(state) == halves
    assert halves.next_seed == 25
    assert halves.schedules_per_second > 0


def test_a_violation_is_kept_with_its_seed() -> None:
    with planted(BLIND_RETRY):
        found = run_seeds(0, 60, profile=Profile.SUBMIT)
    assert found.violations
    assert found.findings[0].invariant == "I1"
    whole = Tally(first_seed=-10, next_seed=0, schedules=10)
    whole.merge(found)
    assert (whole.schedules, whole.next_seed, whole.violations) == (70, 60, found.violations)
    assert whole.findings == found.findings


def test_a_run_ends_when_its_time_is_over() -> None:
    tally = run_many(Tally(first_seed=1, next_seed=1), until=1_000_000, seconds=0)
    assert 0 < tally.schedules < 1000


def test_the_page_of_a_tally_names_every_step_and_happening() -> None:
    page = matrix_page(run_seeds(1, 4))
    assert all(f" {step} " in page for step in STEPS)
    assert all(f"| {what.value} |" in page for what in Happening)
    assert "| 3 |" in page


def test_the_code_has_one_digest() -> None:
    assert re.fullmatch("[0-9a-f]{16}", code_digest())
    assert code_digest() == code_digest()


def test_every_fault_belongs_to_some_step() -> None:
    assert {fault for _, fault in CELLS} == set(Fault)
