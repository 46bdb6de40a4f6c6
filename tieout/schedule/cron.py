"""Cron expressions of five fields: what is wrong with one, and when it comes next in a time zone.

Minute, hour, day of the month, month, day of the week, as Debian's cron reads them. A time that clocks skip counts at
the first moment after the gap; a time that comes twice counts once, the first time; but where the minute or the hour
begins with `*`, it counts both times, for such a rhythm goes on through the repeated hour.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from tieout.schedule.wall_time import moments

FIELDS = 5
LIKELY_FIELDS = 4  # a text of so many words means to be a cron expression
EXAMPLE = '"0 6-20 * * 1-5" (every hour from 6 to 20, Monday to Friday)'
LONGEST_CHANGE = timedelta(hours=3)  # clocks are set back by less than this: earlier wall times are over for good
NICKNAMES = {  # what some programs read in the place of five fields
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
BOUNDS = {  # the library's name of a field, and what may stand there
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, or L for the last day of the month",
    "month": "1 to 12",
    "day-of-week": "0 to 7, where 0 and 7 are Sunday",
}
LEAP_DAY = datetime(2024, 2, 28)  # noqa: DTZ001 (a wall-clock time; whatever comes at all comes within 50 years)


def complaint(expression: str) -> str:
    """Say what is wrong with an expression, in words that follow its key; "" when it is right."""
    if len(expression.split()) != FIELDS:
        return "is no cron expression of five fields (minute, hour, day, month, day of the week)"
    try:
        next(CronSim(expression, LEAP_DAY))
    except CronSimError as error:
        return _too_late_a_day(expression) or f"is no cron expression: {_fault(error)}"
    except StopIteration:
        return "is a cron expression that never comes"
    return ""


def _fault(error: CronSimError) -> str:
    """Name the wrong field, and what may stand in it."""
    said = str(error)[:1].lower() + str(error)[1:]
    bounds = BOUNDS.get(said.removeprefix("bad "))
    return f"{said} (it takes {bounds})" if bounds else said


def _too_late_a_day(expression: str) -> str:
    """Say that a day is right by itself, but its month is shorter; "" when something else is wrong."""
    minute, hour, day, month, weekday = expression.split()
    try:
        CronSim(f"{minute} {hour} {day} * {weekday}", LEAP_DAY)
        CronSim(f"{minute} {hour} * {month} {weekday}", LEAP_DAY)
    except CronSimError:
        return ""
    return f"is a cron expression that never comes, for month {month} has no day {day} (L is a month's last day)"


def next_tick(expression: str, *, after: datetime, zone: ZoneInfo) -> datetime:
    """Give the first moment behind `after` that the expression names, in UTC. The expression was checked."""
    wall = after.astimezone(zone).replace(tzinfo=None) - LONGEST_CHANGE
    repeats = any(field.startswith("*") for field in expression.split()[:2])
    found: list[datetime] = []
    for tick in CronSim(expression, wall):
        first, *again = moments(tick, zone)
        found += [moment for moment in (first, *(again if repeats else ())) if moment > after]
        if first > after:
            break
    return min(found)
