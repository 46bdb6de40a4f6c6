"""A tenant's requests keep their pace, and its Retry-After stops every caller."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.eventlog.store import Store
from adapters.ratelimit import TenantBudget, wait, waits
from domain.errors import TransientError
from tests.unit.adapters.eventlog.sqlite_files import fresh


class Time:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def one_a_second(store: Store, time: Time, tenant: str = "acme", *, burst: float = 3) -> TenantBudget:
    return TenantBudget(store.database, tenant, requests_per_minute=60, now=time, burst_seconds=burst)


def test_a_burst_goes_out_at_once_and_the_rest_keeps_the_pace(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        budget = one_a_second(store, Time())
        waits = [round(budget.acquire(wait_at_most=10), 3) for _ in range(6)]
        assert waits == [0, 0, 0, 1, 2, 3]


def test_waiting_keeps_to_the_budget_over_a_minute(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        time = Time()
        budget, begun, sent = one_a_second(store, time), time.now, 0
        while time.now - begun < timedelta(minutes=1):
            wait(budget, at_most=10, sleep=time.sleep)
            sent += 1
        assert 60 <= sent <= 63


def test_no_more_patience_books_nothing_and_says_how_long(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        time = Time()
        budget = one_a_second(store, time, burst=1)
        budget.acquire(wait_at_most=0)
        for _ in range(3):
            with pytest.raises(TransientError) as refusal:
                budget.acquire(wait_at_most=0.5)
            assert refusal.value.retry_after == pytest.approx(1)
            assert refusal.value.before_processing
            assert "(requests_per_minute) is used up for 1 s" in str(refusal.value)
        time.sleep(1)
        assert budget.acquire(wait_at_most=0) == 0


def test_retry_after_stops_every_caller_of_the_tenant_and_no_other(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        time = Time()
        one_a_second(store, time).block(30)
        one_a_second(store, time).block(5)
        with pytest.raises(TransientError) as refusal:
            one_a_second(store, time).acquire(wait_at_most=20)
        assert refusal.value.retry_after == pytest.approx(30)
        until = time.now + timedelta(seconds=30)
        assert "answered 429: its quota is used up" in str(refusal.value)
        assert str(refusal.value).endswith(f"until {until:%Y-%m-%dT%H:%M:%SZ}")
        assert one_a_second(store, time, "other").acquire(wait_at_most=0) == 0
        assert one_a_second(store, time).acquire(wait_at_most=30) == pytest.approx(30)
        time.sleep(31)
        assert one_a_second(store, time).acquire(wait_at_most=0) == 0


def test_threads_share_the_budget(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        slow = one_a_second(store, Time())
        with ThreadPoolExecutor(4) as pool:
            waits = sorted(
                round(seconds, 3) for seconds in pool.map(lambda _: slow.acquire(wait_at_most=99), range(12))
            )
        assert waits == [0, 0, 0, *range(1, 10)]


def test_the_store_gives_each_tenant_its_budget(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        budget = store.budget("acme", requests_per_minute=300)
        assert sum(round(budget.acquire(wait_at_most=1), 3) == 0 for _ in range(26)) == 25


def test_how_long_the_next_request_waits_can_be_seen_without_booking_one(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        time = Time()
        budget = one_a_second(store, time)
        for _ in range(6):
            budget.acquire(wait_at_most=10)
        one_a_second(store, time, "blocked").block(30)
        assert waits(store.database, now=time.now, burst_seconds=3) == pytest.approx({"acme": 3, "blocked": 30})
        assert waits(store.database, now=time.now, burst_seconds=3) == pytest.approx({"acme": 3, "blocked": 30})
        time.sleep(60)
        assert waits(store.database, now=time.now, burst_seconds=3) == {"acme": 0, "blocked": 0}
