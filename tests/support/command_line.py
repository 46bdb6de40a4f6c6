"""The command line as tests use it: run in this process, with what it printed and its exit code."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tieout.cli import run

TOKENS = {"TIEOUT_AVID_COMPANY_TOKEN": "company-token-1", "TIEOUT_AVID_USER_TOKEN": "user-token-1"}
IONAPI: dict[str, Any] = {
    "ti": "ACME_TST",
    "cn": "tieout",
    "ci": "ACME_TST~client",
    "cs": "client-secret-1",
    "iu": "http://127.0.0.1:9",
    "pu": "http://127.0.0.1:9/as/",
    "oa": "authorization.oauth2",
    "ot": "token.oauth2",
    "or": "revoke_token.oauth2",
    "saak": "ACME_TST#key",
    "sask": "account-secret-1",
}
SETTINGS = """
[connections.acme.infor]
company = 100
divisions = ["AAA"]
payment_interface = "AVXPAY"
call_timeout_seconds = 1
lookup_lag_seconds = 0
settle_window = "2s"
[connections.acme.avidxchange]
base_url = "http://127.0.0.1:9/v1"
call_timeout_seconds = 1
search_lag_seconds = 0
settle_window = "2s"
"""
SECRETS = ("client-secret-1", "account-secret-1", "company-token-1", "user-token-1")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    def failed(self, code: int, *said: str) -> None:
        """Demand a failure: this exit code, nothing on stdout, one sentence that says this, and no secret."""
        assert self.code == code, self.err
        assert self.out == ""
        (sentence,) = self.err.splitlines()
        assert sentence.startswith("tieout: ")
        for part in said:
            assert part in sentence
        assert not any(secret in sentence for secret in SECRETS)


class Desk:
    """A folder with settings in it, and the person who types commands there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        monkeypatch.chdir(folder)
        for name in ("TIEOUT_CONFIG", "TIEOUT_KEYS", "TIEOUT_STORE_URL", "TIEOUT_BROKER_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(folder / "home"))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "xdg"))
        for name, value in TOKENS.items():
            monkeypatch.setenv(name, value)

    def types(self, *arguments: str) -> Ran:
        """Run a command."""
        self._capsys.readouterr()
        code = run(list(arguments))
        printed = self._capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    def write_settings(self, text: str = SETTINGS) -> Path:
        """Write `tieout.toml`."""
        path = self.folder / "tieout.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def write_ionapi(self, **changes: Any) -> str:
        """Write an `.ionapi` file; a key changed to None is left out."""
        content = {key: value for key, value in {**IONAPI, **changes}.items() if value is not None}
        path = self.folder / "acme.ionapi"
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def set_up(self) -> None:
        """Do what a person does before the first sync."""
        self.write_settings()
        assert self.types("init").code == 0
        assert self.types("connection", "add", "acme", "--ionapi", self.write_ionapi()).code == 0
