"""HTTP to a remote, the only module that imports httpx: retried reads, single upserts, and money writes sent once.

What may leave this module: TransientError, MalformedError, MisconfiguredError (domain.errors) and, from `write_once`
only, WriteFaultError. No exception of httpx, httpcore or ssl escapes, and no text holds a header, query or body.
"""

import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import msgspec
import tenacity

from adapters.http_messages import (
    CallWatch,
    Deadline,
    RateBudget,
    Reply,
    Request,
    WriteFaultError,
    check_address,
    form,
    http_date,
    retry_after_seconds,
    unwatched,
    with_query,
)
from adapters.http_proxies import proxy_for
from adapters.http_upserts import TOO_MANY, judged_as_upsert, may_pass, passing_fault
from adapters.http_watchdog import SendTrace, Watchdog
from domain.errors import MalformedError, MisconfiguredError, TieoutError, TransientError
from domain.ports.store import Clock

__all__ = [
    "RateBudget",
    "Remote",
    "Reply",
    "Request",
    "StreamedReply",
    "WriteFaultError",
    "form",
    "with_query",
]

READ_TRIES = 5
READ_PATIENCE_SECONDS = 30.0  # reads are retried within seconds; minutes belong to the table of due work
BUDGET_PATIENCE_SECONDS = 20.0
BACKOFF_BASE_SECONDS = 0.2
BACKOFF_CAP_SECONDS = 4.0
BLOCK_WITHOUT_RETRY_AFTER_SECONDS = 1.0
CHUNK_BYTES = 64 * 1024  # a body is written in chunks, so that the deadline is looked at between them

_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (httpx.ConnectTimeout, "could not connect in time"),
    (httpx.PoolTimeout, "every connection is in use"),
    (httpx.ReadTimeout, "no answer in time"),
    (httpx.WriteTimeout, "the request could not be written in time"),
    (httpx.ConnectError, "could not connect"),
    (httpx.ProxyError, "the proxy refused"),
    (httpx.RemoteProtocolError, "hung up, or broke the rules of HTTP"),
    (httpx.DecodingError, "the answer cannot be unpacked"),
)
_FOREIGN = (httpx.HTTPError, httpx.StreamError, httpx.CookieConflict, OSError)
_OURS_TO_MEND = (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError)


class StreamedReply(msgspec.Struct, frozen=True):
    """A reply whose body is still on the wire: iterate `chunks` once; its faults are TransientError."""

    status: int
    headers: dict[str, str]
    chunks: Iterator[bytes]


class Remote:
    """One remote system, called by all threads of this process; opens its connections at the first call.

    name: how errors call it; budget: the tenant's; timeout_seconds: of a whole call;
    patience_seconds: how long a read may go on with its retries; watch: hears of every request.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        budget: RateBudget,
        timeout_seconds: float,
        patience_seconds: float = READ_PATIENCE_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        watch: CallWatch = unwatched,
    ) -> None:
        self.name = name
        self._clock = clock
        self._budget = budget
        self._timeout_seconds = timeout_seconds
        self._patience_seconds = patience_seconds
        self._sleep = sleep
        self._chance = chance
        self._watch = watch
        self._lock = threading.Lock()
        self._clients: dict[str | None, httpx.Client] = {}
        self._calls = 0
        self._blocked_until = clock.monotonic()
        self._now_hint: datetime | None = None

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._calls

    @property
    def now_hint(self) -> datetime | None:
        """The remote's clock in its last Date header (UTC), None before the first answer."""
        return self._now_hint

    def read(self, request: Request, *, accept: Callable[[Reply], None] | None = None) -> Reply:
        """Ask, and ask again within seconds after passing faults (transport, 408, 429, 5xx).

        Every other status is returned. `accept` may raise TransientError to have an unreadable answer (HTML under
        200, cut JSON) asked for again. Raises TransientError when the tries or the patience are used up.
        """

        def once() -> Reply:
            reply = self._ask(request)
            if accept is not None:
                accept(reply)
            return reply

        return self._retrying()(once)

    def upsert(self, request: Request, *, deadline: Deadline | None = None) -> Reply:
        """Write what may be written again: one try. TransientError.before_processing tells what is known.

        With a deadline it goes out as a money write does, after all waits: no byte is written behind it.
        """
        if deadline is None:
            return self._ask(request)
        self.reserve()
        whole_call = Deadline.after(request.timeout_seconds or self._timeout_seconds, self._clock)
        return judged_as_upsert(request, partial(self.write_once, request, deadline=deadline.or_sooner(whole_call)))

    @contextmanager
    def stream(self, request: Request) -> Iterator[StreamedReply]:
        """Read a large body piece by piece; only the opening is retried. Raises like `read`."""
        response, until = self._retrying()(self._open, request)
        try:
            yield StreamedReply(response.status_code, _headers(response), self._chunks(response, request, until))
        finally:
            with _translated(request, SendTrace()):
                response.close()

    def reserve(self) -> None:
        """Take the rate budget of one write beforehand (`write_once` takes none). Raises TransientError."""
        wait = self._budget.acquire(wait_at_most=BUDGET_PATIENCE_SECONDS)
        wait = max(wait, self._blocked_until - self._clock.monotonic())
        if wait > BUDGET_PATIENCE_SECONDS:
            text = f"{self.name}: asked not to be called for {wait:.0f} s"
            raise TransientError(text, retry_after=wait, before_processing=True)
        if wait > 0:
            self._sleep(wait)

    def write_once(self, request: Request, *, deadline: Deadline) -> Reply:
        """Send a money write: one fresh connection, no retry, no redirect, no byte after the deadline.

        Its rate budget was taken by `reserve`. Every status is returned, also with a broken body (`whole` False).
        Raises WriteFaultError, and nothing else, when no status arrived.
        """
        if self._blocked_until > self._clock.monotonic():
            raise WriteFaultError(f"{request.place}: asked to wait", why="rate budget", zero_bytes=True)
        with Watchdog(deadline, self._clock, place=request.place) as watchdog:
            trace = SendTrace(watchdog)
            try:
                with _translated(request, trace):
                    return self._send_once(request, watchdog, trace)
            except WriteFaultError:
                raise
            except TieoutError as error:
                why = "deadline" if watchdog.fired else "no answer"
                raise WriteFaultError(str(error), why=why, zero_bytes=not trace.bytes_written) from error

    def close(self) -> None:
        """Let the connections go."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _send_once(self, request: Request, watchdog: Watchdog, trace: SendTrace) -> Reply:
        check_address(request)
        watchdog.check(zero_bytes=True)
        body = request.body or b""
        headers = {**request.headers, "Connection": "close", "Content-Length": str(len(body))}
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        with _new_client(proxy_for(request.url), limits) as client:
            sending = client.build_request(
                request.method,
                request.url,
                headers=headers,
                content=_guarded_chunks(body, watchdog),
                timeout=httpx.Timeout(max(watchdog.left, 0.001)),
                extensions={"trace": trace},
            )
            response = self._send(client, sending, request)
            try:
                content, whole = _read_what_comes(response, request.max_bytes)
            finally:
                with suppress(*_FOREIGN):  # the answer stands; how the connection ends no longer matters
                    response.close()
        return self._noted(response, content, whole=whole)

    def _ask(self, request: Request) -> Reply:
        response, until = self._open(request)
        try:
            content = b"".join(self._chunks(response, request, until))
        finally:
            with _translated(request, SendTrace()):
                response.close()
        return self._noted(response, content)

    def _open(self, request: Request) -> tuple[httpx.Response, float]:
        """Send, and give the response with its body unread; a passing fault's status is raised."""
        check_address(request)
        client = self._client(proxy_for(request.url))
        self.reserve()
        seconds = request.timeout_seconds or self._timeout_seconds
        until = self._clock.monotonic() + seconds
        trace = SendTrace()
        with _translated(request, trace):
            sending = client.build_request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.body,
                timeout=httpx.Timeout(seconds),
                extensions={"trace": trace},
            )
            response = self._send(client, sending, request)
            if not may_pass(response.status_code):
                return response, until
            response.close()
        raise passing_fault(request, self._noted(response, b""))

    def _chunks(self, response: httpx.Response, request: Request, until: float) -> Iterator[bytes]:
        size = 0
        with _translated(request, SendTrace()):
            for chunk in response.iter_bytes():
                size += len(chunk)
                if size > request.max_bytes:
                    raise MalformedError(f"{request.place}: the answer is larger than {request.max_bytes} bytes")
                if self._clock.monotonic() > until:
                    raise TransientError(f"{request.place}: the answer did not end in time")
                yield chunk

    def _noted(self, response: httpx.Response, content: bytes, *, whole: bool = True) -> Reply:
        headers = _headers(response)
        self._now_hint = http_date(headers.get("date")) or self._now_hint
        # The remote's own clock reads its own dates best: ours may be minutes off.
        now = http_date(headers.get("date")) or self._clock.now()
        retry_after = retry_after_seconds(headers.get("retry-after"), now=now)
        if response.status_code == TOO_MANY:
            self._block(BLOCK_WITHOUT_RETRY_AFTER_SECONDS if retry_after is None else retry_after)
        return Reply(status=response.status_code, headers=headers, body=content, retry_after=retry_after, whole=whole)

    def _block(self, seconds: float) -> None:
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock.monotonic() + seconds)
        with suppress(TransientError):  # this process waits in any case; a store's hiccup must not cost the answer
            self._budget.block(seconds)

    def _retrying(self) -> tenacity.Retrying:
        return tenacity.Retrying(
            sleep=self._sleep,
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(READ_TRIES), tenacity.stop_before_delay(self._patience_seconds)
            ),
            wait=self._wait,
            reraise=True,
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """Full jitter under a doubling cap, on top of what the remote asked for."""
        error = state.outcome.exception() if state.outcome is not None else None
        asked = error.retry_after if isinstance(error, TransientError) else None
        ceiling = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2.0**state.attempt_number)
        return (asked or 0.0) + ceiling * self._chance()

    def _send(self, client: httpx.Client, sending: httpx.Request, request: Request) -> httpx.Response:
        with self._lock:
            self._calls += 1
        ended, status = self._watch(request), None
        try:
            response = client.send(sending, stream=True)
            status = response.status_code
        finally:
            ended(status)
        return response

    def _client(self, proxy: str | None) -> httpx.Client:
        with self._lock:
            client = self._clients.get(proxy)
        if client is None:
            made = _new_client(proxy, httpx.Limits(max_connections=100, max_keepalive_connections=20))
            with self._lock:
                client = self._clients.setdefault(proxy, made)
        return client


def _new_client(proxy: str | None, limits: httpx.Limits) -> httpx.Client:
    context = _tls_context()
    return httpx.Client(
        verify=context,
        trust_env=False,  # the environment's word on proxies and certificates is read here, once and on purpose
        proxy=proxy and httpx.Proxy(proxy, ssl_context=context if proxy.startswith("https:") else None),
        follow_redirects=False,
        limits=limits,
        headers={"User-Agent": "tieout"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


@cache
def _tls_context() -> ssl.SSLContext:
    """Read the certificates once a process: it takes longer than most requests. Raises MisconfiguredError."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one, too
        name = "SSL_CERT_FILE" if os.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"
        why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise MisconfiguredError(f"{name} names {os.environ.get(name)}, which cannot be used ({why})") from None


def check_certificates() -> None:
    """Raise MisconfiguredError when the certificates to trust cannot be read."""
    _tls_context()


@contextmanager
def _translated(request: Request, trace: SendTrace) -> Iterator[None]:
    """Turn every foreign exception into one of ours; messages are ours too, for theirs may quote headers."""
    try:
        yield
    except _OURS_TO_MEND as error:
        kind = type(error).__name__
        raise MisconfiguredError(f"{request.place}: the request cannot be written ({kind})") from None
    except _FOREIGN as error:
        untrusted = _untrusted(error)
        if untrusted:
            raise MisconfiguredError(f"{request.place}: the certificate is not trusted: {untrusted}") from error
        words = next((words for kind, words in _WORDS if isinstance(error, kind)), "the connection broke")
        if isinstance(error, httpx.ProxyError):
            words += f" ({str(error)[:3]})" if str(error)[:3].isdigit() else ""  # its status; the rest is foreign
        raise TransientError(f"{request.place}: {words}", before_processing=not trace.bytes_written) from error


def _untrusted(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        cause = cause.__cause__ or cause.__context__
    return ""


def _guarded_chunks(body: bytes, watchdog: Watchdog) -> Iterator[bytes]:
    for start in range(0, len(body), CHUNK_BYTES):
        watchdog.check(zero_bytes=False)
        yield body[start : start + CHUNK_BYTES]


def _read_what_comes(response: httpx.Response, max_bytes: int) -> tuple[bytes, bool]:
    """Read a body as far as it comes: the status has been given, and for some of them it is verdict enough."""
    content = bytearray()
    try:
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) > max_bytes:
                return b"", False
    except _FOREIGN:
        return bytes(content), False
    return bytes(content), True


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
