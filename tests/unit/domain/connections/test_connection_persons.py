from datetime import timedelta

import pytest

from domain.connections import events as e
from domain.connections import persons
from domain.connections.connection import Connection, fold
from domain.errors import RefusedError
from domain.event import Event
from domain.identifiers import PinnedIdentity
from tests.support.history import START, given

ACME = PinnedIdentity("ACME_TST", 100, "https://avid.test")
OTHER_ORGANISATION = PinnedIdentity("ACME_TST", 100, "https://other.test")
OTHER_COMPANY = PinnedIdentity("ACME_TST", 200, "https://avid.test")
MARKS = (("infor", "aa"), ("avidxchange", "bb"))
ADDED: tuple[Event, ...] = (
    e.ConnectionAdded(name="acme", identity=ACME, divisions=("AAA", "BBB")),
    e.CredentialsImported(system="infor", fingerprint="aa"),
    e.CredentialsImported(system="avidxchange", fingerprint="bb"),
)
EXISTING = given(ADDED, fold=fold).state


def add(
    state: Connection,
    *,
    name: str = "acme",
    identity: PinnedIdentity = ACME,
    others: tuple[Connection, ...] = (),
    nothing_by_hand: str = "",
) -> tuple[Event, ...]:
    return persons.decide_added(
        state,
        name=name,
        identity=identity,
        divisions=("AAA", "BBB"),
        fingerprints=MARKS,
        others=others,
        nothing_by_hand=nothing_by_hand,
    )


def test_a_new_connection_pins_its_identity_and_the_fingerprints_of_its_credentials() -> None:
    given([], fold=fold).when(add).then(ADDED)


def test_connections_of_other_books_or_without_an_identity_stand_beside_each_other() -> None:
    events = add(Connection(), name="two", identity=OTHER_COMPANY, others=(Connection(), EXISTING))

    assert len(events) == 3


def test_an_identity_is_added_once() -> None:
    with pytest.raises(RefusedError, match="rotate acme"):
        given(ADDED, fold=fold).when(add)


def test_a_name_keeps_its_identity() -> None:
    with pytest.raises(RefusedError) as refusal:
        add(Connection(), identity=OTHER_COMPANY, others=(EXISTING,))

    assert refusal.value.code == "NAME_TAKEN"


def test_two_connections_never_sync_one_division() -> None:
    with pytest.raises(RefusedError, match="AAA, BBB") as refusal:
        add(Connection(), name="two", identity=OTHER_ORGANISATION, others=(EXISTING,))

    assert refusal.value.code == "DIVISION_TAKEN"


def test_an_interrupted_add_meets_itself_without_complaint() -> None:
    persons.check_overlap(EXISTING, name="acme", identity=ACME, divisions=("AAA",))


def test_rotation_records_only_what_changed() -> None:
    outcome = given(ADDED, fold=fold).when(
        lambda state: persons.decide_rotated(
            state, identity=ACME, fingerprints=(("infor", "cc"), ("avidxchange", "bb"))
        )
    )

    outcome.then([e.CredentialsRotated(system="infor", fingerprint="cc")])


@pytest.mark.parametrize(
    ("events", "identity", "code"),
    [((), ACME, "UNKNOWN"), (ADDED, OTHER_COMPANY, "OTHER_IDENTITY"), (ADDED, OTHER_ORGANISATION, "OTHER_IDENTITY")],
)
def test_rotation_refuses_credentials_of_somebody_else(
    events: tuple[Event, ...], identity: PinnedIdentity, code: str
) -> None:
    with pytest.raises(RefusedError) as refusal:
        given(events, fold=fold).when(
            lambda state: persons.decide_rotated(state, identity=identity, fingerprints=MARKS)
        )

    assert refusal.value.code == code


def test_a_pause_is_recorded_once_and_a_longer_one_again() -> None:
    def pause(state: Connection) -> tuple[Event, ...]:
        return persons.decide_paused(state, person="ann", reason="month end", until=None, now=START)

    paused = e.ConnectionPaused(person="ann", reason="month end")
    given(ADDED, fold=fold).when(pause).then([paused])
    given([*ADDED, paused], fold=fold).when(pause).then_nothing()
    hour = START + timedelta(hours=1)
    given([*ADDED, paused], fold=fold).when(
        lambda state: persons.decide_paused(state, person="ann", reason="audit", until=hour, now=START)
    ).then([e.ConnectionPaused(person="ann", reason="audit", until=hour)])


def test_a_pause_does_not_end_in_the_past() -> None:
    with pytest.raises(RefusedError, match="future"):
        persons.decide_paused(Connection(), person="ann", reason="x", until=START, now=START)


def test_only_a_paused_connection_is_resumed() -> None:
    paused = e.ConnectionPaused(person="ann", reason="month end")
    resumed = e.ConnectionResumed(person="bob")

    given([*ADDED, paused], fold=fold).when(lambda s: persons.decide_resumed(s, person="bob")).then([resumed])
    given(ADDED, fold=fold).when(lambda s: persons.decide_resumed(s, person="bob")).then_nothing()


def test_the_first_posting_is_approved_once_it_has_gone() -> None:
    chosen = e.FirstPostingChosen(posting="T1")
    approved = e.FirstPostingApproved(person="ann", reason="booked as wished")

    def approve(state: Connection) -> tuple[Event, ...]:
        return persons.decide_first_posting_approved(state, person="ann", reason="booked as wished")

    given([*ADDED, chosen], fold=fold).when(approve).then([approved])
    given([*ADDED, chosen, approved], fold=fold).when(approve).then_nothing()
    with pytest.raises(RefusedError, match="no posting"):
        given(ADDED, fold=fold).when(approve)
