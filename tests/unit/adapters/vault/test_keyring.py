"""The key ring opens what it sealed, and its complaints name TIEOUT_KEYS and never a key."""

from base64 import b64encode

import pytest

from adapters.vault.keyring import KeyRing, Sealed, generate_ring
from domain.errors import MisconfiguredError

OLD = f"old:{b64encode(b'o' * 32).decode()}"
NEW = f"new:{b64encode(b'n' * 32).decode()}"


def test_a_generated_ring_seals_and_opens() -> None:
    ring = KeyRing.parse(generate_ring())
    sealed = ring.seal(b"secret", context="infor credentials of acme")
    assert b"secret" not in sealed.data
    assert ring.open(sealed, context="infor credentials of acme") == b"secret"


def test_the_newest_key_seals_and_older_ones_still_open() -> None:
    sealed = KeyRing.parse(OLD).seal(b"secret", context="c")
    ring = KeyRing.parse(f"{NEW},{OLD}")
    assert ring.open(sealed, context="c") == b"secret"
    assert ring.seal(b"secret", context="c").key_id == "new"
    assert KeyRing.parse(f"{NEW}\n {OLD}\n").newest == "new"


def test_a_secret_moved_to_another_connection_does_not_open() -> None:
    ring = KeyRing.parse(NEW)
    sealed = ring.seal(b"secret", context="infor credentials of acme")
    with pytest.raises(MisconfiguredError, match="does not open"):
        ring.open(sealed, context="infor credentials of other")


def test_a_key_that_is_not_in_the_ring_is_named() -> None:
    sealed = KeyRing.parse(OLD).seal(b"secret", context="c")
    with pytest.raises(MisconfiguredError, match=r"TIEOUT_KEYS.*'old'"):
        KeyRing.parse(NEW).open(sealed, context="c")


def test_damaged_ciphertext_is_no_crash() -> None:
    with pytest.raises(MisconfiguredError):
        KeyRing.parse(NEW).open(Sealed("new", b"x"), context="c")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("justtext", "id:base64"),
        ("bad id:AAAA", "id:base64"),
        ("k1:not!base64", "not base64"),
        ("k1:c2hvcnQ=", "5 bytes"),
        (f"{NEW},{NEW}", "twice"),
    ],
)
def test_a_broken_ring_says_what_is_wrong_without_showing_it(text: str, complaint: str) -> None:
    with pytest.raises(MisconfiguredError, match=complaint) as refusal:
        KeyRing.parse(text)
    assert "TIEOUT_KEYS" in str(refusal.value)
    assert "not!base64" not in str(refusal.value)
    assert "c2hvcnQ" not in str(refusal.value)


def test_a_ring_shows_ids_only() -> None:
    assert repr(KeyRing.parse(f"{NEW},{OLD}")) == "KeyRing(new, old)"
