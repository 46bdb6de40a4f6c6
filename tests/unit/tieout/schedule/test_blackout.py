"""Blackout windows by the clock on the wall: the grammar, and where they end, against brute force."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.tieout.schedule.brute_force import CHANGES, MINUTE, ZONES, minutes, utc, wall
from tieout.schedule.blackout import DAYS, Blackout, parse_blackout

BERLIN = ZoneInfo("Europe/Berlin")


def blackout(*texts: str, zone: str = "Europe/Berlin") -> Blackout:
    return parse_blackout(texts, zone=ZoneInfo(zone))


def within(windows: Blackout, day: str, time: str) -> bool:
    """Ask for a day of the first week of June 2026, which began on a Monday."""
    moment = utc(f"2026-06-{DAYS.index(day.lower()) + 1:02}T{time}").replace(tzinfo=windows.zone)
    return windows.covers(moment)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("02:00-03:00", ["Mon 02:00", "Sun 02:59"], ["Mon 01:59", "Sun 03:00"]),
        ("Mon-Fri 12:00-13:00", ["Mon 12:00", "Fri 12:30"], ["Sat 12:30", "Mon 13:00"]),
        ("Fri 22:00-Sat 02:00", ["Fri 22:00", "Sat 01:59"], ["Fri 21:59", "Sat 02:00", "Sat 22:30"]),
        ("22:00-02:00", ["Mon 23:00", "Tue 01:00", "Mon 01:00"], ["Mon 02:00", "Sun 21:59"]),
        ("Sun 22:00-02:00", ["Sun 22:00", "Mon 01:59"], ["Sun 01:00", "Mon 02:00"]),
        ("Sat 00:00-Mon 00:00", ["Sat 00:00", "Sun 23:59"], ["Fri 23:59", "Mon 00:00"]),
        ("sat-sun 00:00-24:00", ["Sat 00:00", "Sun 23:59"], ["Fri 23:59", "Mon 00:00"]),
        ("Sat-Mon 1:00-2:00", ["Sat 01:00", "Sun 01:00", "Mon 01:30"], ["Tue 01:30", "Fri 01:30"]),
        (" Tue 06:00 - Thu 07:00 ", ["Tue 06:00", "Wed 12:00", "Thu 06:59"], ["Tue 05:59", "Thu 07:00"]),
        ("Fri 22:00-Fri 02:00", ["Fri 22:00", "Wed 12:00", "Fri 01:59"], ["Fri 02:00", "Fri 21:59"]),
    ],
)
def test_a_window_covers_its_beginning_but_not_its_end(text: str, inside: list[str], outside: list[str]) -> None:
    windows = blackout(text)
    assert [one for one in inside + outside if within(windows, *one.split())] == inside


@pytest.mark.parametrize(
    "text",
    ["", "Fri", "Fri-Sat", "22-23", "Fri 22:00", "Fre 22:00-23:00", "Fri 22:00-Sat", "24:00-25:00", "02:60-03:00"],
)
def test_what_is_no_window_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="Fri 22:00-Sat 02:00"):
        blackout("01:00-02:00", text)


def test_windows_that_touch_end_together() -> None:
    windows = blackout("Fri 22:00-24:00", "Sat 00:00-06:00", "Sat 05:00-Mon 04:00")
    assert windows.free_from(utc("2026-06-05T20:00")) == utc("2026-06-08T02:00")


def test_a_free_moment_is_its_own_answer() -> None:
    moment = utc("2026-06-05T10:00") + timedelta(seconds=12)
    assert blackout("02:00-03:00").free_from(moment) == moment
    assert not blackout().covers(moment)


@pytest.mark.parametrize(
    ("zone", "window", "at", "end"),
    [
        ("America/New_York", "02:00-03:00", "2026-03-08T07:00", "2026-03-08T07:00"),  # the whole window is skipped
        ("America/New_York", "01:00-02:30", "2026-03-08T06:10", "2026-03-08T07:00"),  # 03:00 follows 02:00
        ("America/New_York", "01:00-02:00", "2026-11-01T05:10", "2026-11-01T07:00"),  # the hour comes twice: both
        ("Europe/Berlin", "02:00-02:30", "2026-10-25T00:10", "2026-10-25T00:30"),  # and is free in between
        ("Europe/Berlin", "02:00-02:30", "2026-10-25T01:10", "2026-10-25T01:30"),
        ("Australia/Lord_Howe", "01:45-02:00", "2026-04-04T14:50", "2026-04-04T15:00"),  # 01:30 follows 02:00
        ("Europe/Berlin", "Mon 00:00-24:00", "2028-02-27T23:00", "2028-02-28T23:00"),  # to the leap day
        ("Europe/Berlin", "23:00-01:00", "2026-12-31T22:30", "2027-01-01T00:00"),
    ],
)
def test_a_window_ends_where_the_clock_on_the_wall_says(zone: str, window: str, at: str, end: str) -> None:
    assert blackout(window, zone=zone).free_from(utc(at)) == utc(end)


WINDOWS = st.builds(
    "{} {:02}:{:02}-{} {:02}:{:02}".format,
    st.sampled_from(DAYS),
    st.integers(0, 23),
    st.sampled_from([0, 1, 30, 59]),
    st.sampled_from(DAYS),
    st.integers(0, 23),
    st.sampled_from([2, 15, 31, 45]),
) | st.sampled_from(["01:30-02:10", "02:00-03:00", "Sat-Sun 01:00-03:30", "23:15-00:45"])


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    change=st.integers(0, 3),
    shift=st.integers(-600, 600),
    seconds=st.integers(0, 59),
    texts=st.lists(WINDOWS, min_size=1, max_size=2),
)
def test_the_end_of_a_blackout_is_the_first_free_minute_brute_force_finds(
    zone: str, change: int, shift: int, seconds: int, texts: list[str]
) -> None:
    place = ZoneInfo(zone)
    start = utc(CHANGES[zone][change]) + shift * MINUTE
    try:
        windows = parse_blackout(texts, zone=place)
    except ValueError as error:
        assert "leaves no minute" in str(error)  # noqa: PT017 (two windows may cover the week: then that is said)
        return
    moment = start + timedelta(seconds=seconds)

    free = windows.free_from(moment)

    expected = next(one for one in minutes(start, 24 * 8) if not _covered(texts, wall(one, place)))
    assert free == (moment if expected == start else expected)


def _covered(texts: list[str], time: object) -> bool:
    """Ask every window by walking through it from its beginning, on the wall's clock and without a zone."""
    return any(time_of(time) in _walk(text) for text in texts)


def time_of(time: object) -> str:
    return f"{time:%a %H:%M}".lower()


def _walk(text: str) -> set[str]:
    if text not in _WALKED:
        monday = utc("2026-06-01T00:00")
        _WALKED[text] = {time_of(monday + n * MINUTE) for n in range(7 * 1440) if _inside(text, n)}
    return _WALKED[text]


_WALKED: dict[str, set[str]] = {}


def _inside(text: str, minute: int) -> bool:
    head, _, tail = text.lower().partition("-") if text[0].isalpha() and text[3] == " " else (text.lower(), "", "")
    if tail:  # DAY HH:MM-DAY HH:MM
        begin, end = _minute(head), _minute(tail)
        return (minute - begin) % 10080 < (end - begin) % 10080
    days, _, times = text.lower().rpartition(" ")
    begin, end = (int(one[:2]) * 60 + int(one[3:]) for one in times.split("-"))
    allowed = {5, 6} if days else set(range(7))
    return any((minute - day * 1440 - begin) % 10080 < (end - begin) % 1440 for day in allowed)


def _minute(text: str) -> int:
    day, time = text.split()
    return DAYS.index(day) * 1440 + int(time[:2]) * 60 + int(time[3:])
