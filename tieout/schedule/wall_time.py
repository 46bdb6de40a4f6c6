"""Wall-clock times as moments: some exist twice, some never; every moment given is in UTC."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


def moments(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Give the moments a naive wall-clock time stands for, in order.

    Two where clocks are set back over it. Where clocks are set forward over it there is none, and the first moment
    after the gap stands for it. wall: whole minutes.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return (first,)
    if first < second:
        return (first, second)
    later = wall
    while not _exists(later, zone):
        later += MINUTE
    return (later.replace(tzinfo=zone).astimezone(UTC),)


def change_between(early: datetime, late: datetime, zone: ZoneInfo) -> datetime | None:
    """Give the moment, to the second, at which clocks change between two moments; None when they do not."""
    if _offset(early, zone) == _offset(late, zone):
        return None
    low, high = early.replace(microsecond=0), late
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if _offset(middle, zone) == _offset(early, zone):
            low = middle
        else:
            high = middle
    return high


def _exists(wall: datetime, zone: ZoneInfo) -> bool:
    return wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
