"""Tokens of the service account: how one is asked for, how the answer is read, and who keeps it fresh."""

import base64
import threading
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import msgspec

from adapters.http_messages import Reply, Request, form
from adapters.infor.ionapi import Credentials
from adapters.unreadable import UNREADABLE
from domain.errors import MalformedError, MisconfiguredError, StoreError, TransientError

LONGEST_MARGIN_SECONDS = 300.0  # refreshed before the end: at most five minutes, at most a fifth of the life
MARGIN_SHARE = 0.2
LIFE_WHEN_UNTOLD_SECONDS = 600
LONGEST_LIFE_SECONDS = 10 * 366 * 86_400  # whatever is said beyond that is as good as for ever
ASK_AGAIN_SECONDS = 15.0  # while the old token still serves, a renewal that passed by is tried so much later
NOT_GRANTED = "Infor gives no token"  # begins what every lack of one says: alerts know a poll's row by it
_REFUSALS = {
    "invalid_client": "the client id or secret is wrong (keys ci and cs): download the .ionapi file again",
    "invalid_grant": "the service account is unknown or its secret is wrong (keys saak and sask): "
    "create new service account credentials and download the .ionapi file again",
    "unauthorized_client": "the app may not use a service account: create a Backend Service app",
    "invalid_scope": "the scopes of the app (key sc) are not allowed for it: download the .ionapi file again",
    "unsupported_grant_type": "the app allows no service account: create a Backend Service app",
}
_JUDGED = (400, 401)


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token; times in seconds of the monotonic clock, `life_seconds` as the server told it."""

    value: str
    refresh_at: float
    life_seconds: int

    @property
    def ends_at(self) -> float:
        """When the server takes it no more."""
        return self.refresh_at + _margin(self.life_seconds)

    def __repr__(self) -> str:
        """Keep the token out of logs."""
        return f"Token(life_seconds={self.life_seconds})"


def _margin(life_seconds: int) -> float:
    return min(LONGEST_MARGIN_SECONDS, life_seconds * MARGIN_SHARE)


def token_request(credentials: Credentials) -> Request:
    """Write the password grant exactly as the authorization server wants it."""
    pairs = [
        ("grant_type", "password"),
        ("username", credentials.account_key),
        ("password", credentials.account_secret),
    ]
    if credentials.scopes:
        pairs.append(("scope", credentials.scopes))
    basic = base64.b64encode(f"{credentials.client_id}:{credentials.client_secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    return Request(method="POST", url=credentials.token_url, headers=headers, body=form(pairs), label="token")


class _Granted(msgspec.Struct):
    access_token: str = ""
    expires_in: msgspec.Raw = msgspec.Raw(b"null")

    def __repr__(self) -> str:
        """Keep the token out of logs."""
        return "_Granted(…)"


class _Refused(msgspec.Struct):
    error: str = ""


def read_token(reply: Reply, *, asked_at: float) -> Token:
    """Read the server's answer; `asked_at`: monotonic seconds before the request left.

    Raises MisconfiguredError (wrong secrets, says what to do), TransientError or MalformedError; never with a body.
    """
    if reply.status in _JUDGED:
        raise MisconfiguredError(f"{NOT_GRANTED}: {_refusal(reply)}")
    if reply.status != 200:  # noqa: PLR2004 (HTTP's own number for success)
        text = f"Infor's authorization server answered {reply.status}"
        raise TransientError(text, retry_after=reply.retry_after, before_processing=True, status=reply.status)
    try:
        granted = msgspec.json.decode(reply.body, type=_Granted)
    except UNREADABLE:
        # A log-in page or a cut answer: passing, and its text may hold what must not be shown.
        text = "Infor's authorization server gave no readable token"
        raise TransientError(text, before_processing=True, status=reply.status) from None
    if not granted.access_token:
        raise TransientError("Infor's authorization server gave no token", before_processing=True, status=reply.status)
    life = _life(granted.expires_in)
    return Token(value=granted.access_token, refresh_at=asked_at + life - _margin(life), life_seconds=life)


def _refusal(reply: Reply) -> str:
    try:
        error = msgspec.json.decode(reply.body, type=_Refused).error
    except UNREADABLE:
        error = ""
    if not error:
        error = "invalid_client" if reply.status == 401 else "invalid_grant"  # noqa: PLR2004 (HTTP's own number)
    known = _REFUSALS.get(error)
    return known or f"the authorization server answered {reply.status}: check the app and download the .ionapi again"


def _life(told: msgspec.Raw) -> int:
    text = bytes(told).decode(errors="replace").strip().strip('"').strip()
    if text == "null":
        return LIFE_WHEN_UNTOLD_SECONDS
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        seconds = Decimal(0)
    if not seconds.is_finite() or seconds < 1:
        raise MalformedError(f"{NOT_GRANTED} with a positive life", record="expires_in")
    return int(min(seconds, Decimal(LONGEST_LIFE_SECONDS)))


class TokenTimes(NamedTuple):
    """How old a token is and how long it is still taken; seconds."""

    age: float
    left: float


class TokenDesk:
    """Keeps one token for all threads; at most one of them asks for a new one, the others wait for it.

    ask: sends a request once and gives the reply, or raises TransientError; monotonic: seconds; call_seconds: how long
    a call may take that begins with a token of this desk, so that it does not end under way.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        ask: Callable[[Request], Reply],
        monotonic: Callable[[], float],
        call_seconds: float,
    ) -> None:
        self._credentials = credentials
        self._ask = ask
        self._monotonic = monotonic
        self._call_seconds = call_seconds
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._ask_again_at = 0.0  # no renewal before it, as long as the old token still serves
        self._is_refused = False  # the last time somebody asked for a token there was none to be had

    def current(self) -> Token:
        """Give a token that is good for a while; asks for a new one when the old one is about to end.

        While the server is away the old one goes on until a call could outlive it. Raises MisconfiguredError (refused:
        at once, the old one will have no successor), TransientError or MalformedError.
        """
        held = self._token
        if held is not None and self._monotonic() < held.refresh_at:
            return held
        if held is not None and self._still_serves(held) and self._lock.locked():
            return held  # another thread asks, perhaps for long: the old one serves meanwhile
        with self._lock:
            held, now = self._token, self._monotonic()
            if held is not None and (now < held.refresh_at or (now < self._ask_again_at and self._still_serves(held))):
                return held
            self._token = self._renewed(held)
            return self._token

    def held(self) -> Token | None:
        """Give the token at hand without asking for one; None when there is none."""
        return self._token

    def times(self) -> TokenTimes | None:
        """Give the times of the token at hand; None when there is none, or it ended because nobody asked for another.

        Nothing is left while the server gives no new one.
        """
        token, now = self._token, self._monotonic()
        if token is None or now >= token.ends_at:
            return TokenTimes(0.0, 0.0) if self._is_refused else None
        return TokenTimes(now - (token.ends_at - token.life_seconds), token.ends_at - now)

    def drop(self, refused: Token) -> None:
        """Forget a token the gateway refused; one that replaced it meanwhile stays."""
        with self._lock:
            if self._token == refused:
                self._token = None

    def _renewed(self, held: Token | None) -> Token:
        """Ask for a token; after a passing failure give the one at hand as long as it serves."""
        try:
            return self._fetch()
        except TransientError as error:
            # Verdict: retry later, with the next use, and with the old token as long as there is one.
            if held is None or not self._still_serves(held):
                if isinstance(error, StoreError):  # the rate budget's: it says nothing of the server
                    raise
                raise _without_token(error) from error
            self._ask_again_at = self._monotonic() + max(ASK_AGAIN_SECONDS, error.retry_after or 0.0)
            return held

    def _still_serves(self, token: Token) -> bool:
        return self._monotonic() < token.ends_at - self._call_seconds

    def _fetch(self) -> Token:
        asked_at = self._monotonic()
        self._is_refused = True
        token = read_token(self._ask(token_request(self._credentials)), asked_at=asked_at)
        self._is_refused = False
        return token


def _without_token(error: TransientError) -> TransientError:
    return TransientError(
        f"{NOT_GRANTED}: {error}",
        retry_after=error.retry_after,
        before_processing=error.before_processing,
        status=error.status,
    )
