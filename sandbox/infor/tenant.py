"""The state every handler shares: books, clock, options, and the posting that happens behind the API."""

from datetime import datetime, timedelta

from sandbox.infor.books import InforBooks
from sandbox.infor.options import Clock, InforOptions


class Tenant:
    """One tenant at work; its clock may run beside ours."""

    def __init__(self, books: InforBooks, clock: Clock, options: InforOptions) -> None:
        self.books = books
        self.options = options
        self._clock = clock
        self._skew = timedelta(seconds=options.clock_skew_seconds)
        self.search_lag = timedelta(seconds=options.search_lag_seconds)
        self.posting_delay = timedelta(seconds=options.posting_delay_seconds)

    def now(self) -> datetime:
        """Tell the server's own time."""
        return self._clock.now() + self._skew
