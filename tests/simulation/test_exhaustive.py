"""The exhaustive search: its base runs hold what they are named after, and what it tried is what it counts."""

import pytest

from domain.invoices.submission_events import InvoiceSubmitted
from domain.postings.events import PostingConfirmed, PostingPlanned
from tieout.simulation.base_runs import SCOPES, SPARE, Scope, base_runs, undisturbed
from tieout.simulation.engine import Engine
from tieout.simulation.exhaustive import BEHIND_A_MISHAP, Mishap, Task, _follow, search
from tieout.simulation.faults import DOORBELL, STEPS, Fault
from tieout.simulation.happenings import Happening
from tieout.simulation.schedule import Profile

ONE = range(1, 2)


def test_the_search_of_an_invoice_s_first_calls_breaks_nothing() -> None:
    scope = Scope(Profile.SUBMIT, 1, crossings=6)
    found = search(scope)
    assert found.findings == []
    assert found.runs > 150
    assert len(found.states) > 5
    assert search(scope, processes=2) == found


@pytest.mark.parametrize("scope", SCOPES, ids=lambda scope: scope.name)
def test_documents_have_come_to_their_end_within_what_is_searched(scope: Scope) -> None:
    (base,) = base_runs(scope, ONE)
    engine = Engine(base)
    assert engine.run() == []
    decisive = PostingConfirmed if scope.payments else InvoiceSubmitted
    ends = [r.meta.recorded_at for r in engine.world.history() if isinstance(r.event, decisive)]
    assert len(ends) == len(scope.payments or ()) or scope.documents
    assert engine.calm_since is not None
    assert max(ends) <= engine.calm_since
    assert len(engine.steps_at) == base.crossings > SPARE


@pytest.mark.parametrize("scope", [one for one in SCOPES if len(one.payments or ()) > 1], ids=lambda scope: scope.name)
def test_two_payments_are_under_way_together(scope: Scope) -> None:
    assert {len(set(one.payments or ())) for one in SCOPES if len(one.payments or ()) > 1} == {1, 2}
    (base,) = base_runs(scope, ONE)
    engine = Engine(base)
    engine.run()
    assert len(engine.world.payables.payment_ids()) == 2
    history = engine.world.history()
    plans = {r.stream: r.event.plan for r in history if isinstance(r.event, PostingPlanned)}
    confirmed = [r for r in history if isinstance(r.event, PostingConfirmed)]
    assert len(plans) == len({r.stream for r in confirmed}) == 2
    assert max(r.position for r in history if isinstance(r.event, PostingPlanned)) < confirmed[0].position
    assert len({line.invoice for plan in plans.values() for line in plan.lines}) == len(set(scope.payments or ()))


def test_every_step_is_crossed_by_a_base_run_or_named() -> None:
    crossed: set[str] = set()
    for scope in SCOPES:
        for base in base_runs(scope, ONE):
            engine = Engine(base)
            engine.run()
            crossed |= set(engine.steps_at.values())
    assert set(STEPS) - crossed - {DOORBELL} == set(BEHIND_A_MISHAP)  # doorbells are no calls


def follow(profile: Profile, mishap: Mishap) -> int:
    """Search one mishap; give how many runs are counted."""
    return _follow(Task(undisturbed(1, profile, crossings=60), mishap, paired=False)).runs


def test_a_run_in_which_nothing_happened_is_not_counted() -> None:
    assert follow(Profile.SUBMIT, Mishap(3, Happening.VOIDED)) == 0
    assert follow(Profile.PAY, Mishap(3, Happening.VOIDED)) == 1
    assert follow(Profile.SUBMIT, Mishap(3, Happening.STUCK)) == 0
    assert follow(Profile.PAY, Mishap(3, Happening.STUCK)) == 1


def test_a_happening_at_a_money_write_is_followed_by_faults_there() -> None:
    (base,) = base_runs(SCOPES[2], ONE)
    engine = Engine(base)
    engine.run()
    number = next(number for number, step in engine.steps_at.items() if step == "UpdBatch")
    found = _follow(Task(base, Mishap(number, Happening.RESTORED), paired=True))
    assert found.findings == []
    assert found.runs > 7
    assert "UpdBatch" in found.steps


def test_a_step_that_only_a_mishap_leads_to_has_every_fault_tried() -> None:
    (base,) = base_runs(SCOPES[-1], ONE)
    engine = Engine(base)
    engine.run()
    number = next(number for number, step in engine.steps_at.items() if step == "put_vendors")
    found = _follow(Task(base, Mishap(number, Fault.RESPONSE_LOST), paired=False))
    assert found.findings == []
    assert "find_vendors" in found.steps
    assert found.runs > len(STEPS["find_vendors"])
