"""Children of `worker --processes N` hear the global options their parent was given, and share no connection."""

import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from adapters.eventlog.postgres_pool import StorePool
from domain.errors import MisconfiguredError
from tests.support.command_line import Desk
from tests.support.postgres_server import emptied
from tieout import output


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    yield Desk(tmp_path, monkeypatch, capsys)
    output.log_to_stderr(debug=False)


def child_of(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *options: str, look: Callable[[], None] = lambda: None
) -> list[str]:
    """Give the global options of the first child of a worker that was started with these; look: called just before."""
    desk.set_up()
    monkeypatch.setenv("TIEOUT_BROKER_URL", "amqp://127.0.0.1:9/")
    started: list[list[str]] = []

    def start(command: Sequence[str], **_: object) -> NoReturn:
        look()
        started.append(list(command))
        raise MisconfiguredError("no child is started here")

    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "Popen", start)
        assert desk.types(*options, "worker", "--processes", "2").code == 2
    (command,) = started
    return command[command.index("tieout") + 1 : command.index("worker")]


def test_a_format_of_logs_given_as_an_option_is_the_childrens_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    said = child_of(desk, monkeypatch, "--log-format", "json", "--debug")
    assert said == ["--config", str(desk.folder / "tieout.toml"), "--debug", "--log-format", "json"]


def test_children_inherit_what_the_environment_says_and_are_told_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_LOG_FORMAT", "json")
    assert child_of(desk, monkeypatch) == ["--config", str(desk.folder / "tieout.toml")]


def test_a_parent_holds_no_pool_when_it_starts_its_children(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("TIEOUT_STORE_URL", emptied(postgres_url))
    made: list[StorePool] = []
    still_open: list[list[StorePool]] = []
    begin = StorePool.open

    def noted(pool: StorePool) -> None:
        made.append(pool)
        begin(pool)

    monkeypatch.setattr(StorePool, "open", noted)
    child_of(desk, monkeypatch, look=lambda: still_open.append([pool for pool in made if not pool.closed]))
    assert made, "the commands before it used the store"
    assert still_open == [[]]
