from datetime import timedelta

import pytest

from domain.connections import events as e
from domain.connections.connection import fold
from tests.support.payments_world import IDENTITY, NOW, STREAM, recorded

ADDED = e.ConnectionAdded(name="acme", identity=IDENTITY, divisions=("AAA",))


def test_a_connection_knows_its_name_and_pinned_identity() -> None:
    state = fold(recorded([ADDED, e.SettingsChanged(digest="d1", diff=())]))
    assert (state.name, state.identity, state.divisions, state.settings_digest) == ("acme", IDENTITY, ("AAA",), "d1")


def test_rotated_credentials_replace_the_fingerprint() -> None:
    first = e.CredentialsImported(system="infor", fingerprint="f1")
    avid = e.CredentialsImported(system="avidxchange", fingerprint="f2")
    rotated = e.CredentialsRotated(system="infor", fingerprint="f3")
    assert dict(fold(recorded([first, avid, rotated])).fingerprints) == {"infor": "f3", "avidxchange": "f2"}


def test_a_pause_lasts_until_its_end_or_until_it_is_resumed() -> None:
    until = NOW + timedelta(hours=1)
    paused = fold(recorded([e.ConnectionPaused(person="ann", reason="audit", until=until)]))
    assert paused.is_paused(NOW)
    assert not paused.is_paused(until)
    endless = [e.ConnectionPaused(person="ann", reason="audit")]
    assert fold(recorded(endless)).is_paused(until)
    assert not fold(recorded([*endless, e.ConnectionResumed(person="ann")])).is_paused(NOW)


def test_a_store_that_went_back_is_remembered() -> None:
    back = e.StoreWentBack(incarnation=STREAM, noticed_at=NOW, hold_until=NOW, detail="")
    assert fold(recorded([back])).went_back_at == NOW


REMOVED = e.ConnectionRemoved(person="ann", reason="sold")


def test_a_connection_that_was_never_removed_nor_restored_has_a_log_that_is_proof() -> None:
    state = fold(recorded([ADDED]))
    assert (state.unsure_before, state.unsure_because) == (None, "")


def test_before_it_was_added_again_a_payment_may_be_booked_by_hand() -> None:
    state = fold(recorded([ADDED, REMOVED, ADDED]))
    assert (state.unsure_before, state.unsure_because) == (NOW, "the connection was removed for a while")


def test_a_person_may_vouch_that_nothing_was_booked_by_hand() -> None:
    vouched = (ADDED, e.NothingBookedByHand(person="ann"))
    assert fold(recorded([ADDED, REMOVED, *vouched])).unsure_before is None
    twice = fold(recorded([ADDED, REMOVED, ADDED, REMOVED, *vouched]))
    assert twice.unsure_before == NOW, "the word speaks of the last removal only"


@pytest.mark.parametrize("late", [timedelta(hours=1), -timedelta(hours=1)])
def test_the_later_of_a_restore_and_a_return_counts(late: timedelta) -> None:
    back = e.StoreWentBack(incarnation=STREAM, noticed_at=NOW + late, hold_until=NOW, detail="")
    state = fold(recorded([ADDED, REMOVED, ADDED, back]))
    assert state.unsure_before == max(NOW, NOW + late)
    assert state.unsure_because == "the store went back in time and the connection was removed for a while"


def test_the_first_posting_is_chosen_and_approved() -> None:
    chosen = e.FirstPostingChosen(posting="T1")
    approved = e.FirstPostingApproved(person="ann", reason="booked as wished")
    state = fold(recorded([chosen, approved]))
    assert (state.first_posting, state.first_posting_approved) == ("T1", True)


def test_other_facts_change_nothing() -> None:
    tested = e.RemotesTested(infor_company=100, avidxchange_systems=(), missing_transactions=())
    assert fold(recorded([tested])).name == ""
