"""A sandbox that also counts HTTP calls by M3 transaction, and which records each of them asked for."""

import json
from collections import Counter, defaultdict
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import Faults, Side
from sandbox.serve import Sandbox, SandboxOptions

IMAGES = "IDM"
TOKENS = "token"
IN_BULK = " in bulk"


class Meter:
    """Calls and asked records by transaction. A bulk call counts once; images and tokens count under their names."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.asked: defaultdict[str, list[bytes]] = defaultdict(list)

    def note(self, scope: Scope, body: bytes) -> None:
        """Count one request to Infor."""
        path = scope["path"]
        if "/m3api-rest/" not in path:
            self.calls[IMAGES if "/IDM/" in path else TOKENS] += 1
        elif scope["method"] == "GET":
            name = "/".join(path.rsplit("/", 2)[1:])
            self.calls[name] += 1
            record = dict(parse_qsl(scope["query_string"].decode()))
            self.asked[name].append(msgspec.json.encode(record, order="sorted"))
        else:
            bulk = msgspec.json.decode(body)
            names = {f"{bulk['program']}/{each['transaction']}" for each in bulk["transactions"]}
            self.calls.update(name + IN_BULK for name in names)
            for each in bulk["transactions"]:
                name = f"{bulk['program']}/{each['transaction']}{IN_BULK}"
                self.asked[name].append(msgspec.json.encode(each["record"], order="sorted"))

    def distinct(self, name: str) -> int:
        """How many different records a transaction was asked for."""
        return len(set(self.asked[name]))

    def transactions(self) -> Counter[str]:
        """Transactions run, by name: what the sandbox's own books must say, too."""
        run: Counter[str] = Counter()
        for name, asked in self.asked.items():
            run[name.removesuffix(IN_BULK)] += len(asked)
        return run


class MeteredSandbox(Sandbox):
    """A sandbox whose Infor is metered; `meter` may be exchanged between two syncs."""

    def __init__(self, options: SandboxOptions) -> None:
        self.meter = Meter()
        super().__init__(options)

    def tell(self, path: str, body: dict[str, object]) -> None:
        """Tell the pretend systems to do something, over their control address."""
        request = Request(  # noqa: S310 (the sandbox's own address, on loopback)
            f"{self.control_url}/control/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urlopen(request, timeout=60) as reply:  # noqa: S310 (likewise the sandbox's own)
            reply.read()

    def _faulty(self, app: ASGIApp, side: Side) -> Faults:
        return super()._faulty(_Metered(app, self) if side == "infor" else app, side)


class _Metered:
    """Reads a request whole, notes it, and hands it on as it came."""

    def __init__(self, app: ASGIApp, sandbox: MeteredSandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/control"):
            await self._app(scope, receive, send)
            return
        messages: list[Message] = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        self._sandbox.meter.note(scope, b"".join(message.get("body", b"") for message in messages))
        waiting = iter(messages)

        async def again() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, again, send)
