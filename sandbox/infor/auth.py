"""The authorization server: tokens for a service account, their end, and their withdrawal."""

import base64
import binascii
import secrets
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.infor.tenant import Tenant


class TokenDesk:
    """Hands out bearer tokens and knows which still hold."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._held: dict[str, datetime] = {}

    def holds(self, authorization: str) -> bool:
        """Tell whether an Authorization header carries a live token."""
        scheme, _, token = authorization.partition(" ")
        until = self._held.get(token.strip())
        return scheme.lower() == "bearer" and until is not None and self._tenant.now() < until

    def routes(self) -> list[Route]:
        """Give the routes below `/as`."""
        return [
            Route("/token.oauth2", self._token, methods=["POST"]),
            Route("/revoke_token.oauth2", self._revoke, methods=["POST"]),
        ]

    async def _token(self, request: Request) -> Response:
        self._tenant.books.http_calls += 1
        if not self._is_client(request):
            return _invalid_client()
        form = await _form(request)
        if form is None:
            return _refusal(400, "invalid_request", "The request is no readable form")
        if form.get("grant_type") != "password":
            return _refusal(400, "unsupported_grant_type", "grant_type must be password")
        options = self._tenant.options
        if form.get("username") != options.saak or form.get("password") != options.sask:
            return _refusal(400, "invalid_grant", "The service account is unknown or its secret is wrong")
        token = secrets.token_urlsafe(24)
        self._held[token] = self._tenant.now() + timedelta(seconds=options.token_seconds)
        life: int | str = str(options.token_seconds) if options.token_life_as_text else options.token_seconds
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": life})

    async def _revoke(self, request: Request) -> Response:
        self._tenant.books.http_calls += 1
        if not self._is_client(request):
            return _invalid_client()
        form = await _form(request)
        if form is None or "token" not in form:
            return _refusal(400, "invalid_request", "token is missing")
        self._held.pop(form["token"], None)
        return Response(status_code=200)

    def _is_client(self, request: Request) -> bool:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        options = self._tenant.options
        return scheme.lower() == "basic" and given == f"{options.client_id}:{options.client_secret}"


async def _form(request: Request) -> dict[str, str] | None:
    """Read the body; None when it is no form. A bare '#' is no form either: it must come as %23."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if kind != "application/x-www-form-urlencoded" or not body.isascii() or b"#" in body:
        return None
    return {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}


def _invalid_client() -> Response:
    return _refusal(401, "invalid_client", "Client id or secret is wrong", {"WWW-Authenticate": "Basic"})


def _refusal(status: int, error: str, text: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": error, "error_description": text}, status_code=status, headers=headers)
