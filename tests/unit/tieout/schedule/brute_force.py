"""Schedules by brute force: every minute is looked at by the clock on the wall, nothing is reckoned."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe")
CHANGES = {  # both changes of 2026, a leap day, a year's end; a time just before each, UTC
    "America/New_York": ("2026-03-08T05:00", "2026-11-01T04:00", "2028-02-29T03:00", "2027-01-01T03:00"),
    "Europe/Berlin": ("2026-03-28T23:00", "2026-10-24T22:00", "2028-02-28T22:00", "2026-12-31T21:00"),
    "Australia/Lord_Howe": ("2026-10-03T13:00", "2026-04-04T12:00", "2028-02-28T12:00", "2026-12-31T11:00"),
}


def minutes(start: datetime, hours: int) -> Iterator[datetime]:
    """Give every whole minute from a moment on."""
    first = start.replace(second=0, microsecond=0)
    return (first + n * MINUTE for n in range(hours * 60))


def wall(moment: datetime, zone: ZoneInfo) -> datetime:
    """Give what the clock on the wall shows."""
    return moment.astimezone(zone).replace(tzinfo=None)


def ticks(start: datetime, zone: ZoneInfo, *, hours: int, minute: set[int], hour: set[int], again: bool) -> set[str]:
    """Give the moments at which one of the minutes of one of the hours comes; `again`: also when it comes twice.

    Wall times that are skipped count at the first minute behind the gap.
    """
    found = set()
    before = wall(start - MINUTE, zone)
    for moment in minutes(start, hours):
        shown = moment.astimezone(zone)
        now = wall(moment, zone)
        skipped = [before + n * MINUTE for n in range(1, int((now - before) / MINUTE))]
        named = [time for time in (*skipped, now) if time.minute in minute and time.hour in hour]
        if any(time in skipped or again or shown.fold == 0 for time in named):
            found.add(moment.isoformat())
        before = now
    return found


def utc(text: str) -> datetime:
    """Read a time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
