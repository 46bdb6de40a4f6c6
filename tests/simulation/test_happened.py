"""What happens in the world is counted when it is done; what happened too rarely fails a run, like a rare fault."""

from pathlib import Path

import msgspec
import pytest
import typer

from tieout.commands.simulating import BROKEN, simulate
from tieout.simulation.base_runs import undisturbed
from tieout.simulation.beginnings import prepare
from tieout.simulation.code import code_digest
from tieout.simulation.engine import Engine
from tieout.simulation.fakes.ledger import FakeLedger
from tieout.simulation.faults import CELLS
from tieout.simulation.happened import Happened, drawn
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile, draw
from tieout.simulation.tally import Tally
from tieout.simulation.trace import Trace
from tieout.simulation.world_events import happen

RARE = Happening.VOID_TAKEN_BACK


def test_a_payment_is_voided_only_where_there_is_one() -> None:
    trace = Trace()
    nobody_paid = undisturbed(1, Profile.SUBMIT, crossings=20).explicit({}, {3: Happening.VOIDED})
    engine = Engine(nobody_paid, trace=trace)
    assert engine.run() == []
    assert engine.occurred == {3: Happening.VOIDED}
    assert not engine.happened
    assert any("found nothing to happen to: a payment is voided" in line for line in trace.lines)
    tally = Tally(first_seed=1, next_seed=1)
    tally.add(engine, 1)
    assert tally.by_happening()[Happening.VOIDED] == (0, 0)


def test_a_payment_that_is_voided_counts_for_the_errand_at_work() -> None:
    paid = undisturbed(1, Profile.PAY, crossings=20).explicit({}, {3: Happening.VOIDED})
    trace = Trace()
    engine = Engine(paid, trace=trace)
    engine.run()
    assert [(what, times) for (what, _), times in engine.happened.items()] == [(Happening.VOIDED, 1)]
    assert not any("nothing to do" in line for line in trace.lines)


@pytest.mark.parametrize(
    "happening", [one for one in Happening if one.value.startswith(("a payment stop", "the period"))]
)
def test_what_is_there_already_is_not_done_again(happening: Happening) -> None:
    opposite = {
        Happening.STOPPED: Happening.STOP_GONE,
        Happening.STOP_GONE: Happening.STOPPED,
        Happening.PERIOD_CLOSED: Happening.PERIOD_OPENED,
        Happening.PERIOD_OPENED: Happening.PERIOD_CLOSED,
    }[happening]
    engine = Engine(undisturbed(1, Profile.SUBMIT, crossings=20))
    happen(engine, opposite, 1)
    assert [happen(engine, happening, 1), happen(engine, happening, 1)] == [True, False]


def test_what_waits_for_a_voucher_counts_when_one_has_met_it() -> None:
    ledger = FakeLedger()
    happened = Happened(ledger)
    ledger.stick_next = 1
    happened.note(Happening.STUCK, "send_postings")
    assert not happened.counts()
    ledger.stick_next = 0
    assert happened.counts() == {(Happening.STUCK, "send_postings"): 1}
    assert happened.counts() == {(Happening.STUCK, "send_postings"): 1}


def test_a_voucher_that_sticks_is_often_booked_after_all() -> None:
    engine = Engine(msgspec.structs.replace(draw(9, profile=Profile.PAY), happening_rate=0.06))
    prepare(engine)
    aim, numbers = "payments", range(20, 200)
    assert sum(drawn(engine.world, aim, number) is Happening.STUCK_BOOKED for number in numbers) < 5
    for process in engine.processes:
        for errand in ("poll_payments", "post_payment", "send_postings"):
            engine.run_on(process, errand)
            engine.world.store.drain()
    (batch, *_) = engine.world.ledger.batches
    batch.state = "stuck"
    assert sum(drawn(engine.world, aim, number) is Happening.STUCK_BOOKED for number in numbers) > 20


def counted(state: Path, *, but: Happening | None) -> Path:
    """Write the state of a run whose seeds are through, in which everything was met once, but one happening."""
    happenings = {f"{one.value}: fetch_images": 1 for one in Happening if one is not but}
    hits = {f"{step}: {fault.value}": 1 for step, fault in CELLS}
    tally = Tally(first_seed=1, next_seed=201, schedules=200, code=code_digest(), hits=hits, happenings=happenings)
    tally.write(state)
    return state


def test_a_rare_happening_fails_the_command_as_a_rare_fault_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = counted(tmp_path / "state.json", but=RARE)
    assert Tally.read(state).rare(1) == {RARE.value: 0}
    with pytest.raises(typer.Exit) as ended:
        simulate(schedules=200, state=state, at_least=1, processes=1)
    assert ended.value.exit_code == BROKEN
    assert f"{RARE.value}: 0 times, 1 wanted" in capsys.readouterr().err


def test_a_run_that_met_everything_once_passes_and_one_time_more_is_wanted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = counted(tmp_path / "state.json", but=None)
    for at_least, code in ((1, 0), (2, BROKEN)):
        with pytest.raises(typer.Exit) as ended:
            simulate(schedules=200, state=state, at_least=at_least, processes=1)
        assert ended.value.exit_code == code
    assert f"and {len(CELLS) + len(Happening) - 10} more" in capsys.readouterr().err


def test_a_stop_is_lifted_from_an_invoice_that_has_one() -> None:
    for number in range(10):
        engine = Engine(undisturbed(1, Profile.SUBMIT, documents=3, crossings=20))
        held = list(engine.world.ledger.invoices.values())[number % 3]
        held.stopped = True
        assert happen(engine, Happening.STOP_GONE, number)
        assert not held.stopped
