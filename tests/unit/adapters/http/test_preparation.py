"""A money write's last byte leaves within one call timeout of its preparation, whatever is done to the wall clock."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.preparation import Preparation
from tests.unit.adapters.http.remotes import HandClock

TIMEOUT = 60.0
jumps = st.integers(-7200, 7200)
waits = st.integers(0, 300)


def passes(clock: HandClock, seconds: float, *, and_is_set_by: float = 0.0) -> None:
    """Let time pass, and somebody set the wall clock."""
    clock.sleep(seconds)
    clock.wall += timedelta(seconds=and_is_set_by)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@given(before_intent=st.tuples(waits, jumps), before_call=st.tuples(waits, jumps), stall=st.tuples(waits, jumps))
def test_no_clock_that_is_set_lengthens_a_deadline(
    before_intent: tuple[int, int], before_call: tuple[int, int], stall: tuple[int, int]
) -> None:
    clock = HandClock()
    begun = clock.seconds
    preparation = Preparation(clock, timeout_seconds=TIMEOUT)
    preparation.done()
    passes(clock, before_intent[0], and_is_set_by=before_intent[1])
    own_deadline = clock.now() + timedelta(seconds=TIMEOUT)
    passes(clock, before_call[0], and_is_set_by=before_call[1])
    bound = preparation.deadline(own_deadline)
    passes(clock, stall[0], and_is_set_by=stall[1])
    assert bound.left(clock) <= TIMEOUT - (clock.seconds - begun)


def test_with_clocks_left_alone_the_deadline_is_the_one_asked_for(clock: HandClock) -> None:
    preparation = Preparation(clock, timeout_seconds=TIMEOUT)
    preparation.done()
    asked_for = clock.now() + timedelta(seconds=30)
    passes(clock, 10)
    assert preparation.deadline(asked_for).left(clock) == 20


def test_a_clock_set_ahead_before_the_intent_and_back_after_it_gains_nothing(clock: HandClock) -> None:
    preparation = Preparation(clock, timeout_seconds=TIMEOUT)
    preparation.done()
    passes(clock, 1, and_is_set_by=3600)
    own_deadline = clock.now() + timedelta(seconds=TIMEOUT)
    bound = preparation.deadline(own_deadline)
    passes(clock, 70, and_is_set_by=-3600)
    assert bound.left(clock) < 0


def test_what_was_never_prepared_is_bound_by_the_clocks_of_the_call(clock: HandClock) -> None:
    bound = Preparation(clock, timeout_seconds=TIMEOUT).deadline(clock.now() + timedelta(seconds=30))
    passes(clock, 31, and_is_set_by=-3600)
    assert bound.left(clock) == -1
