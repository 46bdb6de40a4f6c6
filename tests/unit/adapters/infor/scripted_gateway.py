"""A gateway on loopback that answers as the test scripted it, and keeps what it was asked."""

import json
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from adapters.http import Remote
from adapters.infor.client import Client
from adapters.infor.ionapi import Credentials
from adapters.infor.ledger import InforLedger
from adapters.infor.settings import InforSettings
from tests.contracts.ledger.ledger_worlds import OpenBudget, ProcessClock

TOKEN = {"access_token": "token", "token_type": "Bearer", "expires_in": 7200}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request: query values by name (the first of each), JSON body where there is one."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def records(self) -> list[dict[str, str]]:
        return [each["record"] for each in json.loads(self.body)["transactions"]]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One scripted answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}


class Gateway:
    """Answers in the scripted order; token requests are answered apart, unless scripted."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.tokens_asked: list[Asked] = []
        self.answers: deque[Answer] = deque()
        self.token_answers: deque[Answer] = deque()

    def says(self, *contents: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Script JSON answers (bytes go out as they are)."""
        for content in contents:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.answers.append(Answer(status=status, body=body, headers=headers or {}))

    def take(self, asked: Asked) -> Answer:
        if asked.path.endswith("token.oauth2"):
            self.tokens_asked.append(asked)
            return self.token_answers.popleft() if self.token_answers else Answer(body=json.dumps(TOKEN).encode())
        self.asked.append(asked)
        return self.answers.popleft() if self.answers else Answer(status=501)


def rows(name: str, *records: dict[str, str]) -> dict[str, Any]:
    return {"transaction": name, "records": list(records)} if records else {"transaction": name}


def nok(name: str, code: str, field: str = "") -> dict[str, Any]:
    return {
        "transaction": name,
        "errorMessage": f"Es gibt das nicht {code}      {field}          ",
        "errorType": "ServerReturnedNOK",
        "errorCode": code,
        "errorField": field,
        "errorCfg": "",
    }


def skipped(name: str) -> dict[str, Any]:
    return {"transaction": name, "notProcessed": True}


def terminated(name: str, kind: str) -> dict[str, Any]:
    return {"transaction": name, "errorType": kind, "errorMessage": "ended"}


def bulk(*results: dict[str, Any], terminated: str = "") -> dict[str, Any]:
    failed = sum("errorType" in result for result in results)
    answer: dict[str, Any] = {
        "results": list(results),
        "wasTerminated": bool(terminated),
        "nrOfSuccessfullTransactions": len(results) - failed,
        "nrOfFailedTransactions": failed,
    }
    return answer | ({"terminationErrorType": terminated} if terminated else {})


def ended(kind: str) -> dict[str, Any]:
    return {"results": [], "wasTerminated": True, "terminationReason": "ended", "terminationErrorType": kind}


@contextmanager
def listening() -> Iterator[tuple[Gateway, Credentials]]:
    """Listen on a free port; gives the gateway and the credentials that lead to it."""
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(length)
            asked = Asked(method=self.command, path=parts.path, query=query, headers=headers, body=body)
            answer = gateway.take(asked)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET  # noqa: N815 (the name http.server calls)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002, ARG002 (http.server's own signature)
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        base = f"http://127.0.0.1:{server.server_address[1]}"
        credentials = Credentials(
            tenant="ACME_TST",
            client_id="ci",
            client_secret="cs",
            gateway=base,
            authorization=f"{base}/as/",
            token_path="token.oauth2",
            account_key="ACME_TST#key",
            account_secret="secret",
        )
        try:
            yield gateway, credentials
        finally:
            server.shutdown()
            thread.join()


def client_of(credentials: Credentials, divisions: Sequence[str] = ("AAA", "BBB"), **chosen: Any) -> Client:
    """A client that does not wait between its tries."""
    clock = ProcessClock()
    remote = Remote("Infor", clock=clock, budget=OpenBudget(), timeout_seconds=5, sleep=lambda _: None)
    settings = InforSettings(company=100, divisions=tuple(divisions), **chosen)
    return Client(credentials, settings, remote=remote, clock=clock)


def ledger_of(credentials: Credentials, **chosen: Any) -> InforLedger:
    settings = InforSettings(company=100, divisions=("AAA", "BBB"), call_timeout_seconds=5, **chosen)
    return InforLedger(credentials, settings, clock=ProcessClock(), budget=OpenBudget())
