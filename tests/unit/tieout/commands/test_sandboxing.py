"""The sandbox by name: never without TLS on an address that is not this machine's."""

from pathlib import Path

import pytest

from tests.support.command_line import Desk


@pytest.mark.parametrize("host", ["sandbox.test", "192.0.2.7"])
def test_a_name_that_is_not_loopback_wants_tls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    desk = Desk(tmp_path, monkeypatch, capsys)
    desk.types("sandbox", "--host", host).failed(2, f"--host {host} is not loopback", "add --tls")
