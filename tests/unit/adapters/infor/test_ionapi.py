import json
from pathlib import Path

import pytest

from adapters.infor.ionapi import load_ionapi, parse_ionapi
from domain.errors import MisconfiguredError

WHOLE = {
    "ti": "ACME_TST",
    "cn": "tieout",
    "ci": "ACME_TST~xyz",
    "cs": "client-secret",
    "iu": "https://gateway.example/",
    "pu": "https://sso.example:443/ACME_TST/as",
    "oa": "authorization.oauth2",
    "ot": "token.oauth2",
    "or": "revoke_token.oauth2",
    "saak": "ACME_TST#account",
    "sask": "account-secret",
}


def parse(**changed: object) -> object:
    content = {key: value for key, value in (WHOLE | changed).items() if value is not None}
    return parse_ionapi(json.dumps(content).encode(), name="acme.ionapi")


def test_a_whole_file_is_read_also_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "acme.ionapi"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(WHOLE | {"sc": ["a", "b"]}).encode())
    read = load_ionapi(path)
    assert read.token_url == "https://sso.example:443/ACME_TST/as/token.oauth2"
    assert read.tenant_url == "https://gateway.example/ACME_TST"
    assert (read.scopes, read.revoke_path) == ("a b", "revoke_token.oauth2")


def test_no_secret_stands_in_the_text_of_credentials() -> None:
    shown = f"{parse()!r} {parse()}"
    assert "secret" not in shown
    assert "#account" not in shown


@pytest.mark.parametrize("key", ["ti", "ci", "cs", "iu", "pu", "ot"])
@pytest.mark.parametrize("value", [None, "", 7, "  "])
def test_a_missing_or_wrong_key_is_named_with_its_file(key: str, value: object) -> None:
    with pytest.raises(MisconfiguredError, match=rf"acme\.ionapi.*'{key}'"):
        parse(**{key: value})


@pytest.mark.parametrize("key", ["saak", "sask"])
def test_a_file_without_service_account_says_what_to_download_instead(key: str) -> None:
    with pytest.raises(MisconfiguredError, match=rf"acme\.ionapi lacks the key '{key}'.*Backend Service app"):
        parse(**{key: None})


@pytest.mark.parametrize("data", [b"", b"not JSON cs=client-secret", b"[1]", b"\xff\xfe{}", b'"text"', b"[" * 20_000])
def test_what_is_no_json_object_says_what_to_download_and_quotes_nothing(data: bytes) -> None:
    with pytest.raises(MisconfiguredError, match="Backend Service app") as refused:
        parse_ionapi(data, name="acme.ionapi")
    assert "client-secret" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match=r"nowhere\.ionapi: cannot be read"):
        load_ionapi(tmp_path / "nowhere.ionapi")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.ionapi"
    path.write_bytes(b" " * 100_000)
    with pytest.raises(MisconfiguredError, match=r"huge\.ionapi is too large"):
        load_ionapi(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("iu", "gateway.example"),
        ("iu", "https://"),
        ("iu", "https://gate way"),
        ("iu", "https://gateway:x"),
        ("iu", "https://ann:hush@gateway"),
        ("pu", "ftp://sso"),
        ("sc", 3),
        ("sc", [3]),
    ],
)
def test_addresses_and_scopes_are_checked(key: str, value: object) -> None:
    with pytest.raises(MisconfiguredError, match=f"'{key}'"):
        parse(**{key: value})


def test_scopes_may_be_one_text() -> None:
    read = parse_ionapi(json.dumps(WHOLE | {"sc": "a  b"}).encode(), name="x")
    assert read.scopes == "a b"
