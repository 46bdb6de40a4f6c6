"""Fault switches around a pretend system: what gateways and networks do to a request, drawn from a seed."""

from collections import Counter
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from random import Random
from typing import Literal

import anyio
import anyio.lowlevel
import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.asgi import Answer, answer, play, read_whole
from sandbox.clock import chance, real_seconds

Profile = Literal["calm", "rough", "hostile"]
Side = Literal["infor", "avidxchange"]

SHARES: dict[str, float] = {"calm": 0.0, "rough": 0.04, "hostile": 0.12}
WEIGHTS: dict[str, dict[str, int]] = {
    "calm": {},
    "rough": {
        "429_plain": 3,
        "429_seconds": 3,
        "429_date": 1,
        "401_once": 1,
        "5xx_before": 4,
        "5xx_after": 2,
        "504_before": 2,
        "504_after": 2,
        "drop_before": 2,
        "drop_after": 2,
        "stall": 1,
    },
    "hostile": {
        "429_plain": 3,
        "429_seconds": 3,
        "429_date": 2,
        "401_once": 2,
        "5xx_before": 4,
        "5xx_after": 4,
        "504_before": 4,
        "504_after": 5,
        "drop_before": 4,
        "drop_after": 5,
        "stall": 3,
        "twice": 4,
        "html_before": 2,
        "html_after": 3,
        "cut_json": 3,
        "empty": 3,
    },
}
PAGE = b"<html><head><title>%b</title></head><body><h1>%b</h1></body></html>"
QUIET_AFTER_401 = 20


class FaultLimits(msgspec.Struct, kw_only=True, frozen=True):
    """Bounds that let a right client make progress.

    A stalled request is taken at up to 0.9 of the call timeout after its last byte and answered at 1.0 to 1.2
    of it. No path meets more than `in_a_row` faults one after the other.
    """

    call_timeout_seconds: float = 3.0
    in_a_row: int = 3


class Faults:
    """ASGI middleware; every fault is drawn from (seed, side, path, how often that path was asked)."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        profile: Profile = "calm",
        seed: int = 1,
        side: Side,
        limits: FaultLimits | None = None,
    ) -> None:
        self._app = app
        self._side = side
        self._limits = limits or FaultLimits()
        self._only: str | None = None
        self._acts: dict[str, Callable[[Scope, bytes, Random], Awaitable[Answer | None]]] = {
            "429_plain": self._too_many,
            "429_seconds": self._too_many_seconds,
            "429_date": self._too_many_date,
            "401_once": self._unauthorised,
            "5xx_before": self._broken,
            "5xx_after": self._broken_after,
            "504_before": self._gave_up,
            "504_after": self._gave_up_after,
            "drop_before": self._dropped,
            "drop_after": self._dropped_after,
            "stall": self._stalled,
            "twice": self._handled_twice,
            "html_before": self._html,
            "html_after": self._html_after,
            "cut_json": self._cut,
            "empty": self._emptied,
        }
        self.set(profile, seed)

    def set(self, profile: Profile, seed: int, *, only: str | None = None) -> None:
        """Switch the profile from the next request on; `only` makes every request meet that one fault."""
        if profile not in SHARES:
            raise ValueError(f"fault profile {profile!r} is none of {', '.join(SHARES)}")
        if only is not None and only not in self._acts:
            raise ValueError(f"fault {only!r} is none of {', '.join(self._acts)}")
        self.profile, self.seed, self._only = profile, seed, only
        self.injected: Counter[str] = Counter()
        self.requests = 0
        self.requests_while_blocked = 0
        self._blocked_until = 0.0
        self._no_401_before = 0
        self._asked: Counter[str] = Counter()
        self._row: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, with or without a fault; control routes never meet one."""
        if scope["type"] != "http" or scope["path"].startswith("/control"):
            await self._app(scope, receive, send)
            return
        self.requests += 1
        if real_seconds() < self._blocked_until:
            self.requests_while_blocked += 1
        fault, random = self._draw(scope)
        if fault is None:
            await self._app(scope, receive, send)
            return
        body = await read_whole(receive)
        if body is None:
            return
        if fault == "twice" and _money_write(scope, body):
            fault = "504_after"
        self.injected[fault] += 1
        made = await self._acts[fault](scope, body, random)
        if made is not None:
            await made.send(send)
        else:
            await _drop(scope, send)

    def _draw(self, scope: Scope) -> tuple[str | None, Random]:
        path = f"{scope['method']} {scope['path']}"
        self._asked[path] += 1
        random = chance(self.seed, self._side, path, self._asked[path])
        share = 1.0 if self._only else SHARES[self.profile]
        if share == 0.0 or self._row[path] >= self._limits.in_a_row or random.random() >= share:
            self._row[path] = 0
            return None, random
        weights = {self._only: 1} if self._only else WEIGHTS[self.profile]
        fault = random.choices(list(weights), list(weights.values()))[0]
        if fault == "401_once":
            if not _bearer(scope) or self.requests < self._no_401_before:
                return None, random
            self._no_401_before = self.requests + QUIET_AFTER_401
        self._row[path] += 1
        return fault, random

    async def _too_many(self, _scope: Scope, _body: bytes, _random: Random) -> Answer:
        return _html_page(429, b"Too Many Requests")

    async def _too_many_seconds(self, _scope: Scope, _body: bytes, _random: Random) -> Answer:
        self._blocked_until = real_seconds() + 1
        return _html_page(429, b"Too Many Requests", ("retry-after", "1"))

    async def _too_many_date(self, _scope: Scope, _body: bytes, _random: Random) -> Answer:
        # HTTP dates have whole seconds: two ahead is one to two seconds from now.
        until = int(real_seconds()) + 2
        self._blocked_until = float(until)
        return _html_page(429, b"Too Many Requests", ("retry-after", formatdate(until, usegmt=True)))

    async def _unauthorised(self, _scope: Scope, _body: bytes, _random: Random) -> Answer:
        if self._side == "infor":
            challenge = ("www-authenticate", 'Bearer error="invalid_token"')
            return answer(401, b'{"error":"invalid_token"}', "application/json", challenge)
        body = b'{"exception":{"reason":"Unauthorized","detail":"token expired"}}'
        return answer(401, body, "application/json")

    async def _broken(self, _scope: Scope, _body: bytes, random: Random) -> Answer:
        status = random.choice((500, 502, 503))
        return _html_page(status, {500: b"Internal Error", 502: b"Bad Gateway", 503: b"Unavailable"}[status])

    async def _broken_after(self, scope: Scope, body: bytes, random: Random) -> Answer:
        await play(self._app, scope, body)
        return await self._broken(scope, body, random)

    async def _gave_up(self, _scope: Scope, _body: bytes, _random: Random) -> Answer:
        return _html_page(504, b"Gateway Timeout")

    async def _gave_up_after(self, scope: Scope, body: bytes, _random: Random) -> Answer:
        await play(self._app, scope, body)
        return _html_page(504, b"Gateway Timeout")

    async def _dropped(self, _scope: Scope, _body: bytes, _random: Random) -> None:
        return None

    async def _dropped_after(self, scope: Scope, body: bytes, _random: Random) -> None:
        await play(self._app, scope, body)

    async def _stalled(self, scope: Scope, body: bytes, random: Random) -> Answer:
        """Take the request late and answer when the client should have given up."""
        work_at = self._limits.call_timeout_seconds * random.uniform(0.2, 0.9)
        answer_at = self._limits.call_timeout_seconds * random.uniform(1.0, 1.2)
        await anyio.sleep(work_at)
        late = await play(self._app, scope, body)
        await anyio.sleep(answer_at - work_at)
        return late

    async def _handled_twice(self, scope: Scope, body: bytes, _random: Random) -> Answer:
        await play(self._app, scope, body)
        return await play(self._app, scope, body)

    async def _html(self, _scope: Scope, _body: bytes, _random: Random) -> Answer:
        return _html_page(200, b"Please sign in")

    async def _html_after(self, scope: Scope, body: bytes, _random: Random) -> Answer:
        await play(self._app, scope, body)
        return _html_page(200, b"Please sign in")

    async def _cut(self, scope: Scope, body: bytes, random: Random) -> Answer:
        whole = await play(self._app, scope, body)
        kept = whole.body[: int(len(whole.body) * random.uniform(0.1, 0.9))]
        return answer(whole.status, kept, "application/json")

    async def _emptied(self, scope: Scope, body: bytes, _random: Random) -> Answer:
        await play(self._app, scope, body)
        return answer(200, b"", "application/json")


def _html_page(status: int, text: bytes, *extra: tuple[str, str]) -> Answer:
    return answer(status, PAGE % (text, text), "text/html; charset=utf-8", *extra)


def _bearer(scope: Scope) -> bool:
    return any(name == b"authorization" and value.startswith(b"Bearer ") for name, value in scope["headers"])


def _money_write(scope: Scope, body: bytes) -> bool:
    """Tell the writes that a gateway must not double, since no client could mend that."""
    path = scope["path"]
    batches = scope["method"] == "POST" and path.endswith("/invoices/batches")
    return batches or "/execute/GLS840MI/" in path or b"GLS840MI" in body


async def _drop(scope: Scope, send: Send) -> None:
    """End the connection without an answer; without a transport to cut, stop in the middle of one."""
    cut = scope.get("state", {}).get("cut_connection")
    if cut is not None:
        cut()
        await anyio.lowlevel.checkpoint()
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
