"""Which days a poll of AvidXchange reads: from a little before its mark to the remote's today, some of them twice."""

from datetime import date, timedelta

from actors.tools import Tools

WINDOW_DAYS = 30
_BELIEVED = timedelta(days=1)  # how far a remote's day may be ahead of ours: more than that is no clock


def remote_today(tools: Tools) -> date:
    """Take the later of the remote's day and ours: a clock of ours that is behind must not hide the newest changes.

    A day far ahead is not believed: it would become the mark that the next polls begin at.
    """
    ours = tools.log.now().date()
    hint = tools.payables.now_hint()
    return max(ours, min(hint.date(), ours + _BELIEVED)) if hint is not None else ours


def first_day(watermark: str, *, start: date, overlap: timedelta, today: date) -> date:
    """Say where a poll begins: at the start date, later an overlap before its mark, and never after an overlap ago."""
    return min(date.fromisoformat(watermark), today) - overlap if watermark else start


def windows(since: date, until: date) -> list[tuple[date, date]]:
    """Split a span of days, both inclusive, into windows whose ends lie at most 30 days apart."""
    result: list[tuple[date, date]] = []
    first = since
    while first <= until or not result:
        last = max(first, min(until, first + timedelta(days=WINDOW_DAYS)))
        result.append((first, last))
        first = last + timedelta(days=1)
    return result


def windows_to_read(watermark: str, since: date, today: date, *, overlap: timedelta) -> list[tuple[date, date]]:
    """Give what a poll reads: everything from `since` on, and once more the days that no other poll reads.

    A record that changes while its list is read moves to the list's end, and its neighbour slips between two pages.
    Every day is read by many polls, but for those before the first one, and those of a long pause or outage.
    """
    alone_from = max(since, date.fromisoformat(watermark)) if watermark else since
    alone_until = today - overlap - timedelta(days=1)
    alone = windows(alone_from, alone_until) if alone_from <= alone_until else []
    return [*windows(since, today), *alone]
