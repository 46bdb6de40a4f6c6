"""When the relay rings: at once, then ever more rarely, and for a full batch before a small one."""

import itertools
from uuid import UUID

import pytest

from actors.ringing import BATCH, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, SETTLE_SECONDS, Key, Ringing

ACME, BETA = UUID(int=1), UUID(int=2)
SUPPLIERS: Key = (ACME, "send_suppliers")
SUBMIT: Key = (ACME, "submit_invoices")


def moments(ringing: Ringing, key: Key, rows: int, *, seconds: int) -> list[int]:
    """Give the seconds at which rows that stay ready are rung for."""
    return [now for now in range(seconds) if ringing.to_ring({key: rows}, now=float(now))]


def test_what_became_ready_is_rung_at_once() -> None:
    assert Ringing().to_ring({SUPPLIERS: 3, (BETA, "poll_payments"): 1}, now=5.0) == [
        (SUPPLIERS, 1),
        ((BETA, "poll_payments"), 1),
    ]


def test_what_nobody_takes_up_is_rung_again_ever_more_rarely_and_never_given_up() -> None:
    rung = moments(Ringing(), SUPPLIERS, 3, seconds=400)
    pauses = [after - before for before, after in itertools.pairwise(rung)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
    assert len(rung) < 12


def test_rows_that_grow_fewer_are_at_work_and_need_no_ring() -> None:
    ringing = Ringing()
    ringing.to_ring({SUPPLIERS: 1000}, now=0.0)
    assert [now for now in range(1, 10) if ringing.to_ring({SUPPLIERS: 1000 - now}, now=float(now))] == []
    assert ringing.to_ring({SUPPLIERS: 991}, now=9.0 + FIRST_PAUSE_SECONDS) == [(SUPPLIERS, 1)]


def test_what_was_done_and_became_ready_again_is_rung_at_once() -> None:
    ringing = Ringing()
    ringing.to_ring({SUPPLIERS: 3}, now=0.0)
    ringing.to_ring({}, now=0.1)
    assert ringing.to_ring({SUPPLIERS: 3}, now=0.2) == [(SUPPLIERS, 1)]


def test_a_batch_that_may_grow_is_rung_when_it_has_not_grown_for_a_while() -> None:
    ringing = Ringing()
    assert ringing.to_ring({SUBMIT: 1}, now=0.0) == []
    assert ringing.to_ring({SUBMIT: 2}, now=SETTLE_SECONDS) == []
    assert ringing.to_ring({SUBMIT: 2}, now=2 * SETTLE_SECONDS) == [(SUBMIT, 1)]


@pytest.mark.parametrize("key", [SUBMIT, SUPPLIERS])
def test_full_batches_are_rung_while_others_join_without_end(key: Key) -> None:
    ringing = Ringing()
    rung = [second for second in range(20) if ringing.to_ring({key: BATCH - 10 + 5 * second}, now=float(second))]
    assert rung[-1] >= 18
    assert all(later - sooner <= FIRST_PAUSE_SECONDS for sooner, later in itertools.pairwise(rung))


def test_full_batches_are_rung_at_once_two_of_them_side_by_side() -> None:
    assert Ringing().to_ring({SUBMIT: BATCH * 5}, now=0.0) == [(SUBMIT, 2)]
