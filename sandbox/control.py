"""The control routes both pretend systems share: the clock, the fault switches, the books of both sides."""

from datetime import timedelta
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.asgi import get_json
from sandbox.books import tie_out
from sandbox.clock import SandboxClock
from sandbox.faults import Faults, Profile, Side

StructT = TypeVar("StructT", bound=msgspec.Struct)


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """How far to move the clock, in seconds, forward."""

    seconds: float


class Switch(msgspec.Struct, forbid_unknown_fields=True):
    """Which faults to have from now on; `side` alone or both, `only` one fault on every request."""

    profile: Profile
    seed: int = 1
    side: Side | None = None
    only: str | None = None


class Control:
    """Handlers of /control/clock, /control/advance, /control/faults, /control/books and /control/tie-out."""

    def __init__(self, clock: SandboxClock, faults: dict[Side, Faults], infor: ASGIApp, avidxchange: ASGIApp) -> None:
        self._clock = clock
        self._faults = faults
        self._infor = infor
        self._avidxchange = avidxchange
        routes = [
            Route("/control/clock", self._now, methods=["GET"]),
            Route("/control/advance", self._advance, methods=["POST"]),
            Route("/control/faults", self._faults_now, methods=["GET"]),
            Route("/control/faults", self._switch, methods=["POST"]),
            Route("/control/books", self._books, methods=["GET"]),
            Route("/control/tie-out", self._tie_out, methods=["GET"]),
        ]
        self._routes = Starlette(routes=routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a control request to whom it belongs."""
        path = scope["path"]
        if path.startswith("/control/infor"):
            app = self._infor
        elif path.startswith("/control/avidxchange"):
            app = self._avidxchange
        else:
            app = self._routes
        await app(scope, receive, send)

    async def _now(self, _request: Request) -> Response:
        return JSONResponse({"now": self._clock.now().isoformat()})

    async def _advance(self, request: Request) -> Response:
        step = await _read(request, Advance)
        try:
            self._clock.advance(timedelta(seconds=step.seconds))
        except (ValueError, OverflowError) as error:
            raise HTTPException(400, str(error)) from error
        return await self._now(request)

    async def _faults_now(self, _request: Request) -> Response:
        return JSONResponse(
            {
                side: {
                    "profile": faults.profile,
                    "seed": faults.seed,
                    "requests": faults.requests,
                    "injected": dict(faults.injected),
                    "requests_while_blocked": faults.requests_while_blocked,
                }
                for side, faults in self._faults.items()
            }
        )

    async def _switch(self, request: Request) -> Response:
        switch = await _read(request, Switch)
        for side, faults in self._faults.items():
            if switch.side in (None, side):
                try:
                    faults.set(switch.profile, switch.seed, only=switch.only)
                except ValueError as error:
                    raise HTTPException(400, str(error)) from error
        return await self._faults_now(request)

    async def _books(self, _request: Request) -> Response:
        infor, avidxchange = await self._both()
        return JSONResponse({"infor": infor, "avidxchange": avidxchange})

    async def _tie_out(self, _request: Request) -> Response:
        return Response(msgspec.json.encode(tie_out(*await self._both())), media_type="application/json")

    async def _both(self) -> tuple[dict[str, object], dict[str, object]]:
        infor = await get_json(self._infor, "/control/infor/books")
        return infor, await get_json(self._avidxchange, "/control/avidxchange/books")


async def _read(request: Request, kind: type[StructT]) -> StructT:
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except msgspec.DecodeError as error:
        raise HTTPException(400, str(error)) from error
