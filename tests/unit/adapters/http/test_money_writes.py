"""`write_once`: what stands on the wire of a write that must not happen twice."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.http import Request, WriteFaultError
from adapters.http_messages import Deadline
from tests.unit.adapters.http.loopback import Answer, Loopback, hang_up, reply, say_nothing
from tests.unit.adapters.http.remotes import HandClock, NotedBudget, RealClock, remote


def post(url: str, body: bytes = b"{}") -> Request:
    return Request(method="POST", url=url, body=body, headers={"X-Token": "secret-token"})


def soon(seconds: float = 5.0) -> Deadline:
    return Deadline.after(seconds, RealClock())


def broken_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, b"{}"),
        reply(500),
        reply(503, b"", ("Retry-After", "0")),
        reply(504),
        reply(408),
        reply(429, b"", ("Retry-After", "0")),
        reply(401),
        reply(307, b"", ("Location", "/again")),
        reply(200, b"<html></html>"),
        b"nonsense\r\n\r\n",
        hang_up,
        broken_body,
    ],
)
def test_whatever_comes_back_exactly_one_post_stands_on_the_wire(answer: Answer) -> None:
    with Loopback(lambda _: answer) as server:
        with contextlib.suppress(WriteFaultError):
            remote().write_once(post(server.url), deadline=soon())
        assert server.posts() == 1
        assert server.connections == 1


def test_every_money_write_has_a_connection_of_its_own() -> None:
    with Loopback(lambda _: reply(200, b"{}")) as server:
        one = remote()
        one.read(Request(method="GET", url=server.url))
        for _ in range(3):
            one.write_once(post(server.url), deadline=soon())
        assert server.connections == 4
        assert server.posts() == 3
        assert one.calls == 4


def test_the_body_arrives_whole_and_with_its_length() -> None:
    body = bytes(range(256)) * 2000
    with Loopback(lambda _: reply(200, b"{}")) as server:
        remote().write_once(post(server.url, body), deadline=soon())
        assert server.seen[0].body == body
        assert server.seen[0].headers["content-length"] == str(len(body))
        assert "transfer-encoding" not in server.seen[0].headers


def test_a_refused_connection_is_known_to_have_written_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(WriteFaultError) as caught:
        remote().write_once(post(f"http://127.0.0.1:{port}"), deadline=soon())
    assert caught.value.zero_bytes


def test_nothing_is_sent_once_the_deadline_has_passed() -> None:
    with Loopback(lambda _: reply(200)) as server:
        with pytest.raises(WriteFaultError) as caught:
            remote().write_once(post(server.url), deadline=soon(-0.001))
        assert caught.value.zero_bytes
        assert caught.value.why == "deadline"
        assert server.connections == 0


@pytest.mark.parametrize("late", ["wall", "monotonic"])
def test_whichever_clock_passes_the_deadline_first_stops_the_sender(late: str) -> None:
    clock = HandClock()
    deadline = Deadline.after(30, clock)
    if late == "wall":
        clock.wall += timedelta(seconds=31)
    else:
        clock.seconds += 31
    with Loopback(lambda _: reply(200)) as server:
        with pytest.raises(WriteFaultError) as caught:
            remote(clock=clock).write_once(post(server.url), deadline=deadline)
        assert caught.value.zero_bytes
        assert server.connections == 0


def dribble(connection: socket.socket) -> None:
    gap = threading.Event()
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not gap.wait(0.02):
        connection.sendall(b"x")


@pytest.mark.parametrize("answer", [say_nothing, dribble])
def test_an_answer_that_does_not_come_is_cut_off_at_the_deadline(answer: Callable[[socket.socket], None]) -> None:
    with Loopback(lambda _: answer) as server:
        began = time.monotonic()
        with pytest.raises(WriteFaultError) as caught:
            remote().write_once(post(server.url), deadline=soon(0.3))
        assert 0.2 < time.monotonic() - began < 1.5
        assert not caught.value.zero_bytes
        assert server.posts() == 1


def test_a_wall_clock_that_jumps_ends_a_write_in_flight() -> None:
    clock = HandClock()

    def jump(connection: socket.socket) -> None:
        clock.wall += timedelta(hours=1)
        say_nothing(connection)

    with Loopback(lambda _: jump) as server, pytest.raises(WriteFaultError) as caught:
        remote(clock=clock).write_once(post(server.url), deadline=Deadline.after(30, clock))
    assert caught.value.why == "deadline"
    assert not caught.value.zero_bytes


def test_no_byte_is_written_after_the_deadline_when_the_remote_reads_slowly() -> None:
    arrived = [0]
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

        def read_late() -> None:
            connection, _ = listener.accept()
            with connection:
                over.wait(5)
                try:
                    while chunk := connection.recv(65536):
                        arrived[0] += len(chunk)
                except ConnectionResetError:
                    return

        reader = threading.Thread(target=read_late)
        reader.start()
        body = b"x" * 30_000_000
        slow = post(f"http://127.0.0.1:{listener.getsockname()[1]}", body)
        with pytest.raises(WriteFaultError) as caught:
            remote().write_once(slow, deadline=soon(0.3))
        over.set()
        reader.join(5)
    assert not caught.value.zero_bytes
    assert arrived[0] < len(body)


def test_a_refusal_is_known_although_its_body_broke_off() -> None:
    def broken_refusal(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad\r\nContent-Length: 100\r\n\r\n{")
        connection.shutdown(socket.SHUT_RDWR)

    with Loopback(lambda _: broken_refusal) as server:
        answer = remote().write_once(post(server.url), deadline=soon())
    assert (answer.status, answer.whole) == (400, False)


def test_a_quota_that_is_used_up_blocks_the_tenant_and_holds_the_next_write_back() -> None:
    budget = NotedBudget()
    with Loopback(lambda _: reply(429, b"", ("Retry-After", "7"))) as server:
        one = remote(budget=budget)
        assert one.write_once(post(server.url), deadline=soon()).retry_after == 7.0
        with pytest.raises(WriteFaultError) as caught:
            one.write_once(post(server.url), deadline=soon())
        assert caught.value.zero_bytes
        assert budget.blocked == [7.0]
        assert server.posts() == 1


def test_a_write_takes_its_budget_beforehand_and_none_when_it_is_sent() -> None:
    budget = NotedBudget()
    with Loopback(lambda _: reply(200)) as server:
        one = remote(budget=budget)
        one.reserve()
        one.write_once(post(server.url), deadline=soon())
    assert budget.taken == 1


def test_an_answer_without_end_is_given_up_but_its_status_stays_known() -> None:
    with Loopback(lambda _: reply(200, b"x" * 11)) as server:
        request = Request(method="POST", url=server.url, body=b"{}", max_bytes=10)
        answer = remote().write_once(request, deadline=soon())
    assert (answer.status, answer.whole, answer.body) == (200, False, b"")
