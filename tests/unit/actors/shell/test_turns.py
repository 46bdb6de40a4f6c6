"""Turns: a connection never holds more than its share while another has work, and nothing that waits is lost."""

from uuid import UUID

import pytest

from actors.turns import LONGEST_AGE_MILLISECONDS, Turns

ACME, BETA, GAMMA = (UUID(int=number) for number in (1, 2, 3))
KINDS = ("send_suppliers", "send_ledger_codes", "close_invoices", "confirm_posting", "post_payment", "plan_reversal")


def entered(turns: Turns, connection: UUID) -> list[str]:
    """Ring every kind of errand for a connection; give those that may run."""
    return [kind for kind in KINDS if turns.enter(kind, connection)]


def test_a_connection_alone_may_have_every_thread() -> None:
    assert entered(Turns(6), ACME) == list(KINDS)


def test_while_another_waits_a_connection_has_half_of_the_threads_rounded_up() -> None:
    turns = Turns(5)
    assert [turns.enter(kind, ACME, waiting=frozenset({BETA})) for kind in KINDS] == [True] * 3 + [False] * 3
    assert turns.held(ACME) == 3


@pytest.mark.parametrize(("threads", "share"), [(1, 1), (2, 1), (3, 2), (6, 2), (8, 2), (40, 4)])
def test_among_ten_a_connection_has_an_equal_part_but_two_where_that_is_not_over_half(threads: int, share: int) -> None:
    turns = Turns(threads, serves=lambda: 10)
    assert [turns.enter(kind, ACME) for kind in KINDS].count(True) == share
    assert turns.held(ACME) == share
    assert share == threads or turns.enter("send_suppliers", BETA), "whoever rings first leaves room for the others"


def test_the_more_connections_are_at_work_the_smaller_the_share() -> None:
    turns = Turns(6)
    assert turns.enter("send_suppliers", ACME)
    assert turns.enter("send_suppliers", BETA)
    assert turns.enter("send_suppliers", GAMMA)
    assert turns.enter("close_invoices", ACME)
    assert not turns.enter("confirm_posting", ACME)


def test_even_one_thread_serves_everybody_in_turn() -> None:
    turns = Turns(1)
    assert turns.enter("send_suppliers", ACME, waiting=frozenset({BETA}))
    turns.leave("send_suppliers", ACME)
    assert turns.enter("send_suppliers", BETA, waiting=frozenset({ACME}))


def test_what_was_put_aside_is_rung_when_an_errand_of_its_connection_ends() -> None:
    turns = Turns(2)
    waiting = frozenset({BETA})
    assert turns.enter("send_suppliers", ACME, waiting=waiting)
    assert not turns.enter("close_invoices", ACME, waiting=waiting)
    assert not turns.enter("confirm_posting", ACME, waiting=waiting)
    assert not turns.enter("confirm_posting", ACME, waiting=waiting)
    assert turns.leave("send_suppliers", ACME) == ["close_invoices", "confirm_posting"]
    assert turns.held(ACME) == 0


def test_no_more_is_rung_at_once_than_the_share_has_room_for() -> None:
    turns = Turns(2)
    turns.enter("send_suppliers", BETA)
    assert turns.enter("send_suppliers", ACME)
    assert not turns.enter("close_invoices", ACME)
    assert not turns.enter("confirm_posting", ACME)
    assert turns.leave("send_suppliers", ACME) == ["close_invoices"]
    assert turns.enter("close_invoices", ACME)
    assert turns.leave("close_invoices", ACME) == ["confirm_posting"]


def test_a_ring_for_an_errand_at_work_joins_it_and_is_rung_once_at_its_end() -> None:
    turns = Turns(6)
    assert turns.enter("send_suppliers", ACME)
    assert not turns.enter("send_suppliers", ACME)
    assert not turns.enter("send_suppliers", ACME)
    assert turns.leave("send_suppliers", ACME) == ["send_suppliers"]
    assert turns.enter("send_suppliers", ACME)
    assert turns.leave("send_suppliers", ACME) == []


class Watch:
    """A clock set by hand, in milliseconds."""

    def __init__(self, at: int) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at / 1000


def served(turns: Turns, errand: str, rung_at: int) -> bool:
    """Ring an errand once; whether it ran, a batch that is over at once."""
    ran = turns.enter(errand, ACME, rung_at=rung_at)
    if ran:
        turns.leave(errand, ACME)
    return ran


def test_rings_from_before_the_last_batch_began_are_one_turn_and_later_ones_another() -> None:
    clock = Watch(1_000_000)
    turns = Turns(6, serves=lambda: 10, now=clock)
    assert [served(turns, "fetch_images", rung_at) for rung_at in (999_000, 999_000, 999_500)] == [True, False, False]
    assert not turns.enter("fetch_images", ACME, rung_at=999_999)
    clock.at += 5
    assert served(turns, "fetch_images", 1_000_000), "rung in the millisecond in which it began: perhaps after that"
    assert turns.enter("fetch_images", BETA, rung_at=999_000)


def test_an_old_ring_does_not_even_join_the_batch_at_work() -> None:
    turns = Turns(6, serves=lambda: 10, now=Watch(1_000_000))
    assert turns.enter("send_suppliers", ACME, rung_at=999_000)
    assert not turns.enter("send_suppliers", ACME, rung_at=999_000)
    assert turns.leave("send_suppliers", ACME) == []


def test_a_process_of_one_connection_takes_up_as_many_old_rings_as_may_be_at_work() -> None:
    turns = Turns(6, now=Watch(1_000_000))
    assert [turns.enter("fetch_images", ACME, rung_at=999_000) for _ in "123"] == [True, True, False]
    assert turns.leave("fetch_images", ACME) == []


@pytest.mark.parametrize("step", [-60_000, LONGEST_AGE_MILLISECONDS])
def test_a_clock_that_was_set_anew_silences_nobody(step: int) -> None:
    clock = Watch(1_000_000)
    turns = Turns(6, serves=lambda: 10, now=clock)
    assert served(turns, "send_suppliers", 999_000)
    clock.at += step
    assert served(turns, "send_suppliers", min(999_000, clock.at))


def test_who_does_not_know_when_it_was_rung_is_heard() -> None:
    turns = Turns(6, serves=lambda: 10, now=Watch(1_000_000))
    assert served(turns, "send_suppliers", 999_000)
    assert turns.enter("send_suppliers", ACME)
