"""The words of HTTP as the adapters speak them: requests, replies, budgets and deadlines; no network in here."""

import email.utils
import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import quote, urlsplit

import msgspec

from adapters.http_proxies import is_loopback
from domain.errors import DoubtError, MisconfiguredError
from domain.ports.store import Clock

LARGEST_REPLY_BYTES = 64 * 1024 * 1024
LONGEST_RETRY_AFTER_SECONDS = 3600.0


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request; url: absolute, query included (see `with_query`).

    timeout_seconds: for the whole call, None = the remote's own; max_bytes: of the decoded reply's body;
    label: what the call does, for whoever counts and traces calls: from a fixed set, no ids and no data.
    """

    method: str
    url: str
    headers: dict[str, str] = {}
    body: bytes | None = None
    timeout_seconds: float | None = None
    max_bytes: int = LARGEST_REPLY_BYTES
    label: str = ""

    def __repr__(self) -> str:
        """Name method and place; queries, headers and bodies may hold what must not be shown."""
        return f"Request({self.place})"

    @property
    def place(self) -> str:
        """Method, host and path: what errors and logs may say."""
        return f"{self.method} {self.url.partition('?')[0].partition('#')[0]}"


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. headers: names in lower case; retry_after: seconds from now, when the remote said so.

    whole: False when the status arrived but the body broke off.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    retry_after: float | None = None
    whole: bool = True

    def __repr__(self) -> str:
        """Name the status only: bodies of failed log-ins can echo credentials."""
        return f"Reply({self.status}, {len(self.body)} bytes)"


class WriteFaultError(DoubtError):
    """A money write brought no answer; zero_bytes: nothing of the request was written, for certain."""

    def __init__(self, text: str, *, why: str, zero_bytes: bool) -> None:
        super().__init__(text, why=why)
        self.zero_bytes = zero_bytes


Ended = Callable[[int | None], None]
CallWatch = Callable[[Request], Ended]
"""Hears of a request when it is sent, and of its status (None: no answer) when that is known; raises nothing."""


def unwatched(request: Request) -> Ended:  # noqa: ARG001 (the signature of a watch)
    """Hear of nothing."""
    return lambda _status: None


class RateBudget(Protocol):
    """A tenant's budget of requests, shared by every process that calls it. Thread-safe."""

    def acquire(self, *, wait_at_most: float) -> float:
        """Take one request out of the budget; give the seconds to wait before it may be sent (0.0 = now).

        Raises TransientError (with retry_after, before_processing) and takes nothing when it would be longer.
        """

    def block(self, seconds: float) -> None:
        """Let nobody call the tenant for that many seconds (the remote said 429)."""


class Deadline(msgspec.Struct, frozen=True):
    """The moment after which no further byte is written, on both clocks: whichever passes first counts."""

    wall: datetime
    monotonic: float

    @classmethod
    def at(cls, wall: datetime, clock: Clock) -> "Deadline":
        """Pin a moment of the wall clock to the monotonic one as well."""
        return cls(wall, clock.monotonic() + (wall - clock.now()).total_seconds())

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> "Deadline":
        """Give the moment that many seconds from now."""
        return cls(clock.now() + timedelta(seconds=seconds), clock.monotonic() + seconds)

    def or_sooner(self, other: "Deadline") -> "Deadline":
        """Give the sooner of two, by each clock."""
        return Deadline(min(self.wall, other.wall), min(self.monotonic, other.monotonic))

    def left(self, clock: Clock) -> float:
        """Seconds left, by the clock that has advanced furthest; zero or less when it has passed."""
        return min((self.wall - clock.now()).total_seconds(), self.monotonic - clock.monotonic())


def retry_after_seconds(header: str | None, *, now: datetime) -> float | None:
    """Read Retry-After, as seconds or as an HTTP date; None when absent or unreadable."""
    if header is None:
        return None
    text = header.strip()
    try:
        seconds = float(text)
    except ValueError:
        moment = http_date(text)
        if moment is None:
            return None
        seconds = (moment - now).total_seconds()
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)


def http_date(text: str | None) -> datetime | None:
    """Read an HTTP date; None when absent or unreadable."""
    if not text:
        return None
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, IndexError, OverflowError):
        return None


def with_query(url: str, pairs: Iterable[tuple[str, str]], *, safe: str = "") -> str:
    """Append a query; blanks become %20 and everything else outside `safe` is escaped too."""
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe=safe)}" for name, value in pairs)
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{query}"


def form(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Encode a form (application/x-www-form-urlencoded); `#` becomes %23, a blank %20."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs).encode()


def check_address(request: Request) -> None:
    """Raise MisconfiguredError for what is no address, and for a host other than this one without TLS."""
    try:
        parts = urlsplit(request.url)
        host = parts.hostname or ""
    except ValueError:
        raise MisconfiguredError(f"{request.place} is no address that can be called") from None
    if not host or parts.scheme not in ("http", "https"):
        raise MisconfiguredError(f"{request.place} is no address that can be called: it must begin with https://")
    if parts.scheme == "http" and not is_loopback(host):
        raise MisconfiguredError(f"{host} is not called without TLS: its address must begin with https://")
