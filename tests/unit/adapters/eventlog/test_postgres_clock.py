"""The server's clock as a process tells it: right after a sleep, and no money on what it told wrongly."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from adapters.clock import SystemClock
from adapters.eventlog import postgres
from adapters.eventlog.postgres import CLOCK_MARGIN_SECONDS, STEADY_SECONDS, ServerClock
from domain.errors import HeldError
from domain.event import Append
from domain.ports.store import MoneyGuard
from tests.unit.adapters.eventlog.postgres_stores import fresh_on, server_of
from tests.unit.adapters.eventlog.sqlite_files import CAUSES, RELEASED

BEGINNING = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Server:
    """A server that answers after a while, and the monotonic clock of who asks; both in one line of seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.missed = 0.0  # how long the asker's clock stood still
        self.way_there = self.way_back = 0.0

    def monotonic(self) -> float:
        """Tell the asker's clock."""
        return self.seconds - self.missed

    def execute(self, statement: str, _params: object = ()) -> None:
        """Take a question."""
        assert "clock_timestamp" in statement
        self.seconds += self.way_there
        self._now = self.now()
        self.seconds += self.way_back

    def executemany(self, _statement: str, _rows: object) -> None:
        """Nobody asks so."""

    def fetchone(self) -> dict[str, datetime]:
        """Give the answer."""
        return {"now": self._now}

    def fetchall(self) -> list[object]:
        """Nobody asks so."""
        return []

    def now(self) -> datetime:
        """Tell the time."""
        return BEGINNING + timedelta(seconds=self.seconds)


def is_steady(clock: ServerClock) -> bool:
    """Ask as often as wanted: mypy would believe the first answer."""
    return clock.is_steady


def test_it_is_told_by_a_clock_that_goes_on_while_the_machine_sleeps() -> None:
    clock = ServerClock()
    assert clock._seconds.__func__ is SystemClock.monotonic  # type: ignore[attr-defined]  # a bound method


def test_a_clock_that_stood_still_is_noticed_and_is_not_trusted_for_a_while() -> None:
    server = Server()
    clock = ServerClock(seconds=server.monotonic)
    clock.compare(server)
    assert is_steady(clock)
    server.missed += 3600.0
    server.seconds += 3600.0
    assert server.now() - clock.now() == timedelta(hours=1)
    clock.compare(server)
    assert clock.now() == server.now()
    assert not is_steady(clock)
    server.seconds += STEADY_SECONDS + 1
    assert is_steady(clock)


def test_a_slow_answer_contradicts_nothing_and_puts_nothing_right() -> None:
    server = Server()
    clock = ServerClock(seconds=server.monotonic)
    clock.compare(server)
    server.way_there, server.way_back = 0.0, 40.0  # told at once, heard much later
    clock.compare(server)
    assert clock.now() == server.now()
    assert clock.is_steady


def test_a_first_answer_that_was_slow_is_put_right_by_the_next_one() -> None:
    server = Server()
    clock = ServerClock(seconds=server.monotonic)
    server.way_back = 40.0
    clock.compare(server)
    assert server.now() - clock.now() == timedelta(seconds=20)
    server.way_back = 0.0
    clock.compare(server)
    assert clock.now() == server.now()
    assert not clock.is_steady, "deadlines were reckoned by it"


def test_small_differences_are_taken_over_as_they_are() -> None:
    server = Server()
    clock = ServerClock(seconds=server.monotonic)
    clock.compare(server)
    server.missed += CLOCK_MARGIN_SECONDS / 2
    server.seconds += CLOCK_MARGIN_SECONDS
    clock.compare(server)
    assert clock.now() == server.now()
    assert clock.is_steady


def test_no_money_is_written_by_who_was_wrong_about_the_clock(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed = 0.0
    with fresh_on(postgres_url) as store:
        clock = ServerClock(seconds=lambda: time.monotonic() - missed)
        monkeypatch.setattr(server_of(store), "_clock", clock)

        def write_money() -> None:
            guard = MoneyGuard(incarnation=store.log.incarnation())
            batch = [Append(stream=uuid4(), expected_version=0, events=(RELEASED,))]
            store.log.append(batch, causes=CAUSES, guard=guard)

        write_money()
        missed = 3600.0
        with pytest.raises(HeldError, match="store's clock"):
            write_money()
        monkeypatch.setattr(postgres, "STEADY_SECONDS", 0.0)
        write_money()
