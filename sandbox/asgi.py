"""Small pieces of ASGI: reading a request whole, playing it to an app, keeping its answer, cutting the line."""

import asyncio
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol


class Answer(msgspec.Struct):
    """A whole HTTP answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    async def send(self, send: Send) -> None:
        """Send it as it is; its headers must fit its body."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def answer(status: int, body: bytes, content_type: str, *extra: tuple[str, str]) -> Answer:
    """Make an answer with its length and type."""
    headers = [("content-type", content_type), ("content-length", str(len(body))), *extra]
    return Answer(status, [(name.encode(), value.encode()) for name, value in headers], body)


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 that hands every request the means to cut its own connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it likewise
        """Keep the transport's end within the request's reach."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "cut_connection": transport.abort}


async def read_whole(receive: Receive) -> bytes | None:
    """Read a request's body to its last byte; None when the client went away before that."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def play(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    """Let an app work on a request that has been read whole, and keep what it answers."""
    kept = Answer(500, [], b"")
    parts: list[bytes] = []
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept.status, kept.headers = message["status"], list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(dict(scope), receive, send)
    kept.body = b"".join(parts)
    return kept


async def get_json(app: ASGIApp, path: str) -> Any:
    """GET a path of an app in this process and decode its JSON; a RuntimeError for any other answer."""
    return await _ask(app, "GET", path, b"")


async def post_json(app: ASGIApp, path: str, content: Any) -> Any:
    """POST JSON to a path of an app in this process and decode its JSON; a RuntimeError for any other answer."""
    return await _ask(app, "POST", path, msgspec.json.encode(content))


async def _ask(app: ASGIApp, method: str, path: str, body: bytes) -> Any:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"sandbox"), (b"content-type", b"application/json")],
        "client": None,
        "server": None,
    }
    kept = await play(app, scope, body)
    if kept.status != 200:  # noqa: PLR2004 - HTTP's own number for success
        raise RuntimeError(f"{path} answered {kept.status}")
    return msgspec.json.decode(kept.body)
