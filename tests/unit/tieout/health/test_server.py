"""The health endpoint: what an orchestrator and Prometheus get to hear."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from domain.errors import MisconfiguredError
from tieout.health.server import Health, serving

LOOPBACK = "127.0.0.1"


class Ticking:
    """A monotonic clock in the test's hands."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def health(clock: Ticking, *, ready: Callable[[], str] = str, metrics: Callable[[], bytes] = bytes) -> Health:
    return Health(stuck_after_seconds=60, ready=ready, metrics=metrics, monotonic=clock)


@contextmanager
def asking(of: Health) -> Iterator[Callable[..., tuple[int, str, str]]]:
    with serving(of, host=LOOPBACK, port=0) as port:

        def ask(path: str, method: str = "GET") -> tuple[int, str, str]:
            connection = http.client.HTTPConnection(LOOPBACK, port, timeout=10)
            try:
                connection.request(method, path)
                reply = connection.getresponse()
                return reply.status, reply.getheader("Content-Type", ""), reply.read().decode()
            finally:
                connection.close()

        yield ask


def test_a_process_without_a_beat_for_too_long_is_not_alive() -> None:
    clock = Ticking()
    one = health(clock)
    with asking(one) as ask:
        clock.seconds += 60
        assert ask("/live")[0] == 200
        clock.seconds += 1
        status, _, said = ask("/live")
        assert (status, said) == (503, "no loop of this process made progress for 61 s, 60 s are allowed\n")
        one.beat()
        assert ask("/live")[2] == "ok\n"


def test_a_process_that_cannot_work_says_why_and_stays_alive() -> None:
    reasons = ["the store does not answer", ""]
    with asking(health(Ticking(), ready=lambda: reasons.pop(0))) as ask:
        assert ask("/ready")[::2] == (503, "the store does not answer\n")
        assert ask("/ready?again")[::2] == (200, "ok\n")
        assert ask("/live")[0] == 200


def test_figures_are_given_as_prometheus_reads_them() -> None:
    with asking(health(Ticking(), metrics=lambda: b"tieout_build_info 1.0\n")) as ask:
        status, kind, said = ask("/metrics")
        assert (status, said) == (200, "tieout_build_info 1.0\n")
        assert kind == "text/plain; version=0.0.4; charset=utf-8"
        assert ask("/metrics", "HEAD")[::2] == (200, "")
        assert ask("/nothing")[::2] == (404, "there are /live, /ready, /metrics here\n")


def test_a_page_that_fails_says_so_and_the_next_question_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> bytes:
        raise ValueError("no such figure")

    with asking(health(Ticking(), metrics=broken)) as ask:
        assert ask("/metrics")[::2] == (500, "an unexpected fault; the log says more\n")
        assert ask("/live")[0] == 200
    assert "/metrics failed unexpectedly" in caplog.text


def test_a_slow_question_keeps_nobody_else_waiting() -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow() -> str:
        entered.set()
        assert leave.wait(10)
        return ""

    with asking(health(Ticking(), ready=slow)) as ask:
        answers: list[int] = []
        thread = threading.Thread(target=lambda: answers.append(ask("/ready")[0]))
        thread.start()
        assert entered.wait(10)
        assert ask("/live")[0] == 200
        leave.set()
        thread.join(10)
        assert answers == [200]


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(MisconfiguredError, match=rf"^--health-port {port}: .*Address already in use\)$"),
            serving(health(Ticking()), host=LOOPBACK, port=port),
        ):
            pytest.fail("nobody may serve there")


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("no.such.host.invalid", 0), (LOOPBACK, 70000)])
def test_a_place_nobody_can_listen_on_is_one_sentence(host: str, port: int) -> None:
    with pytest.raises(MisconfiguredError, match="--health-port"), serving(health(Ticking()), host=host, port=port):
        pytest.fail("nobody may serve there")


def test_the_port_is_free_again_after_the_block() -> None:
    with serving(health(Ticking()), host=LOOPBACK, port=0) as port:
        assert port > 0
    with serving(health(Ticking()), host=LOOPBACK, port=port) as again:
        assert again == port


def test_it_listens_on_ipv6_too_where_the_machine_has_it() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with serving(health(Ticking()), host="::1", port=0) as port:
        connection = http.client.HTTPConnection("::1", port, timeout=10)
        connection.request("GET", "/live")
        assert connection.getresponse().status == 200
        connection.close()
