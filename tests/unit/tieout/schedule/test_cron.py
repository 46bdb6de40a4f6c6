"""Cron expressions in a time zone: examples at every change of the clock, and brute force over all of them."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.tieout.schedule.brute_force import CHANGES, MINUTE, ZONES, ticks, utc
from tieout.schedule.cron import NICKNAMES, complaint, next_tick

HOURS = 14


def following(expression: str, zone: str, after: str, *, count: int) -> list[str]:
    moment, found = utc(after), []
    for _ in range(count):
        moment = next_tick(expression, after=moment, zone=ZoneInfo(zone))
        found.append(moment.strftime("%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("zone", "expression", "after", "expected"),
    [
        ("America/New_York", "0 6-20 * * 1-5", "2026-03-06T23:30", ["03-07 00:00", "03-07 01:00", "03-09 10:00"]),
        ("America/New_York", "30 2 * * *", "2026-03-07T08:00", ["03-08 07:00", "03-09 06:30"]),  # 02:30 is skipped
        ("America/New_York", "0,30 2 * * *", "2026-03-07T08:00", ["03-08 07:00", "03-09 06:00"]),  # both are: once
        ("America/New_York", "30 1 * * *", "2026-10-31T06:00", ["11-01 05:30", "11-02 06:30"]),  # 01:30 comes twice
        ("America/New_York", "*/30 * * * *", "2026-11-01T05:10", ["11-01 05:30", "11-01 06:00", "11-01 06:30"]),
        ("Europe/Berlin", "0 0 29 2 *", "2026-11-28T00:00", ["02-28 23:00"]),  # of 2028
        ("Europe/Berlin", "30 23 31 12 *", "2026-11-28T00:00", ["12-31 22:30", "12-31 22:30"]),
        ("Europe/Berlin", "0 0 1 1 *", "2026-12-31T22:59", ["12-31 23:00"]),
        ("Australia/Lord_Howe", "15 2 * * *", "2026-10-02T16:00", ["10-03 15:30", "10-04 15:15"]),  # half an hour
        ("Australia/Lord_Howe", "*/15 3 * * *", "2026-10-03T14:45", ["10-03 16:00", "10-03 16:15", "10-03 16:30"]),
        ("Australia/Lord_Howe", "45 1 * * *", "2026-04-04T13:00", ["04-04 14:45", "04-05 15:15"]),
        ("UTC", "0 12 * * MON", "2026-11-28T00:00", ["11-30 12:00", "12-07 12:00"]),
    ],
)
def test_a_time_that_is_skipped_comes_behind_the_gap_and_one_that_comes_twice_counts_once(
    zone: str, expression: str, after: str, expected: list[str]
) -> None:
    assert complaint(expression) == ""
    assert following(expression, zone, after, count=len(expected)) == expected


MINUTES = {"0": {0}, "30": {30}, "5,45": {5, 45}, "*/15": {0, 15, 30, 45}, "*": set(range(60))}
HOURS_OF = {"*": set(range(24)), "1": {1}, "2": {2}, "1-3": {1, 2, 3}, "*/2": set(range(0, 24, 2)), "0,23": {0, 23}}


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    change=st.integers(0, 3),
    shift=st.integers(-120, 120),
    seconds=st.integers(0, 59),
    minute=st.sampled_from(sorted(MINUTES)),
    hour=st.sampled_from(sorted(HOURS_OF)),
)
def test_the_next_time_is_the_one_brute_force_finds(
    *, zone: str, change: int, shift: int, seconds: int, minute: str, hour: str
) -> None:
    place = ZoneInfo(zone)
    begin = utc(CHANGES[zone][change]) + shift * MINUTE
    after = begin + timedelta(seconds=seconds)
    again = minute.startswith("*") or hour.startswith("*")
    expected = ticks(begin, place, hours=HOURS, minute=MINUTES[minute], hour=HOURS_OF[hour], again=again)

    found: list[datetime] = [after]
    while found[-1] < begin + timedelta(hours=HOURS):
        found.append(next_tick(f"{minute} {hour} * * *", after=found[-1], zone=place))

    assert [one.isoformat() for one in found[1:-1]] == sorted(one for one in expected if one > after.isoformat())
    assert all(early < late for early, late in pairwise(found))


@pytest.mark.parametrize("expression", ["* * * * *", "0 6-20 * * 1-5", "0 0 L * *", "0 9 * * 1#2", "0 0 29 2 *"])
def test_what_cron_reads_is_right(expression: str) -> None:
    assert complaint(expression) == ""


@pytest.mark.parametrize(
    "expression", ["", "@daily", "* * * *", "0 0 * * * *", "60 * * * *", "a * * * *", "60 0 31 2 *", "0 0 32 2 *"]
)
def test_what_cron_cannot_read_is_wrong(expression: str) -> None:
    assert complaint(expression).startswith("is no cron expression")


@pytest.mark.parametrize(("month", "day"), [("2", "30"), ("2", "31"), ("4,6", "31"), ("FEB", "30-31")])
def test_a_day_its_month_does_not_have_never_comes(month: str, day: str) -> None:
    said = complaint(f"0 0 {day} {month} *")
    assert (
        said == f"is a cron expression that never comes, for month {month} has no day {day} (L is a month's last day)"
    )


def test_nicknames_are_written_out_rightly() -> None:
    assert [complaint(fields) for fields in NICKNAMES.values()] == [""] * len(NICKNAMES)
