from domain.connections.connection import Connection, fold
from domain.connections.settings import decide_settings
from tests.support.payments_world import recorded


def test_the_first_settings_are_recorded_whole() -> None:
    (fact,) = decide_settings(Connection(), {"company": "100", "bank_id": "USB01"})
    assert fact.diff == ("bank_id: (none) -> USB01", "company: (none) -> 100")
    assert dict(fact.settings) == {"company": "100", "bank_id": "USB01"}


def test_the_same_settings_are_recorded_once() -> None:
    facts = decide_settings(Connection(), {"company": "100"})
    assert decide_settings(fold(recorded(facts)), {"company": "100"}) == ()


def test_a_change_names_the_key_before_and_after() -> None:
    facts = decide_settings(Connection(), {"bank_id": "USB01", "user": "ann"})
    (fact,) = decide_settings(fold(recorded(facts)), {"bank_id": "USB02"})
    assert fact.diff == ("bank_id: USB01 -> USB02", "user: ann -> (none)")
