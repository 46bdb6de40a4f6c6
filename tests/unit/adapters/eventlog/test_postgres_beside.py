"""What stands beside the log keeps its promises on a server too: budgets, the vault, images, counts of requests."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from adapters.eventlog.store import Store
from adapters.ratelimit import TenantBudget
from adapters.vault.data_keys import DataKeys
from domain.errors import MisconfiguredError, TransientError
from tests.unit.adapters.eventlog.postgres_stores import fresh_on, opened_on
from tests.unit.adapters.eventlog.sqlite_files import NOW, RING, SUPPLIER, append

PDF = bytes(range(256)) * 40


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    with fresh_on(postgres_url) as store:
        yield store


def a_budget(store: Store, *, seconds_later: float = 0) -> TenantBudget:
    now = NOW + timedelta(seconds=seconds_later)
    return TenantBudget(store.database, "acme", requests_per_minute=60, now=lambda: now, burst_seconds=3)


def test_a_burst_goes_out_at_once_and_the_rest_keeps_the_pace(store: Store) -> None:
    waits = [round(a_budget(store).acquire(wait_at_most=10), 3) for _ in range(6)]
    assert waits == [0, 0, 0, 1, 2, 3]
    with pytest.raises(TransientError) as refusal:
        a_budget(store).acquire(wait_at_most=1)
    assert refusal.value.retry_after == pytest.approx(4)


def test_many_callers_share_one_budget(store: Store) -> None:
    with ThreadPoolExecutor(6) as pool:
        waits = sorted(pool.map(lambda _: round(a_budget(store).acquire(wait_at_most=60), 3), range(12)))
    assert waits == [0, 0, 0, *range(1, 10)]


def test_a_retry_after_stops_every_caller_and_is_never_shortened(store: Store) -> None:
    a_budget(store).block(30)
    a_budget(store).block(5)
    with pytest.raises(TransientError) as refusal:
        a_budget(store).acquire(wait_at_most=1)
    assert refusal.value.retry_after == pytest.approx(30)
    assert a_budget(store, seconds_later=30).acquire(wait_at_most=0) == 0


def test_credentials_are_kept_once_and_replaced_on_purpose(store: Store) -> None:
    store.credentials.put("acme", "infor", b"secret-1")
    with pytest.raises(MisconfiguredError, match="connection rotate"):
        store.credentials.put("acme", "infor", b"secret-2")
    assert store.credentials.get("acme", "infor") == b"secret-1"
    store.credentials.replace("acme", "infor", b"secret-2")
    assert store.credentials.get("acme", "infor") == b"secret-2"
    assert list(store.credentials.fingerprints()) == [("acme", "infor")]


def test_processes_that_make_the_same_data_keys_at_once_agree_on_them(store: Store) -> None:
    streams = [uuid4() for _ in range(20)]

    def made(number: int) -> dict[UUID, bytes | None]:
        wanted = streams if number % 2 else streams[::-1]
        return DataKeys(store.database, RING, now=lambda: NOW).ensure(wanted)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(made, range(4)))
    assert all(keys == found[0] for keys in found)
    assert len(set(found[0].values())) == 20


def test_an_erased_suppliers_data_is_gone_for_every_process(store: Store, postgres_url: str) -> None:
    stream = append(store, SUPPLIER)
    with opened_on(postgres_url) as other:
        (recorded,) = other.log.load([stream])[stream]
        assert recorded.event == SUPPLIER
    store.data_keys.erase(stream)
    with opened_on(postgres_url) as other:
        (recorded,) = other.log.load([stream])[stream]
        assert recorded.event != SUPPLIER


def test_images_come_back_byte_for_byte_and_in_part(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        kept = set(pool.map(lambda _: store.blobs.put([PDF], max_bytes=len(PDF)), range(4)))
    assert kept == {(hashlib.sha256(PDF).hexdigest(), len(PDF))}
    ((digest, _),) = kept
    assert store.blobs.get(digest) == PDF
    assert store.blobs.head(digest, size=300) == PDF[:300]


def test_requests_add_up_over_processes(store: Store) -> None:
    connection = UUID(int=1)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: store.calls.add(connection, {"infor": 3, "avidxchange": 1}), range(8)))
    assert store.calls.totals(connection) == {"infor": 24, "avidxchange": 8}
