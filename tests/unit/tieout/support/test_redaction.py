"""What each kind of value becomes before it may leave."""

import pytest

from domain.event import Personal
from tieout.support.redaction import GONE, domain_of, host_of, plain, text


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("POST https://h.example.com/v1/x?token=abc: answered 500", f"POST https://h.example.com/{GONE} answered 500"),
        ("mail ann.b@acme.test refused", f"mail {GONE} refused"),
        ("tax id 12-3456789 is taken", f"tax id {GONE} is taken"),
        ("call +1 (704) 555-0100 now", f"call {GONE} now"),
        ("card 4111 1111 1111 1111", f"card {GONE}"),
        ("bearer eyJhbGciOiJIUzI1NiJ9.e30.x", f"bearer {GONE}"),
        ("held until 2026-03-02T08:00:00+00:00, page 3 of 12", "held until 2026-03-02T08:00:00+00:00, page 3 of 12"),
        ("no answer in time", "no answer in time"),
        ("XRE0104 in GLS840MI/AddBatchHead", "XRE0104 in GLS840MI/AddBatchHead"),
    ],
)
def test_what_somebody_said_loses_addresses_numbers_and_tokens(said: str, left: str) -> None:
    assert text(said) == left


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:word@h.example.com:8443/a/b?c=d", f"https://h.example.com:8443/{GONE}"),
        ("postgresql://tieout:word@db:5432/tieout", f"postgresql://db:5432/{GONE}"),
        ("sqlite:////somewhere/tieout.db", "sqlite:///tieout.db"),
        ("http://[broken", GONE),
        ("no address", GONE),
    ],
)
def test_an_address_is_cut_to_its_host(url: str, shown: str) -> None:
    assert host_of(url) == shown


def test_a_mail_address_is_cut_to_its_domain() -> None:
    assert (domain_of("ann@acme.test"), domain_of("")) == (f"{GONE}@acme.test", "")


def test_personal_fields_go_by_their_type_at_any_depth() -> None:
    assert plain({"a": [Personal("12-3456789"), "fine"], 1: (True, None, 2)}) == {
        "a": [GONE, "fine"],
        "1": [True, None, 2],
    }
