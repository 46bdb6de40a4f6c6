"""What a scrape gives while PostgreSQL cannot be read: this process's own figures, soon, and no second reading."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from prometheus_client import CollectorRegistry, Metric, generate_latest

from tests.support.command_line import Desk
from tests.support.cutting_proxy import CuttingProxy
from tests.support.postgres_link import proxy_to, through
from tests.support.postgres_server import emptied
from tieout.health.checks import metrics_registry
from tieout.observability import store_metrics
from tieout.settings import load
from tieout.wiring import Deployment, open_deployment

OWN, OF_THE_STORE = "tieout_build_info", "tieout_pending"
WAIT_SECONDS = 30


def falls_silent(link: CuttingProxy) -> None:
    link.silent.set()


def refuses(link: CuttingProxy) -> None:
    link.cut()


def hangs_after_connecting(link: CuttingProxy) -> None:
    link.cut()
    link.mend()
    link.silent.set()


@pytest.fixture
def link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_url: str
) -> Iterator[CuttingProxy]:
    """Give the link to a PostgreSQL store that is set up; every scrape reads anew, and only the tests give up soon."""
    desk = Desk(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("TIEOUT_STORE_URL", emptied(postgres_url))
    desk.set_up()
    monkeypatch.setattr(store_metrics, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(store_metrics, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(store_metrics, "PATIENCE_SECONDS", WAIT_SECONDS)
    monkeypatch.setattr("adapters.eventlog.postgres_pool.POOL_TIMEOUT_SECONDS", WAIT_SECONDS)
    with proxy_to(postgres_url) as proxy:
        monkeypatch.setenv("TIEOUT_STORE_URL", through(proxy, postgres_url))
        yield proxy


@pytest.mark.parametrize("worsen", [falls_silent, refuses, hangs_after_connecting])
def test_a_scrape_waits_for_no_answer_of_the_store_and_repeated_ones_do_not_pile_up(
    link: CuttingProxy, worsen: Callable[[CuttingProxy], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_deployment(load(None)) as deployment:
        registry = metrics_registry(deployment)
        assert {OWN, OF_THE_STORE} <= names(registry)
        worsen(link)
        with monkeypatch.context() as patched:
            patched.setattr(store_metrics, "PATIENCE_SECONDS", 0.1)
            for _ in range(3):
                assert {OWN, OF_THE_STORE} & names(registry) == {OWN}
        (reader,) = readers()  # the one reading is still under way: no scrape waited for its end
        link.mend()
        reader.join(WAIT_SECONDS)
        assert not reader.is_alive()
        assert {OWN, OF_THE_STORE} <= names(registry)


def test_a_fault_nobody_foresaw_reaches_the_scrape(link: CuttingProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    assert link.port

    def broken(_: object) -> list[object]:
        raise ValueError("no such figure")

    with open_deployment(load(None)) as deployment:
        registry = metrics_registry(deployment)
        monkeypatch.setattr(store_metrics, "samples", broken)
        with pytest.raises(ValueError, match="no such figure"):
            generate_latest(registry)


def test_a_reading_that_always_takes_longer_than_a_scrape_is_given_by_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_metrics, "PATIENCE_SECONDS", 0.01)
    now, gate, family = [0.0], threading.Semaphore(0), Metric("tieout_pending", "rows", "gauge")

    class Slow(store_metrics.StoreMetrics):
        def _read(self) -> list[Metric]:
            assert gate.acquire(timeout=WAIT_SECONDS)
            return [family]

    def scraped_at(seconds: float) -> list[Metric]:
        now[0] = seconds
        return list(slow.collect())

    def come_to_its_end() -> None:
        gate.release()
        for reader in readers():
            reader.join(WAIT_SECONDS)

    slow = Slow(cast(Deployment, None), monotonic=lambda: now[0])
    assert scraped_at(0) == []
    come_to_its_end()
    assert scraped_at(30) == [family], "the reading of second 0, while the next one is under way"
    come_to_its_end()
    assert scraped_at(91) == [], "a minute old"
    come_to_its_end()


def names(registry: CollectorRegistry) -> set[str]:
    return {line.split()[2] for line in generate_latest(registry).decode().splitlines() if line.startswith("# TYPE")}


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == store_metrics.READER]
