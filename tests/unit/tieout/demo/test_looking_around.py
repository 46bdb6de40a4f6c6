"""What the demo says at its end leads a newcomer on, also where the program is in no folder of the PATH."""

import sys
from pathlib import Path

import pytest

from tieout.demo.command import looking_around

FOLDER = Path("kept")
AROUND = "everything is in kept: `cd` there to look around (`tieout issues`, `tieout timeline RECORD` …);"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a virtual environment that nobody activated."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "activate").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    return tmp_path


def test_where_the_shell_finds_no_tieout_its_environment_is_named_first(environment: Path) -> None:
    assert list(looking_around(FOLDER)) == [
        f"this shell finds no `tieout` yet: `. {environment}/bin/activate` puts it on the PATH",
        AROUND,
    ]


def test_where_the_shell_finds_tieout_nothing_needs_to_be_done(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = environment / "bin" / "tieout"
    program.touch(mode=0o700)
    monkeypatch.setenv("PATH", str(program.parent))
    assert list(looking_around(FOLDER)) == [AROUND]


def test_where_there_is_nothing_to_activate_none_is_named(environment: Path) -> None:
    (environment / "bin" / "activate").unlink()
    assert list(looking_around(FOLDER)) == [AROUND]
