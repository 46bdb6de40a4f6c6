"""Upserts with a deadline: what stands on the wire of a write that may be repeated, but must not come late."""

import socket
from collections.abc import Callable
from datetime import timedelta

import pytest

from adapters.http import Remote, Reply, Request
from adapters.http_messages import Deadline
from domain.errors import MisconfiguredError, TransientError
from tests.unit.adapters.http.loopback import Answer, Loopback, reply, say_nothing
from tests.unit.adapters.http.remotes import HandClock, NotedBudget, RealClock, remote


def put(url: str) -> Request:
    return Request(method="PUT", url=url, body=b"{}")


def upsert(one: Remote, url: str, *, seconds: float = 5.0) -> Reply:
    return one.upsert(put(url), deadline=Deadline.after(seconds, RealClock()))


def test_an_upsert_takes_from_the_budget_once_and_has_a_connection_of_its_own() -> None:
    budget = NotedBudget()
    with Loopback(lambda _: reply(200, b"{}")) as server:
        one = remote(budget=budget)
        assert [upsert(one, server.url).body for _ in range(2)] == [b"{}", b"{}"]
        assert (len(server.seen), server.connections) == (2, 2)
    assert budget.taken == 2


@pytest.mark.parametrize("late", ["wall", "monotonic"])
def test_nothing_of_an_upsert_is_sent_once_its_deadline_has_passed(late: str) -> None:
    clock = HandClock()
    deadline = Deadline.after(30, clock)
    if late == "wall":
        clock.wall += timedelta(seconds=31)
    else:
        clock.seconds += 31
    with Loopback(lambda _: reply(200)) as server:
        with pytest.raises(TransientError, match="deadline") as caught:
            remote(clock=clock).upsert(put(server.url), deadline=deadline)
        assert server.connections == 0
    assert caught.value.before_processing


def test_an_upsert_that_waits_for_the_budget_past_its_deadline_is_not_sent() -> None:
    clock, budget = HandClock(), NotedBudget()
    budget.wait = 10.0
    with Loopback(lambda _: reply(200)) as server:
        with pytest.raises(TransientError) as caught:
            remote(clock=clock, hand=clock, budget=budget).upsert(put(server.url), deadline=Deadline.after(9, clock))
        assert server.connections == 0
    assert caught.value.before_processing


def test_an_upsert_without_an_answer_ends_with_its_call_and_may_have_been_processed() -> None:
    with Loopback(lambda _: say_nothing) as server, pytest.raises(TransientError) as caught:
        upsert(remote(timeout_seconds=0.2), server.url)
    assert not caught.value.before_processing


def broken_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("answer", "status", "unprocessed", "retry_after"),
    [
        (reply(429, b"", ("Retry-After", "7")), 429, True, 7.0),
        (reply(503), 503, False, None),
        (reply(408), 408, False, None),
        (broken_body, 200, False, None),
    ],
)
def test_an_upsert_is_tried_once_and_tells_what_is_known(
    answer: Answer | Callable[[socket.socket], None], status: int, *, unprocessed: bool, retry_after: float | None
) -> None:
    with Loopback(lambda _: answer) as server:
        with pytest.raises(TransientError) as caught:
            upsert(remote(), server.url)
        assert len(server.seen) == 1
    error = caught.value
    assert (error.status, error.before_processing, error.retry_after) == (status, unprocessed, retry_after)


def test_an_upsert_that_cannot_connect_was_processed_by_nobody() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TransientError) as caught:
        upsert(remote(), f"http://127.0.0.1:{port}")
    assert caught.value.before_processing


def test_an_upsert_to_what_is_no_address_is_a_setting_to_mend() -> None:
    with pytest.raises(MisconfiguredError, match="no address"):
        upsert(remote(), "nowhere")


@pytest.mark.parametrize("status", [200, 400, 401, 403, 413])
def test_every_other_status_of_an_upsert_is_returned(status: int) -> None:
    with Loopback(lambda _: reply(status, b"said")) as server:
        assert upsert(remote(), server.url).status == status
