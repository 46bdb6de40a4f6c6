"""The pretend Infor as one web application: authorization server, gateway with M3 and IDM, control desk."""

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.infor.auth import TokenDesk
from sandbox.infor.books import InforBooks
from sandbox.infor.control import control_routes
from sandbox.infor.idm import document_routes
from sandbox.infor.options import Clock, InforOptions
from sandbox.infor.posting import settle
from sandbox.infor.programs import build_engine
from sandbox.infor.rest import rest_routes
from sandbox.infor.tenant import Tenant

_UNAUTHORIZED = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class Gateway:
    """Lets a request through to the tenant when its token holds; due vouchers are posted first."""

    def __init__(self, app: ASGIApp, tenant: Tenant, tokens: TokenDesk) -> None:
        self._app = app
        self._tenant = tenant
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self._tenant.books.http_calls += 1
        if not self._tokens.holds(Headers(scope=scope).get("authorization", "")):
            refusal = JSONResponse({"error": "invalid_token"}, status_code=401, headers=_UNAUTHORIZED)
            await refusal(scope, receive, send)
            return
        settle(self._tenant)
        await self._app(scope, receive, send)


def build_infor(books: InforBooks, clock: Clock, options: InforOptions) -> Starlette:
    """Build the application over `books`; `clock.now()` tells the time of everything in it."""
    tenant = Tenant(books, clock, options)
    tokens = TokenDesk(tenant)
    engine = build_engine(tenant)
    inside = Starlette(
        routes=[
            Mount("/M3/m3api-rest/v2", routes=rest_routes(engine, options.language)),
            Mount("/IDM/api", routes=document_routes(tenant)),
        ]
    )
    return Starlette(
        routes=[
            Mount("/as", routes=tokens.routes()),
            Mount("/control/infor", routes=control_routes(tenant)),
            Mount(f"/{options.tenant}", app=Gateway(inside, tenant, tokens)),
        ]
    )
