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
LEAP_DAY = datetime(2024, 2, 28)  # noqa: DTZ001 (a wall-clock time; whatever comes at all comes within 50 years)


def complaint(expression: str) -> str:
    """Say what is wrong with an expression, in words that follow its key; "" when it is right."""
    if len(expression.split()) != FIELDS:
        return "is no cron expression of five fields (minute, hour, day, month, day of the week)"
    try:
        next(CronSim(expression, LEAP_DAY))
    except CronSimError as error:
        return f"is no cron expression: {str(error)[:1].lower()}{str(error)[1:]}"
    except StopIteration:
        return "is a cron expression that never comes"
    return ""


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
