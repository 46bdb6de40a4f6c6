"""Which days a poll of AvidXchange reads: from a little before its mark to the remote's today."""

from datetime import date, timedelta

from actors.tools import Tools

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
