"""A fault counts as a hit when it struck: somebody worked, bytes were kept from somebody, a record slipped."""

from functools import partial
from typing import Any

import msgspec
import pytest

from domain.errors import ConflictError
from domain.ports.answers import Verdict
from tieout.simulation.base_runs import undisturbed
from tieout.simulation.boundary import guarded
from tieout.simulation.engine import Engine
from tieout.simulation.faults import Crash, Fault
from tieout.simulation.happened import OF_VOUCHERS, can_be_noticed
from tieout.simulation.happenings import Happening
from tieout.simulation.money_writes import _Sending, _write_once
from tieout.simulation.schedule import Profile, draw

STEP = "append in submit_invoices"
OTHERS = (Fault.OTHERS_BEFORE, Fault.OTHERS_AFTER)


def in_trouble(fault: Fault, *, workers: int = 2, profile: Profile = Profile.SUBMIT) -> Engine:
    """Give a run whose next crossing meets the fault."""
    base = msgspec.structs.replace(undisturbed(1, profile, crossings=20), workers=workers)
    engine = Engine(base.explicit({1: fault}, {}))
    engine.turbulent = True
    return engine


def at_work(engine: Engine, step: str, call: Any = lambda: None) -> None:
    """Let the first process be at its work and cross with a call."""
    engine._stack.append((1, "submit_invoices"))
    guarded(engine, "w1.1", step, call)


@pytest.mark.parametrize("fault", OTHERS)
def test_somebody_polls_when_nothing_is_due(fault: Fault) -> None:
    engine = in_trouble(fault)
    for process in engine.processes:
        for flow in ("suppliers", "ledger_codes", "invoices", "invoice_statuses", "payments"):
            engine.turbulent = False
            engine.run_on(process, f"poll_{flow}")
    engine.turbulent, engine._begun = True, engine.crossings
    engine.world.store.drain()
    assert not engine.world.store.polls.due(engine.time.now)
    begun = engine.crossings
    at_work(engine, STEP)
    assert engine.crossings > begun + 1
    assert engine.hits == {(STEP, fault): 1}


@pytest.mark.parametrize("fault", OTHERS)
def test_others_do_not_work_where_everybody_is_at_work(fault: Fault) -> None:
    engine = in_trouble(fault, workers=1)
    at_work(engine, STEP)
    assert (engine.made, engine.strikes, engine.crossings) == ({}, {}, 1)


def test_a_process_dies_after_an_append_that_was_made_only() -> None:
    def conflicting() -> None:
        raise ConflictError("somebody was faster")

    engine = in_trouble(Fault.CRASH_AFTER)
    with pytest.raises(ConflictError):
        at_work(engine, STEP, conflicting)
    assert engine.made
    assert not engine.hits
    engine = in_trouble(Fault.CRASH_AFTER)
    with pytest.raises(Crash):
        at_work(engine, STEP)
    assert engine.hits == {(STEP, Fault.CRASH_AFTER): 1}


@pytest.mark.parametrize("fault", [Fault.RESPONSE_LOST, Fault.GATEWAY, Fault.CRASH_AFTER, Fault.STALL_AFTER])
def test_nothing_befalls_bytes_that_do_not_go_out(fault: Fault) -> None:
    for left, struck in ((0.0, False), (1.0, True)):
        engine = in_trouble(fault, profile=Profile.PAY)
        gone: list[int] = []
        sending = _Sending("UpdBatch", ["K"], dict, partial(gone.append, 1))
        try:
            answer = _write_once(engine, "w1.1", sending, partial(float, left))
            assert (answer.verdict is Verdict.NOT_SENT) is not struck
        except Crash:
            assert struck
        assert bool(gone) is struck
        assert bool(engine.hits) is struck


def test_a_result_is_missing_only_where_there_is_one() -> None:
    for keys, strikes in (((), 0), (("V1",), 1)):
        engine = in_trouble(Fault.PARTIAL)
        at_work(engine, "put_vendors", partial(dict.fromkeys, keys))
        assert len(engine.strikes) == strikes


def test_most_of_what_is_drawn_strikes() -> None:
    drawn = struck = 0
    for seed in range(1, 41):
        engine = Engine(draw(seed))
        assert engine.run() == []
        drawn += len(engine.made)
        struck += len(engine.strikes)
    assert drawn >= struck > drawn * 0.95


def test_what_nobody_can_notice_does_not_happen() -> None:
    rules = Engine(undisturbed(1, Profile.SUBMIT, crossings=20)).world.rules
    unnoticed = {
        setting: {one for one in Happening if not can_be_noticed(msgspec.structs.replace(rules, **changes), one)}
        for setting, changes in {
            "codes are asked after": {"gl_accounts": "push"},
            "not so": {"gl_accounts": "off"},
            "people book": {"gl_accounts": "push", "payment_posting": "task"},
        }.items()
    }
    assert unnoticed == {
        "codes are asked after": set(),
        "not so": {Happening.CODE_BLOCKED},
        "people book": OF_VOUCHERS,
    }
