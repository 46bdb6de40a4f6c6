"""Commands whose meaning must not depend on the store they are typed over."""

from pathlib import Path

import pytest

from tests.support import postgres_server
from tests.support.command_line import Desk


@pytest.fixture(params=["sqlite", "postgresql"])
def desk_of_either_store(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Desk:
    """Give a desk that is set up, over SQLite and over PostgreSQL."""
    made = Desk(tmp_path, monkeypatch, capsys)
    if request.param == "postgresql":
        url = postgres_server.emptied(request.getfixturevalue("postgres_url"))
        monkeypatch.setenv("TIEOUT_STORE_URL", url)
    made.set_up()
    return made
