from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.connections import events as e
from domain.connections import persons
from domain.connections.connection import Connection, fold
from domain.connections.removal import NAMED, check_not_removed, decide_removed
from domain.errors import RefusedError
from domain.event import Event
from domain.identifiers import PinnedIdentity
from tests.support.history import START, given
from tests.unit.domain.connections.test_connection_persons import (
    ACME,
    ADDED,
    MARKS,
    OTHER_COMPANY,
    OTHER_ORGANISATION,
    add,
)

PAUSED = e.ConnectionPaused(person="ann", reason="the buildings are sold")
REMOVED = e.ConnectionRemoved(person="ann", reason="the buildings are sold")
GONE: tuple[Event, ...] = (*ADDED, PAUSED, REMOVED)


def remove(
    state: Connection,
    *,
    reason: str = REMOVED.reason,
    unsettled: tuple[str, ...] = (),
    in_hand: tuple[str, ...] = (),
) -> tuple[Event, ...]:
    return decide_removed(
        state, person="ann", reason=reason, now=START + timedelta(hours=1), unsettled=unsettled, in_hand=in_hand
    )


def refusal(events: tuple[Event, ...], **given_: object) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        remove(given(events, fold=fold).state, **given_)  # type: ignore[arg-type]  # one case names one argument
    return refused.value


def test_a_paused_connection_with_nothing_in_hand_is_removed_once() -> None:
    given([*ADDED, PAUSED], fold=fold).when(remove).then([REMOVED])
    given(GONE, fold=fold).when(remove).then_nothing()


def test_a_connection_that_runs_is_not_removed_nor_one_whose_pause_has_ended() -> None:
    over = e.ConnectionPaused(person="ann", reason="lunch", until=START + timedelta(minutes=30))
    for events in (ADDED, (*ADDED, over)):
        refused = refusal(events)
        assert (refused.code, "`tieout connection pause acme` first" in str(refused)) == ("NOT_PAUSED", True)


def test_a_refusal_names_what_is_unsettled_and_counts_the_rest() -> None:
    few = refusal((*ADDED, PAUSED), unsettled=("invoice 100|A", "posting T1"))
    assert few.code == "UNSETTLED"
    assert "what becomes of invoice 100|A, posting T1; let tieout run" in str(few)
    many = refusal((*ADDED, PAUSED), unsettled=tuple(f"posting T{n}" for n in range(NAMED + 2)))
    assert "posting T4 and 2 more;" in str(many)


def test_what_is_unsettled_is_named_before_anybody_pauses_what_must_go_on_to_settle_it() -> None:
    assert refusal(ADDED, unsettled=("posting T1",)).code == "UNSETTLED"


def test_a_connection_is_not_removed_under_an_errand_at_work() -> None:
    refused = refusal((*ADDED, PAUSED), in_hand=("poll_invoices", "send_suppliers"))
    assert (refused.code, "while poll_invoices, send_suppliers is at work" in str(refused)) == ("IN_HAND", True)


@pytest.mark.parametrize(("events", "reason", "code"), [((), "sold", "UNKNOWN"), ((*ADDED, PAUSED), " ", "NO_REASON")])
def test_nobody_removes_what_was_never_added_or_without_a_reason(
    events: tuple[Event, ...], reason: str, code: str
) -> None:
    assert refusal(events, reason=reason).code == code


def test_a_removed_connection_has_no_credentials_and_no_pause_and_tells_who_when_and_why() -> None:
    state = given(GONE, fold=fold).state
    assert (state.removed, state.fingerprints, state.paused) == (True, (), False)
    with pytest.raises(RefusedError) as refused:
        check_not_removed(state)
    said = "connection 'acme' was removed on 2026-03-02 by ann (the buildings are sold); `tieout connection add acme"
    assert str(refused.value).startswith(said)
    assert (state.name, state.identity, state.divisions) == ("acme", ACME, ("AAA", "BBB"))


@pytest.mark.parametrize(
    "order",
    [
        lambda state: persons.decide_paused(state, person="bob", reason="x", until=None, now=START),
        lambda state: persons.decide_resumed(state, person="bob"),
        lambda state: persons.decide_rotated(state, identity=ACME, fingerprints=MARKS),
    ],
)
def test_a_removed_connection_takes_no_orders(order: Callable[[Connection], tuple[Event, ...]]) -> None:
    with pytest.raises(RefusedError) as refused:
        given(GONE, fold=fold).when(order)
    assert refused.value.code == "REMOVED"


def test_the_same_identity_under_the_same_name_goes_on_in_the_same_stream() -> None:
    given(GONE, fold=fold).when(add).then(ADDED)
    state = given([*GONE, *ADDED], fold=fold).state
    assert (state.removed, state.removed_by, state.removal_reason, state.version) == (False, "", "", 8)
    assert dict(state.fingerprints) == dict(MARKS)


def test_only_of_a_removed_one_somebody_vouches_that_nothing_was_booked_by_hand() -> None:
    added, word, *_ = add(given(GONE, fold=fold).state, nothing_by_hand="bob")
    assert (type(added), word) == (e.ConnectionAdded, e.NothingBookedByHand(person="bob"))
    with pytest.raises(RefusedError, match=r"acme was never removed: .* leave --nothing-by-hand out") as refused:
        add(Connection(), nothing_by_hand="bob")
    assert refused.value.code == "NEVER_REMOVED"


def test_a_removed_connection_keeps_its_name_and_its_identity_keeps_it() -> None:
    state = given(GONE, fold=fold).state
    with pytest.raises(RefusedError, match="were connection 'acme', which was removed") as other_name:
        add(state, name="two")
    with pytest.raises(RefusedError, match="'acme' was removed, and is pinned to") as other_identity:
        add(Connection(), identity=OTHER_COMPANY, others=(state,))
    assert (other_name.value.code, other_identity.value.code) == ("OTHER_NAME", "NAME_TAKEN")


def test_what_a_removed_connection_sent_is_not_sent_again_to_another_organisation() -> None:
    state = given(GONE, fold=fold).state
    with pytest.raises(RefusedError, match="could be paid a second time") as refused:
        add(Connection(), name="two", identity=OTHER_ORGANISATION, others=(state,))
    assert refused.value.code == "DIVISION_TAKEN"
    elsewhere = PinnedIdentity("OTHER_TST", 100, "https://avid.test")
    assert add(Connection(), name="two", identity=elsewhere, others=(state,))
