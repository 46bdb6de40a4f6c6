"""A vhost made by RabbitMQ's management API, against a server on loopback that notes what it was asked."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from tests.support import rabbitmq_server
from tests.support.private_nodes import UnavailableError, free_port
from tests.support.private_rabbitmq import Rabbit

ELSEWHERE = Rabbit(url="amqp://ann%2Fbob:w%40rd@127.0.0.1:5672/", control=None)
EVERYTHING = '{"configure":".*","write":".*","read":".*"}'
MADE, REFUSED = 201, 401


class Management:
    """The API: what it was asked stands in order; it refuses what begins with `refused`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []  # method, path, body
        self.logins: set[str] = set()
        self.refused = "nothing"

    def answer(self, method: str, path: str, body: str, login: str) -> int:
        self.asked.append((method, path, body))
        self.logins.add(base64.b64decode(login.removeprefix("Basic ")).decode())
        return REFUSED if path.startswith(self.refused) else MADE


@pytest.fixture
def management(monkeypatch: pytest.MonkeyPatch) -> Iterator[Management]:
    api = Management()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self._answer()

        def do_DELETE(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the library's name)
            """Say nothing."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            self.send_response(api.answer(self.command, self.path, body, self.headers["Authorization"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setattr(rabbitmq_server, "_MANAGEMENT_PORT", server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield api
        server.shutdown()
        thread.join()


def test_a_vhost_is_made_with_all_permissions_and_deleted_at_the_end(management: Management) -> None:
    with rabbitmq_server.vhost(ELSEWHERE) as url:
        name = urlsplit(url).path.strip("/")
        assert url == f"{ELSEWHERE.url}{name}"
        made = [
            ("PUT", f"/api/vhosts/{name}", ""),
            ("PUT", f"/api/permissions/{name}/ann%2Fbob", EVERYTHING),
        ]
        assert management.asked == made
    assert management.asked == [*made, ("DELETE", f"/api/vhosts/{name}", "")]
    assert management.logins == {"ann/bob:w@rd"}


@pytest.mark.parametrize(
    ("refused", "asked"), [("/api/vhosts", ["PUT"]), ("/api/permissions", ["PUT", "PUT", "DELETE"])]
)
def test_a_refusal_leaves_no_vhost_behind_and_says_so(management: Management, refused: str, asked: list[str]) -> None:
    management.refused = refused
    with pytest.raises(UnavailableError, match=r"the management API says .*401"):
        rabbitmq_server.vhost(ELSEWHERE).__enter__()
    assert [method for method, _, _ in management.asked] == asked


def test_an_api_that_is_not_there_makes_no_vhost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbitmq_server, "_MANAGEMENT_PORT", free_port())
    with pytest.raises(UnavailableError, match="no vhost can be made"):
        rabbitmq_server.vhost(ELSEWHERE).__enter__()
