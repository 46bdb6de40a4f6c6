"""Who may call the pretend AvidXchange: two customer tokens on every request, or a partner's bearer token."""

import base64
import binascii
import hmac
import secrets
from datetime import datetime, timedelta
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.avidxchange.desk import Desk
from sandbox.avidxchange.wire import RefusedRequestError


class Access(Desk):
    """Checks credentials; a refusal may echo them, as the real one does."""

    _tokens: dict[str, datetime] | None = None

    def check(self, request: Request) -> None:
        """Refuse a request without the right credentials with 401."""
        if self.options.auth == "partner":
            self._check_partner(request)
            return
        for header, expected in (
            (self.options.company_token_header, self.options.company_token),
            (self.options.user_token_header, self.options.user_token),
        ):
            given = request.headers.get(header, "")
            if not hmac.compare_digest(given.encode(), expected.encode()):
                raise RefusedRequestError(401, f"{header} '{given}' is not valid")

    async def token(self, request: Request) -> Response:
        """POST /v1/token: client credentials with Basic, in partner mode only."""
        if self.options.auth != "partner":
            raise RefusedRequestError(404, "no such resource")
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        if _basic(request) != f"{self.options.client_id}:{self.options.client_secret}":
            raise RefusedRequestError(401, f"client credentials '{_basic(request)}' are not valid")
        if form.get("grant_type") != ["client_credentials"]:
            raise RefusedRequestError(400, "grant_type must be client_credentials")
        token = secrets.token_urlsafe(24)
        lives_until = self.clock.now() + timedelta(seconds=self.options.token_seconds)
        self._tokens = {**(self._tokens or {}), token: lives_until}
        body = {"access_token": token, "expires_in": int(self.options.token_seconds)}
        return Response(msgspec.json.encode(body), media_type="application/json")

    def _check_partner(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        lives_until = (self._tokens or {}).get(token)
        if scheme != "Bearer" or lives_until is None or lives_until <= self.clock.now():
            raise RefusedRequestError(401, f"token '{token}' is not valid")
        if request.headers.get(self.options.company_id_header) != self.options.company_id:
            raise RefusedRequestError(401, f"{self.options.company_id_header} names no company of yours")


def _basic(request: Request) -> str:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
