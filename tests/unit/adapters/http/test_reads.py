"""Reads, upserts and streams: retries within seconds, what is told about bytes, and errors of our own only."""

import socket
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest

from adapters.http import Remote, Reply, Request, WriteFaultError, form, with_query
from adapters.http_messages import Deadline, retry_after_seconds
from domain.errors import MalformedError, MisconfiguredError, TieoutError, TransientError
from tests.unit.adapters.http.loopback import Answer, Loopback, Seen, hang_up, reply, say_nothing
from tests.unit.adapters.http.remotes import HandClock, NotedBudget, RealClock, remote


class Script:
    """Answers one after the other; the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)

    def __call__(self, _seen: Seen) -> Answer:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def get(url: str, *, max_bytes: int = 1_000_000) -> Request:
    return Request(method="GET", url=f"{url}/list?secret=1", headers={"X-Token": "secret-token"}, max_bytes=max_bytes)


@pytest.mark.parametrize("fault", [reply(500), reply(503), reply(408), reply(429), hang_up, b"nonsense\r\n\r\n"])
def test_a_read_is_asked_again_after_a_passing_fault(fault: Answer) -> None:
    with Loopback(Script(fault, fault, reply(200, b"fine"))) as server:
        assert remote().read(get(server.url)).body == b"fine"
        assert len(server.seen) == 3


def test_a_read_gives_up_after_five_tries_and_says_what_it_saw() -> None:
    with Loopback(Script(reply(503, b"", ("Retry-After", "2")))) as server:
        with pytest.raises(TransientError, match="answered 503") as caught:
            remote().read(get(server.url))
        assert len(server.seen) == 5
    assert (caught.value.status, caught.value.retry_after, caught.value.before_processing) == (503, 2.0, False)


def test_a_read_waits_as_long_as_the_remote_asks() -> None:
    hand = HandClock()
    with Loopback(Script(reply(503, b"", ("Retry-After", "3")), reply(200))) as server:
        remote(hand=hand).read(get(server.url))
    assert hand.slept == [3.0]


def test_a_read_does_not_wait_longer_than_its_patience() -> None:
    hand = HandClock()
    with Loopback(Script(reply(429, b"", ("Retry-After", "120")))) as server:
        with pytest.raises(TransientError) as caught:
            remote(hand=hand).read(get(server.url))
        assert len(server.seen) == 1
    assert (hand.slept, caught.value.retry_after, caught.value.before_processing) == ([], 120.0, True)


def test_429_blocks_the_whole_tenant_also_without_retry_after() -> None:
    budget = NotedBudget()
    with Loopback(Script(reply(429, b"", ("Retry-After", "2")), reply(429), reply(200))) as server:
        remote(budget=budget).read(get(server.url))
    assert budget.blocked == [2.0, 1.0]


def test_an_unreadable_answer_is_asked_again_when_the_caller_says_so() -> None:
    def accept(answer: Reply) -> None:
        if answer.body.startswith(b"<"):
            raise TransientError("a web page instead of a list")

    with Loopback(Script(reply(200, b"<html>"), reply(200, b"{}"))) as server:
        assert remote().read(get(server.url), accept=accept).body == b"{}"


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 405, 413])
def test_every_other_status_is_the_callers_to_judge(status: int) -> None:
    with Loopback(Script(reply(status, b"said"))) as server:
        assert remote().read(get(server.url)).status == status
        assert len(server.seen) == 1


def test_an_upsert_is_tried_once() -> None:
    with Loopback(Script(reply(500), reply(200))) as server:
        with pytest.raises(TransientError) as caught:
            remote().upsert(Request(method="PUT", url=server.url, body=b"{}"))
        assert len(server.seen) == 1
    assert not caught.value.before_processing


def test_an_upsert_that_could_not_connect_is_known_to_be_unprocessed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TransientError) as caught:
        remote().upsert(Request(method="PUT", url=f"http://127.0.0.1:{port}", body=b"{}"))
    assert caught.value.before_processing


def test_an_upsert_without_an_answer_may_have_been_processed() -> None:
    with Loopback(Script(say_nothing)) as server, pytest.raises(TransientError) as caught:
        remote(timeout_seconds=0.2).upsert(Request(method="PUT", url=server.url, body=b"{}"))
    assert not caught.value.before_processing


def test_every_request_takes_from_the_budget_and_waits_as_told() -> None:
    budget, hand = NotedBudget(), HandClock()
    budget.wait = 1.5
    with Loopback(Script(reply(500), reply(200))) as server:
        remote(budget=budget, hand=hand).read(get(server.url))
    assert budget.taken == 2
    assert hand.slept.count(1.5) == 2


def test_an_empty_budget_is_a_passing_fault_before_anything_was_sent() -> None:
    budget = NotedBudget()
    budget.refuse = TransientError("budget used up", retry_after=60, before_processing=True)
    with Loopback(Script(reply(200))) as server:
        with pytest.raises(TransientError, match="used up"):
            remote(budget=budget).read(get(server.url))
        assert server.connections == 0


def test_a_stream_brings_a_large_body_in_pieces() -> None:
    body = b"%PDF-" + bytes(300_000)
    script = Script(reply(503), reply(200, body, ("Content-Type", "application/pdf")))
    with Loopback(script) as server, remote().stream(get(server.url)) as streamed:
        pieces = list(streamed.chunks)
    assert (streamed.status, streamed.headers["content-type"]) == (200, "application/pdf")
    assert b"".join(pieces) == body
    assert len(pieces) > 1


def test_a_stream_that_breaks_off_is_a_passing_fault() -> None:
    def breaks_off(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
        connection.shutdown(socket.SHUT_RDWR)

    with Loopback(Script(breaks_off)) as server, pytest.raises(TransientError):  # noqa: SIM117 - the stream lives within
        with remote().stream(get(server.url)) as streamed:
            list(streamed.chunks)


def test_an_answer_larger_than_allowed_is_malformed() -> None:
    with Loopback(Script(reply(200, b"x" * 101))) as server, pytest.raises(MalformedError, match="larger than 100"):
        remote().read(get(server.url, max_bytes=100))


@pytest.mark.parametrize(
    "url", ["http://api.example.test/v1", "http://192.0.2.1/", "ftp://api.example.test", "api.example.test", "https://"]
)
def test_only_loopback_is_called_without_tls(url: str) -> None:
    with pytest.raises(MisconfiguredError, match="https://"):
        remote().read(Request(method="GET", url=url))
    with pytest.raises(WriteFaultError, match="https://") as caught:
        remote().write_once(Request(method="POST", url=url), deadline=Deadline.after(5, RealClock()))
    assert caught.value.zero_bytes


def test_the_remotes_clock_is_remembered_from_its_date() -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    with Loopback(Script(reply(200, b"", ("Date", format_datetime(moment, usegmt=True))))) as server:
        one = remote()
        assert one.now_hint is None
        one.read(get(server.url))
    assert one.now_hint == moment


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("-3", 0.0),
        ("nan", None),
        ("soon", None),
        ("999999999", 3600.0),
        ("Fri, 02 Jan 2026 03:04:15 GMT", 10.0),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0.0),
        ("Fri, 99 Jan 2026 03:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -0100", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, now=HandClock().now()) == seconds


def test_queries_and_forms_escape_what_could_be_misread() -> None:
    assert with_query("https://h/p", [("a", "x y|#&,")]) == "https://h/p?a=x%20y%7C%23%26%2C"
    assert with_query("https://h/p?b=1", [("a", "1")]) == "https://h/p?b=1&a=1"
    assert with_query("https://h/p", []) == "https://h/p"
    assert form([("username", "ACME_TST#abc"), ("scope", "a b")]) == b"username=ACME_TST%23abc&scope=a%20b"


def test_no_request_or_reply_shows_its_secrets() -> None:
    request = get("https://api.example.test")
    assert "secret" not in repr(request)
    assert "secret" not in repr(Reply(status=401, headers={}, body=b"secret-token"))


def foreign_exceptions() -> list[type[Exception]]:
    """Every exception httpx names, found by looking at it, so that a new one is noticed."""
    named = [getattr(httpx, name) for name in httpx.__all__]
    return [one for one in named if isinstance(one, type) and issubclass(one, Exception)]


def make(kind: type[Exception]) -> Exception:
    if issubclass(kind, httpx.HTTPStatusError):
        request = httpx.Request("GET", "https://h/")
        return kind("secret-token", request=request, response=httpx.Response(500))
    if kind in (httpx.StreamConsumed, httpx.StreamClosed, httpx.ResponseNotRead, httpx.RequestNotRead):
        return kind()
    return kind("secret-token")


@pytest.mark.parametrize("kind", [*foreign_exceptions(), OSError, UnicodeEncodeError])
def test_no_foreign_exception_escapes(kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    error = make(kind) if kind is not UnicodeEncodeError else UnicodeEncodeError("ascii", "secret-token", 0, 1, "no")

    def fail(_self: httpx.HTTPTransport, _request: httpx.Request) -> httpx.Response:
        raise error

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", fail)
    calls = [_read, _upsert, _stream, _write]
    for call in calls:
        with pytest.raises(TieoutError) as caught:
            call(remote())
        assert "secret-token" not in str(caught.value)


def _read(one: Remote) -> None:
    one.read(get("http://127.0.0.1:1"))


def _upsert(one: Remote) -> None:
    one.upsert(get("http://127.0.0.1:1"))


def _stream(one: Remote) -> None:
    with one.stream(get("http://127.0.0.1:1")):
        raise AssertionError("nothing was opened")


def _write(one: Remote) -> None:
    one.write_once(get("http://127.0.0.1:1"), deadline=Deadline.after(5, RealClock()))


def test_a_header_that_cannot_be_written_is_never_quoted() -> None:
    request = Request(method="GET", url="http://127.0.0.1:1", headers={"X-Token": "secret\r\ntoken"})
    with Loopback(Script(reply(200))) as server:
        request = Request(method="GET", url=server.url, headers=request.headers)
        with pytest.raises(MisconfiguredError) as caught:
            remote().read(request)
    shown = f"{caught.value} {caught.value.__cause__}"
    assert "secret" not in shown


def test_connections_are_let_go_on_close() -> None:
    with Loopback(Script(reply(200))) as server:
        one = remote()
        one.read(get(server.url))
        one.close()
        one.read(get(server.url))
        assert server.connections == 2
        one.close()
