"""What every resource of the pretend AvidXchange shares: the books, the clock, the options and the wire."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

from starlette.requests import Request

from sandbox.avidxchange.books import AvidBooks
from sandbox.avidxchange.options import AvidOptions
from sandbox.avidxchange.wire import RefusedRequestError, Wire, day


class Clock(Protocol):
    """Whoever tells and moves the sandbox's time."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""

    def advance(self, delta: timedelta) -> None:
        """Move forward."""


class Modified(Protocol):
    """A record that knows when it last changed."""

    last_modified: datetime


ModifiedT = TypeVar("ModifiedT", bound=Modified)


class Desk:
    """The common part of the resources' handlers."""

    def __init__(self, books: AvidBooks, clock: Clock, options: AvidOptions, wire: Wire) -> None:
        self.books = books
        self.clock = clock
        self.options = options
        self.wire = wire

    def window(self, request: Request) -> tuple[date, date] | None:
        """Read `lastModifiedFrom` and `lastModifiedTo` (days in UTC, inclusive, at most 30 days apart)."""
        first, last = day(request, "lastModifiedFrom"), day(request, "lastModifiedTo")
        if first is None:
            if last is not None:
                raise RefusedRequestError(400, "lastModifiedTo needs lastModifiedFrom")
            return None
        last = last or max(first, self.clock.now().date())
        if last < first:
            raise RefusedRequestError(400, "lastModifiedTo is before lastModifiedFrom")
        if (last - first).days > self.options.window_days:
            raise RefusedRequestError(400, f"a window is at most {self.options.window_days} days")
        return first, last


def by_change(records: Iterable[ModifiedT], first: date, last: date | None = None) -> list[ModifiedT]:
    """Return the records last changed on these days, oldest change first (in seconds), then in order of entry."""
    chosen = [
        record
        for record in records
        if record.last_modified.date() >= first and (last is None or record.last_modified.date() <= last)
    ]
    chosen.sort(key=lambda record: record.last_modified.replace(microsecond=0))
    return chosen
