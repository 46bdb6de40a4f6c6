"""When a poll is due again: intervals and cron, missed ticks, blackouts, jitter."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.tieout.schedule.brute_force import CHANGES, MINUTE, ZONES, utc
from tieout.schedule.plan import Plan, Rhythm, make_plan
from tieout.schedule.planning import moved, plan_of, rhythms
from tieout.settings import ScheduleSection

NIGHTLY = "22:00-06:00"


def plan(rhythm: Rhythm, *blackout: str, zone: str = "Europe/Berlin", jitter: timedelta = timedelta(0)) -> Plan:
    return make_plan(timezone=zone, flows={"invoices": rhythm}, blackout=blackout, jitter=jitter)


def due(made: Plan, after: str, *, throw: float = 0.0) -> datetime:
    return made.next_due("invoices", after=utc(after), throw=throw)


def test_an_interval_counts_from_the_end_of_the_last_poll() -> None:
    assert due(plan(timedelta(minutes=15)), "2026-06-01T08:07") == utc("2026-06-01T08:22")


def test_ticks_missed_while_a_poll_took_long_collapse_into_the_next_one() -> None:
    hourly = plan("0 * * * *")
    assert due(hourly, "2026-06-01T08:59") == utc("2026-06-01T09:00")
    assert due(hourly, "2026-06-01T13:05") == utc("2026-06-01T14:00")


def test_what_falls_into_a_blackout_is_due_once_at_its_end() -> None:
    assert due(plan("0 * * * *", NIGHTLY), "2026-06-01T19:30") == utc("2026-06-02T04:00")
    assert due(plan(timedelta(hours=1), NIGHTLY), "2026-06-01T19:30") == utc("2026-06-02T04:00")
    assert due(plan(timedelta(hours=1), NIGHTLY), "2026-06-01T23:30") == utc("2026-06-02T04:00")


def test_jitter_spreads_polls_but_never_into_a_blackout() -> None:
    spread = plan("0 * * * *", NIGHTLY, jitter=timedelta(minutes=10))
    assert due(spread, "2026-06-01T08:30", throw=0.5) == utc("2026-06-01T09:05")
    assert due(spread, "2026-06-01T19:30", throw=0.5) == utc("2026-06-02T04:05")
    late = plan("59 21 * * *", NIGHTLY, jitter=timedelta(minutes=10))
    assert due(late, "2026-06-01T08:30", throw=0.5) == utc("2026-06-01T19:59")


def test_the_rhythm_of_cron_is_the_time_between_its_next_two() -> None:
    at = utc("2026-06-01T08:30")
    assert plan("0 */6 * * *").rhythm("invoices", at=at) == timedelta(hours=6)
    assert plan(timedelta(minutes=15)).rhythm("invoices", at=at) == timedelta(minutes=15)


def test_every_poll_of_a_flow_keeps_to_the_flows_schedule() -> None:
    made = plan_of(ScheduleSection(timezone="UTC", invoices="0 6 * * *", blackout=("02:00-03:00",)))
    assert rhythms(made, at=utc("2026-06-01T08:30")) == {
        "suppliers": timedelta(hours=1),
        "ledger_codes": timedelta(hours=1),
        "invoices": timedelta(days=1),
        "invoice_statuses": timedelta(days=1),
        "payments": timedelta(minutes=15),
    }
    assert moved(made, [], throw=0.0) == {}


RHYTHMS = st.sampled_from([timedelta(minutes=7), timedelta(days=1), "0 2 * * *", "*/5 * * * *", "30 1-3 * * *"])
BLACKOUTS = st.lists(st.sampled_from([NIGHTLY, "01:00-02:30", "Sat 00:00-Mon 00:00", "01:45-02:00"]), max_size=2)


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    change=st.integers(0, 3),
    shift=st.integers(-900, 900),
    rhythm=RHYTHMS,
    windows=BLACKOUTS,
    jitter=st.integers(0, 3600),
    throw=st.floats(0, 1, exclude_max=True),
)
def test_the_next_time_is_later_free_and_not_later_than_it_must_be(
    *, zone: str, change: int, shift: int, rhythm: Rhythm, windows: list[str], jitter: int, throw: float
) -> None:
    made = plan(rhythm, *windows, zone=zone, jitter=timedelta(seconds=jitter))
    after = utc(CHANGES[zone][change]) + shift * MINUTE

    found = made.next_due("invoices", after=after, throw=throw)

    bare = plan(rhythm, zone=zone).next_due("invoices", after=after, throw=0.0)
    assert found > after
    assert not made.blackout.covers(found)
    assert timedelta(0) <= found - made.blackout.free_from(bare) <= timedelta(seconds=jitter)
    assert found.utcoffset() == timedelta(0)
    assert made.next_due("invoices", after=after, throw=throw) == found


def test_a_plan_knows_its_zone() -> None:
    assert plan(timedelta(hours=1), zone="Australia/Lord_Howe").zone == ZoneInfo("Australia/Lord_Howe")


@pytest.mark.parametrize("after", ["2026-03-08T06:59", "2026-11-01T05:59", "2028-02-29T04:59", "2026-12-31T23:59"])
def test_an_interval_is_an_interval_whatever_the_clock_on_the_wall_does(after: str) -> None:
    made = plan(timedelta(hours=1), zone="America/New_York")
    assert due(made, after) - utc(after) == timedelta(hours=1)
