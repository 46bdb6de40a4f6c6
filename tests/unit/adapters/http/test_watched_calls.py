"""Whoever watches a remote hears of every request once, with its status or that none came."""

import contextlib
from collections.abc import Iterator

import pytest

from adapters.http import Remote, Request, WriteFaultError
from adapters.http_messages import Deadline, Ended
from domain.errors import TransientError
from tests.unit.adapters.http.loopback import Answer, Loopback, hang_up, reply
from tests.unit.adapters.http.remotes import HandClock, NotedBudget, RealClock


class Heard:
    """A watch that writes down what it hears."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.ended: list[int | None] = []

    def __call__(self, request: Request) -> Ended:
        self.sent.append(request.label)
        return self.ended.append


@contextlib.contextmanager
def watched(heard: Heard) -> Iterator[Remote]:
    made = Remote(
        "pretend",
        clock=RealClock(),
        budget=NotedBudget(),
        timeout_seconds=2.0,
        sleep=HandClock().sleep,
        chance=lambda: 0.0,
        watch=heard,
    )
    try:
        yield made
    finally:
        made.close()


def test_each_try_of_a_read_is_heard_with_its_status() -> None:
    answers: list[Answer] = [reply(503), hang_up, reply(200, b"fine")]
    heard = Heard()
    with Loopback(lambda _: answers.pop(0)) as server, watched(heard) as remote:
        remote.read(Request(method="GET", url=f"{server.url}/list?secret=1", label="a list"))
        assert remote.calls == 3
    assert heard.sent == ["a list"] * 3
    assert heard.ended == [503, None, 200]


def test_a_refused_status_and_a_remote_that_is_away_are_heard_too() -> None:
    heard = Heard()
    with Loopback(lambda _: reply(404)) as server, watched(heard) as remote:
        remote.upsert(Request(method="PUT", url=server.url, body=b"{}"))
        gone = server.url
    with watched(heard) as remote, pytest.raises(TransientError):
        remote.upsert(Request(method="PUT", url=gone, body=b"{}"))
    assert heard.ended == [404, None]


def test_a_money_write_is_heard_once_also_when_nothing_answers() -> None:
    heard = Heard()
    answers: list[Answer] = [reply(200, b"{}"), hang_up]
    with Loopback(lambda _: answers.pop(0)) as server, watched(heard) as remote:
        write = Request(method="POST", url=server.url, body=b"{}", label="GLS840MI/UpdBatch")
        remote.write_once(write, deadline=Deadline.after(5.0, RealClock()))
        with pytest.raises(WriteFaultError):
            remote.write_once(write, deadline=Deadline.after(5.0, RealClock()))
    assert heard.sent == ["GLS840MI/UpdBatch"] * 2
    assert heard.ended == [200, None]


def test_a_write_whose_deadline_has_passed_is_no_call() -> None:
    heard = Heard()
    with Loopback(lambda _: reply(200)) as server, watched(heard) as remote:
        with pytest.raises(WriteFaultError):
            remote.write_once(
                Request(method="POST", url=server.url, body=b"{}"), deadline=Deadline.after(-1.0, RealClock())
            )
        assert server.posts() == 0
    assert heard.ended == []
