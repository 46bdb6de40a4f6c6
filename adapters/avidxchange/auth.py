"""Logging in to AvidXchange, as flows that yield the requests they need: testable without a socket."""

import base64
import threading
from collections.abc import Callable, Generator
from typing import Protocol

import msgspec

from adapters.avidxchange.settings import AvidSettings, Credentials
from adapters.http_messages import Reply, Request, form
from adapters.unreadable import UNREADABLE
from domain.errors import MisconfiguredError, TransientError
from domain.ports.store import Clock

OK = 200
REFUSED_LOGINS = (400, 401, 403)
LONGEST_MARGIN_SECONDS = 300.0
SHARE_OF_LIFE = 5  # a token is renewed when a fifth of its life is left, or 300 s if that is less

Flow = Generator[Request, Reply, dict[str, str]]
REFUSES_CLIENT = "AvidXchange refuses the client id or secret"  # the poll's row keeps it, alerts know it by it
_MEND = "put in the right ones with `tieout connection rotate`"


class Auth(Protocol):
    """A way to log in."""

    def flow(self) -> Flow:
        """Yield the requests needed to log in, take their replies, return the headers of an ordinary request."""

    def drop(self, headers: dict[str, str]) -> bool:
        """Forget what gave these refused headers; tell whether another log-in may help."""

    def ready(self) -> dict[str, str] | None:
        """Give the headers without any request, None when a log-in is needed first."""


class CustomerTokens:
    """Two opaque tokens on every request; nothing to fetch and nothing to renew."""

    def __init__(self, settings: AvidSettings, credentials: Credentials) -> None:
        company = header_value(credentials.company_token, "company token")
        user = header_value(credentials.user_token, "user token")
        self._headers = {settings.company_token_header: company, settings.user_token_header: user}

    def flow(self) -> Flow:
        """Return the two headers."""
        yield from ()
        return dict(self._headers)

    def drop(self, headers: dict[str, str]) -> bool:  # noqa: ARG002 - the port's signature; tokens have no successor
        """Tell that only a person can help."""
        return False

    def ready(self) -> dict[str, str] | None:
        """Give the two headers."""
        return dict(self._headers)


class PartnerToken:
    """OAuth client credentials; the token is renewed before it ends. Not thread-safe by itself: see `LogIn`."""

    def __init__(self, settings: AvidSettings, credentials: Credentials, *, clock: Clock) -> None:
        client_id = header_value(credentials.client_id, "client id")
        secret = header_value(credentials.client_secret, "client secret")
        self._basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        self._settings = settings
        self._clock = clock
        self._token = ""
        self._renew_at = 0.0
        self._ends_at = 0.0

    def flow(self) -> Flow:
        """Yield the token request when the token is missing or about to end."""
        if not self._token or self._clock.monotonic() >= self._renew_at:
            asked_at = self._clock.monotonic()
            reply = yield Request(
                method="POST",
                url=self._settings.token_url,
                headers={
                    "Authorization": f"Basic {self._basic}",
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Accept": "application/json",
                },
                body=form([("grant_type", "client_credentials")]),
                label="token",
            )
            self._take(reply, asked_at)
        return self._headers()

    def drop(self, headers: dict[str, str]) -> bool:
        """Forget the token unless another thread has renewed it already."""
        if headers.get("Authorization") == f"Bearer {self._token}":
            self._token = ""
        return True

    def ready(self) -> dict[str, str] | None:
        """Give the headers while the token lives."""
        return self._headers() if self._token and self._clock.monotonic() < self._ends_at else None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", self._settings.company_id_header: self._settings.company_id}

    def _take(self, reply: Reply, asked_at: float) -> None:
        if reply.status in REFUSED_LOGINS:  # the body can echo the credentials: it is not looked at
            raise MisconfiguredError(f"{REFUSES_CLIENT} ({reply.status}): {_MEND}")
        if reply.status != OK:
            raise MisconfiguredError(f"avidxchange.token_url answers {reply.status}: it is no token address")
        try:
            answer = msgspec.json.decode(reply.body, type=_Token, strict=False)
        except UNREADABLE:
            raise TransientError("AvidXchange's answer to the log-in cannot be read") from None
        life = float(answer.expires_in)
        if not (answer.access_token and life > 0):  # also for what is no number at all
            raise TransientError("AvidXchange's answer to the log-in holds no living token")
        self._token = header_value(answer.access_token, "access token")
        self._ends_at = asked_at + life
        self._renew_at = self._ends_at - min(LONGEST_MARGIN_SECONDS, life / SHARE_OF_LIFE)


class LogIn:
    """Drives a flow for all threads of a process: one of them renews, the others wait for it."""

    def __init__(self, auth: Auth, *, send: Callable[[Request], Reply]) -> None:
        self._auth = auth
        self._send = send
        self._lock = threading.Lock()

    def headers(self) -> dict[str, str]:
        """Give the headers of an ordinary request, logging in first where needed."""
        with self._lock:
            flow = self._auth.flow()
            try:
                request = next(flow)
                while True:
                    request = flow.send(self._send(request))
            except StopIteration as end:
                headers: dict[str, str] = end.value
                return headers

    def drop(self, headers: dict[str, str]) -> bool:
        """Forget refused headers; tell whether another log-in may help."""
        with self._lock:
            return self._auth.drop(headers)

    def ready(self) -> dict[str, str] | None:
        """Give the headers without any request, None when a log-in is needed first."""
        with self._lock:
            return self._auth.ready()


def build_auth(settings: AvidSettings, credentials: Credentials, *, clock: Clock) -> Auth:
    """Choose the way the settings name."""
    if settings.auth == "partner":
        return PartnerToken(settings, credentials, clock=clock)
    return CustomerTokens(settings, credentials)


def header_value(secret: str, name: str) -> str:
    """Check that a secret can stand in a header; the error never shows it."""
    text = secret.strip()
    if not text:
        raise MisconfiguredError(f"AvidXchange's {name} is missing: {_MEND}")
    if not (text.isascii() and text.isprintable()):
        raise MisconfiguredError(f"AvidXchange's {name} has characters that no header takes: {_MEND}")
    return text


class _Token(msgspec.Struct):
    access_token: str = ""
    expires_in: float = 0.0

    def __repr__(self) -> str:
        """Keep the token out of logs."""
        return "_Token(…)"
