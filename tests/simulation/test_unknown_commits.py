"""What the table of due work and the book of polls took though nobody said so, and who sleeps over a claim."""

from datetime import timedelta
from typing import cast

import pytest

from actors.relay import Relay, RelayStore
from domain.errors import StoreError
from tests.simulation.sites import Sites
from tests.unit.domain.invoices.invoice_facts import KEY, approved
from tieout.simulation.base_runs import undisturbed
from tieout.simulation.boundary import Port
from tieout.simulation.engine import Engine
from tieout.simulation.faults import STEPS, Fault
from tieout.simulation.schedule import Profile
from tieout.simulation.trace import Trace
from tieout.simulation.world import World

BOOKS = ("claim", "release", "postpone", "poll claim", "poll finish", "poll fail", "relay")
MINUTE = timedelta(minutes=1)
CROSSINGS = 84


def struck(step: str, fault: Fault) -> tuple[Engine, Trace]:
    """Play a run in which only the first crossing of a step meets the fault."""
    for seed in range(40):
        base = undisturbed(seed, Profile.PAY, crossings=CROSSINGS)
        calm = Engine(base)
        assert calm.run() == []
        for number in [number for number, crossed in calm.steps_at.items() if crossed == step][:1]:
            trace = Trace()
            engine = Engine(
                undisturbed(seed, Profile.PAY, crossings=CROSSINGS).explicit({number: fault}, {}), trace=trace
            )
            assert engine.run() == []
            assert engine.hits[step, fault] == 1
            return engine, trace
    raise AssertionError(f"no run comes to {step}")


@pytest.mark.parametrize("step", BOOKS)
def test_every_commit_of_a_book_may_be_made_without_a_word_and_be_slept_over(step: str) -> None:
    wanted = {Fault.UNKNOWN_COMMIT, Fault.DISK_FULL, Fault.STALL_BEFORE, Fault.STALL_AFTER}
    assert wanted <= set(STEPS[step])


@pytest.mark.parametrize("step", ["claim", "release", "postpone", "poll claim", "poll finish", "relay"])
def test_whatever_was_committed_without_a_word_everything_comes_to_rest(step: str) -> None:
    _, trace = struck(step, Fault.UNKNOWN_COMMIT)
    assert sum(Fault.UNKNOWN_COMMIT.value in line for line in trace.lines) == 1


def test_a_store_that_says_nothing_has_done_what_it_was_asked() -> None:
    world = World(undisturbed(1, Profile.SUBMIT, crossings=20))
    store, here = world.store, world.connection
    site = Sites(*[Fault.UNKNOWN_COMMIT] * 3)
    work = Port(site, "w1", store.work, {"claim": "claim", "apply": "relay"})
    polls = Port(site, "w1", store.polls, {"claim": "poll claim"})
    with pytest.raises(StoreError):
        polls.claim("invoices", connection=here, worker="w1", lease=MINUTE)
    assert [row.flow for row in store.polls.rows(here) if row.claimed_by == "w1"] == ["invoices"]
    world.say(world.stream("invoice", KEY.external_id), approved())
    with pytest.raises(StoreError):
        Relay(cast(RelayStore, work)).step()
    assert store.work.position() == store.log.last_position()
    with pytest.raises(StoreError):
        work.claim("fetch_images", connection=here, limit=9, worker="w1", lease=MINUTE)
    assert store.work.in_hand(here) == {"fetch_images": 1}
    assert site.crossed == ["poll claim", "relay", "claim"]


def test_what_was_claimed_without_a_word_is_free_again_when_its_lease_ends() -> None:
    engine, _ = struck("claim", Fault.UNKNOWN_COMMIT)
    assert engine.world.store.work.in_hand(engine.world.connection) == {}


@pytest.mark.parametrize("step", ["claim", "poll claim", "relay"])
def test_a_process_sleeps_over_what_it_took_in_hand(step: str) -> None:
    _, trace = struck(step, Fault.STALL_AFTER)
    assert any("stalls for" in line for line in trace.lines)
