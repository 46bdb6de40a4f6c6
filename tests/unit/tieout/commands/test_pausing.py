"""A pause with an end, and what sync-status makes of it and of marks."""

from pathlib import Path

import pytest

from tests.support.command_line import SETTINGS, Desk
from tieout.commands.syncing import _legible

BERLIN = '[connections.acme.schedule]\ntimezone = "Europe/Berlin"\n'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    made = Desk(tmp_path, monkeypatch, capsys)
    made.set_up()
    made.write_settings(SETTINGS + BERLIN)
    return made


@pytest.mark.parametrize(
    ("until", "end"),
    [
        ("2126-07-01T18:00", "2126-07-01T16:00:00Z"),  # in the connection's zone
        ("2126-07-01T18:00Z", "2126-07-01T18:00:00Z"),
        ("2126-07-01T18:00-05:00", "2126-07-01T23:00:00Z"),
    ],
)
def test_a_pause_may_end_at_a_time(desk: Desk, until: str, end: str) -> None:
    paused = desk.types("connection", "pause", "acme", "--until", until, "--reason", "month end", "--by", "ann")
    assert paused.code == 0, paused.err
    assert f"acme: paused by ann until {end}: month end; `tieout connection resume acme` ends it" in paused.err
    again = desk.types("connection", "pause", "acme", "--until", until, "--reason", "month end", "--by", "ann")
    assert f"nothing changed, it was paused by ann until {end}" in again.err

    report = desk.types("sync-status", "acme", "--json").document
    assert (report["paused"], report["pause"]) == (True, {"by": "ann", "reason": "month end", "until": end})
    assert report["blackout_until"] is None
    assert "acme (paused)" in desk.types("sync-status").out

    assert desk.types("connection", "resume", "acme").code == 0
    report = desk.types("sync-status", "acme", "--json").document
    assert (report["paused"], report["pause"]) == (False, None)


def test_a_pause_without_a_reason_says_that_none_was_given(desk: Desk) -> None:
    paused = desk.types("connection", "pause", "acme", "--by", "ann")
    assert "acme: paused by ann until a person resumes it: no reason given" in paused.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--until", "9999-12-31T23:59-12:00"], "is no time"),
        (["--until", "0001-01-01T00:00+05:00"], "is no time"),
        (["--until", "tomorrow"], "--until tomorrow is no time: for example 2026-12-24T18:00"),
        (["--until", "2026-12-24T18:00", "--for", "2h"], "--for and --until both say when the pause ends"),
        (["--until", "2020-01-01T00:00"], "a pause must end in the future"),
        (["--for", "a while"], "--for a while is no duration"),
    ],
)
def test_a_pause_without_a_clear_end_is_refused(desk: Desk, options: list[str], said: str) -> None:
    desk.types("connection", "pause", "acme", *options).failed(2, said)
    assert desk.types("sync-status", "acme", "--json").document["paused"] is False


def test_a_pause_that_replaces_another_says_what_it_was(desk: Desk) -> None:
    first = ("--until", "2126-07-01T18:00Z", "--reason", "month end", "--by", "ann")
    assert "(before:" not in desk.types("connection", "pause", "acme", *first).err
    second = desk.types("connection", "pause", "acme", "--reason", "stock taking", "--by", "bob")
    assert second.err == (
        "acme: paused by bob until a person resumes it: stock taking "
        "(before: paused by ann until 2126-07-01T18:00:00Z: month end); `tieout connection resume acme` ends it\n"
    )


def test_a_pause_without_an_end_says_what_ends_it(desk: Desk) -> None:
    paused = desk.types("connection", "pause", "acme", "--by", "ann")
    assert paused.err.startswith("acme: paused by ann until a person resumes it")


@pytest.mark.parametrize(
    ("mark", "shown"),
    [("1767225600000", "2026-01-01T00:00:00Z"), ("2026-03-02", "2026-03-02"), ("20260302", "20260302"), ("", "")],
)
def test_a_mark_in_milliseconds_is_shown_as_the_moment_it_is(mark: str, shown: str) -> None:
    assert _legible(mark) == shown
