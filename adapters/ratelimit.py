"""The budget of requests of a tenant, shared by every thread and process through one row of the store (GCRA)."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from adapters.eventlog.database import Database
from domain.errors import TransientError

BURST_SECONDS = 5.0  # so much of the budget may be spent at once

# `arrival` is when the next request would be due at an even pace; requests may come BURST_SECONDS ahead of it. The
# request of this statement starts at the latest of now, arrival - burst and blocked_until, and is booked only when
# that start lies within the caller's patience.
_START = "{greatest}(:now, rate_budget.arrival - :burst, rate_budget.blocked_until)"
_ACQUIRE = (
    "INSERT INTO rate_budget (tenant, arrival, blocked_until) VALUES (:tenant, :now + :interval, 0)"  # noqa: S608 (fixed texts)
    f" ON CONFLICT (tenant) DO UPDATE SET arrival = {{greatest}}(rate_budget.arrival, {_START}) + :interval"
    f" WHERE {_START} <= :now + :patience RETURNING arrival, blocked_until"
)
_BLOCK = (
    "INSERT INTO rate_budget (tenant, arrival, blocked_until) VALUES (?, 0, ?) ON CONFLICT (tenant)"
    " DO UPDATE SET blocked_until = {greatest}(rate_budget.blocked_until, excluded.blocked_until)"
)


class TenantBudget:
    """RateBudget of one tenant: an even pace with a small burst; Retry-After stops all of its callers."""

    def __init__(
        self,
        database: Database,
        tenant: str,
        *,
        requests_per_minute: int,
        now: Callable[[], datetime],
        burst_seconds: float = BURST_SECONDS,
    ) -> None:
        self._database = database
        self._greatest = database.dialect.greatest
        self._tenant = tenant
        self._interval = 60.0 / requests_per_minute
        self._burst = max(burst_seconds - self._interval, 0.0)
        self._now = now

    def acquire(self, *, wait_at_most: float) -> float:
        """Book one request; give the seconds to wait before it may be sent.

        Raises TransientError (nothing was booked; retry_after says how long) when that is longer than
        `wait_at_most`.
        """
        now = self._now().timestamp()
        values = {
            "tenant": self._tenant,
            "now": now,
            "interval": self._interval,
            "burst": self._burst,
            "patience": wait_at_most,
        }
        with self._database.writing(durable=False) as cursor:
            cursor.execute(_ACQUIRE.format(greatest=self._greatest), values)
            row = cursor.fetchone()
            if row is not None:
                start: float = max(now, row["arrival"] - self._interval - self._burst, row["blocked_until"])
                return start - now
            cursor.execute("SELECT arrival, blocked_until FROM rate_budget WHERE tenant = ?", (self._tenant,))
            row = cursor.fetchone()
        paced, blocked = row["arrival"] - self._burst, row["blocked_until"]
        wait = max(paced, blocked) - now
        text = self._said_429(blocked) if blocked > paced else self._used_up(wait)
        raise TransientError(text, retry_after=wait, before_processing=True)

    def block(self, seconds: float) -> None:
        """Let no request of the tenant start for so long, in any process (its Retry-After)."""
        until = self._now().timestamp() + seconds
        with self._database.writing(durable=False) as cursor:
            cursor.execute(_BLOCK.format(greatest=self._greatest), (self._tenant, until))

    def _said_429(self, until: float) -> str:
        # A time of day, not seconds: what is the same wait reads the same at every try.
        end = datetime.fromtimestamp(until, tz=UTC)
        return (
            f"{self._tenant} answered 429: its quota is used up; nothing is asked of it until {end:%Y-%m-%dT%H:%M:%SZ}"
        )

    def _used_up(self, wait: float) -> str:
        return f"the request budget of {self._tenant} (requests_per_minute) is used up for {wait:.0f} s"


def waits(database: Database, *, now: datetime, burst_seconds: float = BURST_SECONDS) -> dict[str, float]:
    """Give how many seconds each tenant's next request would wait, 0.0 when it may start at once.

    It may be short by the time between two requests at the tenant's pace, which the table does not know.
    """
    with database.reading() as cursor:
        cursor.execute("SELECT tenant, arrival, blocked_until FROM rate_budget ORDER BY tenant")
        rows = cursor.fetchall()
    begins = {row["tenant"]: max(row["arrival"] - burst_seconds, row["blocked_until"]) for row in rows}
    return {tenant: max(begin - now.timestamp(), 0.0) for tenant, begin in begins.items()}


def wait(budget: TenantBudget, *, at_most: float, sleep: Callable[[float], None] = time.sleep) -> None:
    """Book one request and wait until it may be sent. Raises TransientError when that would be longer."""
    seconds = budget.acquire(wait_at_most=at_most)
    if seconds > 0:
        sleep(seconds)
