"""Claimed rows of due work: given back for certain, whatever happens to the errand."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from actors.errands.failing import failed
from actors.tools import Tools
from domain.errors import HeldError, MisconfiguredError, TieoutError, TransientError
from domain.ports.store import DueRow

IDLE_WAIT = timedelta(seconds=2)
SLOWEST = 16  # doublings of a wait


def claim(tools: Tools, errand: str, *, limit: int, lease: timedelta) -> list[DueRow]:
    """Claim due rows of the tools' connection; none while the errand is held back."""
    if tools.held_back(errand):
        return []
    return tools.work.claim(errand, connection=tools.connection, limit=limit, worker=tools.worker, lease=lease)


@contextmanager
def giving_back(tools: Tools, rows: Sequence[DueRow]) -> Iterator[None]:
    """Give the rows back when the errand fails: held writes at the hold's end, the rest with back-off.

    What fails for good, or again and again, is recorded (see `actors.errands.failing`).

    Verdict: TransientError and HeldError stay due (retry bounded by the rows' attempts); every other TieoutError goes
    on to the shell, which shows it: a MisconfiguredError's rows are due soon again, for whoever has mended the
    settings, the others' as late as a back-off gets.
    """
    try:
        yield
    except HeldError as error:
        tools.watch.note(error)
        tools.work.postpone(rows, worker=tools.worker, until=_hold_end(tools), attempt=False)
    except TransientError as error:
        tools.watch.note(error)
        postpone(tools, rows, retry_after=error.retry_after)
        failed(tools, rows[0].errand, error, tries=tries_of(rows))
    except MisconfiguredError as error:  # the shell stops ringing; what a person has mended is taken up soon
        tools.work.postpone(rows, worker=tools.worker, until=tools.log.now() + IDLE_WAIT, attempt=False)
        failed(tools, rows[0].errand, error, tries=tries_of(rows))
        raise
    except TieoutError:
        tools.work.postpone(rows, worker=tools.worker, until=tools.log.now() + tools.retry_cap)
        raise


def tries_of(rows: Sequence[DueRow]) -> int:
    """Count the tries of the row that was tried most often, this one included."""
    return max((row.attempts for row in rows), default=0) + 1


def postpone(tools: Tools, rows: Sequence[DueRow], *, retry_after: float | None = None) -> None:
    """Give rows back for a later try; rows that failed equally often stay together, so that bulks stay bulks."""
    now = tools.log.now()
    for attempts in sorted({row.attempts for row in rows}):
        until = now + tools.backoff(attempts, retry_after=retry_after)
        together = [row for row in rows if row.attempts == attempts]
        tools.work.postpone(together, worker=tools.worker, until=until)


def nothing_to_do(tools: Tools, rows: Sequence[DueRow]) -> None:
    """Give back rows the decision had no use for, on a slowing rhythm; the relay deletes them once it has folded."""
    now = tools.log.now()
    for row in rows:
        wait = min(tools.retry_cap, IDLE_WAIT * (1 << min(row.attempts, SLOWEST)))
        tools.work.postpone([row], worker=tools.worker, until=now + wait)


def done(tools: Tools, rows: Sequence[DueRow]) -> None:
    """Give back rows whose events were appended; the relay moves or deletes them."""
    if rows:
        tools.work.release(rows, worker=tools.worker)


def _hold_end(tools: Tools) -> datetime:
    return tools.log.hold_until() or tools.log.now() + IDLE_WAIT
