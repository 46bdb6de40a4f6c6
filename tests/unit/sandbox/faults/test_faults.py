"""Each fault does what its name says, to a real client over a real connection."""

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config, Server

from sandbox.asgi import CuttableProtocol
from sandbox.faults import SHARES, WEIGHTS, FaultLimits, Faults, Profile, Side

LIMITS = FaultLimits(call_timeout_seconds=0.4)
BEARER = {"Authorization": "Bearer token"}


class Remote:
    """Counts what reaches the application behind the faults, and when."""

    def __init__(self) -> None:
        self.worked: list[tuple[str, bytes, float]] = []
        paths = ("/v1/vendors", "/v1/invoices/batches", "/T/M3/execute/GLS840MI/AddBatchHead", "/control/x")
        methods = ["GET", "PUT", "POST"]
        self.app = Starlette(routes=[Route(path, self._work, methods=methods) for path in paths])

    async def _work(self, request: Request) -> Response:
        self.worked.append((request.url.path, await request.body(), time.monotonic()))
        return JSONResponse({"Results": [{"Successful": True, "number": len(self.worked)}]})


class Line:
    """A client connected to a faulty remote."""

    def __init__(self, remote: Remote, faults: Faults, client: httpx.Client) -> None:
        self.remote = remote
        self.faults = faults
        self._client = client

    def put(
        self,
        path: str = "/v1/vendors",
        *,
        timeout_seconds: float = 5.0,
        headers: dict[str, str] = BEARER,
    ) -> httpx.Response:
        return self._client.put(path, content=b"{}", headers=headers, timeout=timeout_seconds)

    def post(self, path: str, *, content: bytes = b"{}") -> httpx.Response:
        return self._client.post(path, content=content, headers=BEARER)


class Doorway:
    """One listening server for all tests; what stands behind it changes."""

    def __init__(self) -> None:
        self.url = ""
        self._app: ASGIApp = Remote().app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    @contextmanager
    def line_to(self, side: Side = "infor", *, only: str | None = None, profile: Profile = "rough") -> Iterator[Line]:
        remote = Remote()
        faults = Faults(remote.app, side=side, limits=LIMITS)
        faults.set(profile, 1, only=only)
        self._app = faults
        with httpx.Client(base_url=self.url) as client:
            yield Line(remote, faults, client)


@pytest.fixture(scope="module")
def doorway() -> Iterator[Doorway]:
    listening = Doorway()
    listener = socket.create_server(("127.0.0.1", 0))
    listening.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = Server(Config(listening, http=CuttableProtocol, ws="none", lifespan="off", log_config=None, log_level=60))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    yield listening
    server.should_exit = True
    thread.join()


@pytest.mark.parametrize("profile", ["rough", "hostile"])
def test_every_fault_of_a_profile_exists(profile: Profile) -> None:
    faults = Faults(Remote().app, profile=profile, side="infor")
    for name in WEIGHTS[profile]:
        faults.set(profile, 1, only=name)
    with pytest.raises(ValueError, match="is none of"):
        faults.set(profile, 1, only="earthquake")


@pytest.mark.parametrize(
    ("fault", "statuses", "worked"),
    [
        ("429_plain", {429}, 0),
        ("5xx_before", {500, 502, 503}, 0),
        ("5xx_after", {500, 502, 503}, 1),
        ("504_before", {504}, 0),
        ("504_after", {504}, 1),
        ("html_before", {200}, 0),
        ("html_after", {200}, 1),
    ],
)
def test_gateway_pages_are_html_and_say_nothing_of_the_work(
    doorway: Doorway, fault: str, statuses: set[int], worked: int
) -> None:
    with doorway.line_to(only=fault) as line:
        answer = line.put()
        assert answer.status_code in statuses
        assert answer.headers["content-type"].startswith("text/html")
        assert "retry-after" not in answer.headers
        assert len(line.remote.worked) == worked


def test_a_quota_tells_when_to_come_back_in_seconds_or_as_a_date(doorway: Doorway) -> None:
    with doorway.line_to(only="429_seconds") as line:
        assert line.put().headers["retry-after"] == "1"
        line.put()
        assert line.faults.requests_while_blocked == 1
    with doorway.line_to(only="429_date") as line:
        until = parsedate_to_datetime(line.put().headers["retry-after"])
        assert 0 < until.timestamp() - time.time() <= 2
        assert line.remote.worked == []


def test_a_401_comes_once_and_only_to_bearer_tokens(doorway: Doorway) -> None:
    with doorway.line_to(only="401_once") as line:
        answers = [line.put() for _ in range(5)]
        assert [one.status_code for one in answers] == [401, 200, 200, 200, 200]
        assert answers[0].headers["www-authenticate"] == 'Bearer error="invalid_token"'
    with doorway.line_to("avidxchange", only="401_once") as line:
        assert line.put(headers={}).status_code == 200


@pytest.mark.parametrize(("fault", "worked"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_gives_no_answer(doorway: Doorway, fault: str, worked: int) -> None:
    with doorway.line_to(only=fault) as line:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            line.put()
        assert len(line.remote.worked) == worked


def test_a_stalled_request_is_taken_within_the_call_timeout_though_the_client_has_gone(doorway: Doorway) -> None:
    with doorway.line_to(only="stall") as line:
        started = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            line.put(timeout_seconds=LIMITS.call_timeout_seconds * 0.1)
        gone = time.monotonic()
        while not line.remote.worked:
            assert time.monotonic() - started < LIMITS.call_timeout_seconds
        assert line.remote.worked[0][2] > gone
        answered = time.monotonic()
        line.put()
        assert time.monotonic() - answered >= LIMITS.call_timeout_seconds


def test_a_request_handled_twice_gives_the_second_answer(doorway: Doorway) -> None:
    with doorway.line_to(only="twice") as line:
        assert line.put().json()["Results"][0]["number"] == 2
        assert [body for _, body, _ in line.remote.worked] == [b"{}", b"{}"]


@pytest.mark.parametrize("path", ["/v1/invoices/batches", "/T/M3/execute/GLS840MI/AddBatchHead"])
def test_money_writes_are_never_handled_twice(doorway: Doorway, path: str) -> None:
    with doorway.line_to(only="twice", profile="hostile") as line:
        assert line.post(path).status_code == 504
        assert line.post("/v1/vendors", content=b'{"program":"GLS840MI"}').status_code == 504
        assert len(line.remote.worked) == 2


def test_answers_are_cut_or_emptied_after_the_work(doorway: Doorway) -> None:
    with doorway.line_to(only="cut_json") as line:
        cut = line.put()
        assert (cut.status_code, cut.headers["content-type"]) == (200, "application/json")
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            cut.json()
    with doorway.line_to(only="empty") as line:
        empty = line.put()
        assert (empty.status_code, empty.content, len(line.remote.worked)) == (200, b"", 1)


def test_control_routes_never_meet_a_fault(doorway: Doorway) -> None:
    with doorway.line_to(only="5xx_before") as line:
        assert line.put("/control/x").status_code == 200


def draws(profile: Profile, seed: int, requests: int = 2000) -> list[str | None]:
    """Ask a remote in process and tell which fault each request met."""
    remote = Remote()
    faults = Faults(remote.app, profile=profile, seed=seed, side="infor", limits=FaultLimits(call_timeout_seconds=0.0))
    met: list[str | None] = []

    async def ask() -> None:
        transport = httpx.ASGITransport(app=faults)
        async with httpx.AsyncClient(transport=transport, base_url="http://infor") as client:
            for _ in range(requests):
                before = Counter(faults.injected)
                # A dropped connection has no complete answer, which this transport insists on.
                with suppress(AssertionError):
                    await client.put("/v1/vendors", content=b"{}", headers=BEARER)
                grown = list(faults.injected - before)
                met.append(grown[0] if grown else None)

    asyncio.run(ask())
    return met


def test_a_profile_keeps_its_share_its_kinds_and_its_bound_in_a_row() -> None:
    for profile in ("calm", "rough", "hostile"):
        met = draws(profile, seed=3)
        share = sum(one is not None for one in met) / len(met)
        assert abs(share - SHARES[profile]) < 0.03
        assert {one for one in met if one} == set(WEIGHTS[profile])
        longest = max(len(run) for run in "".join("x" if one else " " for one in met).split(" "))
        assert longest <= FaultLimits().in_a_row


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    assert draws("hostile", 5, 300) == draws("hostile", 5, 300)
    assert draws("hostile", 5, 300) != draws("hostile", 6, 300)


def test_a_path_that_always_fails_lets_every_fourth_request_through(doorway: Doorway) -> None:
    with doorway.line_to(only="5xx_before") as line:
        statuses = [line.put().status_code == 200 for _ in range(8)]
        assert statuses == [False, False, False, True] * 2
