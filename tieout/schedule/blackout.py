"""Blackout windows: times of the week, by the clock on the wall, in which no poll starts.

A window is `[DAY[-DAY]] HH:MM-[DAY] HH:MM`, days are Mon Tue Wed Thu Fri Sat Sun::

    02:00-03:00              every day
    Mon-Fri 12:00-13:00      on each of these days
    Sat-Sun 00:00-24:00      whole days
    Fri 22:00-02:00          its end lies before its beginning: over midnight
    Fri 22:00-Mon 04:00      from one day to another, over the week's end as well

The end is not part of the window. What the clock on the wall shows decides: an hour that comes twice is in it twice.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tieout.schedule.wall_time import change_between

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXAMPLE = '"Fri 22:00-Sat 02:00", "Mon-Fri 12:00-13:00" or "02:00-03:00"'
DAY = 24 * 60  # minutes
WEEK = 7 * DAY
_DAY, _TIME = f"({'|'.join(DAYS)})", r"(\d{1,2}):(\d{2})"
_SHAPE = re.compile(rf"(?:{_DAY}(?:\s*-\s*{_DAY})?\s+)?{_TIME}\s*-\s*(?:{_DAY}\s+)?{_TIME}", re.IGNORECASE)


class Blackout(msgspec.Struct, frozen=True, kw_only=True):
    """The windows of a connection. spans: minutes of the week (0 = Monday 00:00), in order, apart, [begin, end)."""

    zone: ZoneInfo
    spans: tuple[tuple[int, int], ...] = ()

    def covers(self, moment: datetime) -> bool:
        """Whether no poll may start at that moment."""
        minute = _minute_of_week(moment.astimezone(self.zone))
        return any(begin <= minute < end for begin, end in self.spans)

    def free_from(self, moment: datetime) -> datetime:
        """Give the moment itself when it is free, else the first one behind it that is, in UTC."""
        moment = moment.astimezone(UTC)
        while self.covers(moment):
            moment = self._span_end(moment)
        return moment

    def _span_end(self, moment: datetime) -> datetime:
        """Give the end of the span around a moment; where clocks change before it, that change."""
        local = moment.astimezone(self.zone)
        minute = _minute_of_week(local)
        left = next(end - minute for begin, end in self.spans if begin <= minute < end)
        end = moment + timedelta(minutes=left) - timedelta(seconds=local.second, microseconds=local.microsecond)
        return change_between(moment, end, self.zone) or end


def parse_blackout(texts: Sequence[str], *, zone: ZoneInfo) -> Blackout:
    """Read windows. Raises ValueError with words that follow their key."""
    minutes = {minute % WEEK for text in texts for begin, end in _spans(text) for minute in range(begin, end)}
    if len(minutes) == WEEK:
        raise ValueError("leaves no minute of the week to poll in: take out a window, or pause the connection")
    return Blackout(zone=zone, spans=tuple(_merged(sorted(minutes))))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Give a window's spans in minutes of the week; one over the week's end ends behind WEEK."""
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'holds "{text[:40]}", which is no window: write {EXAMPLE}')
    first, last, end_day = (DAYS.index(found[n].lower()) if found[n] else None for n in (1, 2, 5))
    begin, end = int(found[3]) * 60 + int(found[4]), int(found[6]) * 60 + int(found[7])
    if begin >= DAY or end > DAY or int(found[4]) > 59 or int(found[7]) > 59:  # noqa: PLR2004 (minutes of an hour)
        raise ValueError(f'holds "{text}": times go from 00:00 to 24:00, for example {EXAMPLE}')
    if end_day is not None:
        if first is None or last is not None:
            raise ValueError(f'holds "{text}": a window that ends on a named day begins on one, "Fri 22:00-Sat 02:00"')
        length = ((end_day - first) * DAY + end - begin) % WEEK
    else:
        length = (end - begin) % DAY if end != DAY else end - begin
    if length == 0:
        raise ValueError(f'holds "{text}", which ends where it begins: a whole day is "00:00-24:00"')
    for day in _days(first, last):
        yield day * DAY + begin, day * DAY + begin + length


def _days(first: int | None, last: int | None) -> Iterator[int]:
    """Give the days from one to another, over the week's end when the other comes first; every day without any."""
    if first is None:
        yield from range(len(DAYS))
        return
    count = 1 if last is None else (last - first) % len(DAYS) + 1
    yield from ((first + step) % len(DAYS) for step in range(count))


def _merged(minutes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Join minutes that follow each other."""
    begin = before = None
    for minute in minutes:
        if begin is None or before is None:
            begin = minute
        elif minute != before + 1:
            yield begin, before + 1
            begin = minute
        before = minute
    if begin is not None and before is not None:
        yield begin, before + 1


def _minute_of_week(local: datetime) -> int:
    return local.weekday() * DAY + local.hour * 60 + local.minute
