"""After the store went back: what it forgot is listed, and first sends go on once AvidXchange was read again."""

from datetime import datetime, timedelta

import pytest

from domain import keys
from domain.connections import events as e
from domain.connections.connection import fold
from domain.connections.forgotten import decide_sought
from domain.connections.persons import decide_restore_point
from domain.effects import Open, Shut
from domain.errors import RefusedError
from domain.event import Event
from domain.routing import route
from tests.support.payments_world import NOW, STREAM, recorded

UNTIL = NOW + timedelta(minutes=10)
DAY = timedelta(days=1)
BACK = e.StoreWentBack(incarnation=STREAM, noticed_at=NOW, hold_until=UNTIL, detail="")


def sought(*history: Event, forgotten: tuple[str, ...] = (), late: bool = True) -> tuple[Event, ...]:
    return decide_sought(fold(recorded(history)), forgotten, begun_at=UNTIL if late else NOW)


def test_a_store_that_never_went_back_has_nothing_to_seek() -> None:
    assert sought() == ()


def test_the_first_poll_after_the_hold_frees_first_sends_whatever_it_found() -> None:
    (fact,) = sought(BACK)
    assert fact == e.ForgottenInvoicesSought(forgotten=(), complete=True)
    assert fold(recorded([BACK, fact])).sought
    assert sought(BACK, fact) == ()


def test_a_poll_during_the_hold_only_remembers() -> None:
    assert sought(BACK, late=False) == ()
    (fact,) = sought(BACK, forgotten=("A",), late=False)
    assert fact == e.ForgottenInvoicesSought(forgotten=("A",), complete=False)
    assert not fold(recorded([BACK, fact])).sought
    assert sought(BACK, fact, forgotten=("A",), late=False) == ()


def test_what_is_forgotten_no_more_is_cleared() -> None:
    (first,) = sought(BACK, forgotten=("A", "B"))
    assert sought(BACK, first, forgotten=("A", "B")) == ()
    (second,) = sought(BACK, first, forgotten=("B",))
    assert second == e.ForgottenInvoicesSought(forgotten=("B",), cleared=("A",), complete=True)


def test_a_store_that_goes_back_again_seeks_again_and_remembers_the_first_time() -> None:
    (fact,) = sought(BACK, forgotten=("A",))
    again = e.StoreWentBack(incarnation=STREAM, noticed_at=UNTIL, hold_until=UNTIL, detail="")
    state = fold(recorded([BACK, fact, again]))
    assert (state.sought, state.first_went_back_at, state.went_back_at) == (False, NOW, UNTIL)
    assert state.forgotten == ("A",)


@pytest.mark.parametrize(("back", "first"), [(NOW - DAY, NOW - DAY), (NOW, NOW), (UNTIL, NOW)])
def test_what_was_known_before_goes_by_the_earliest_moment_the_store_was_set_back_to(
    back: datetime, first: datetime
) -> None:
    said = e.RestorePointDeclared(person="ann", reason="a snapshot", set_back_to=back)
    state = fold(recorded([BACK, said]))
    assert (state.first_went_back_at, state.went_back_at) == (first, NOW)
    assert fold(recorded([said, BACK])).first_went_back_at == back
    assert effects(said) == ()


def test_a_restore_point_is_said_once_and_lies_in_the_past() -> None:
    def said(*history: Event, moment: datetime = NOW) -> tuple[Event, ...]:
        state = fold(recorded(history))
        return decide_restore_point(state, person="ann", reason="a snapshot", moment=moment, now=UNTIL)

    (fact,) = said()
    assert fact == e.RestorePointDeclared(person="ann", reason="a snapshot", set_back_to=NOW)
    assert said(fact) == said(BACK) == ()
    assert said(BACK, moment=NOW - DAY)
    with pytest.raises(RefusedError, match="still to come"):
        said(moment=UNTIL + DAY)


def test_the_keys_follow() -> None:
    assert effects(BACK) == (Shut(keys.FORGOTTEN_SOUGHT),)
    said = e.ForgottenInvoicesSought(forgotten=("A",), cleared=("B",), complete=False)
    marks = (Shut(keys.forgotten("A")), Open(keys.forgotten("B")))
    assert effects(said) == marks
    whole = e.ForgottenInvoicesSought(forgotten=("A",), cleared=("B",), complete=True)
    assert effects(whole) == (*marks, Open(keys.FORGOTTEN_SOUGHT))


def effects(event: Event) -> tuple[object, ...]:
    return route(recorded([event])[0])
