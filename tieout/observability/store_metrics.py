"""What the store knows, read when somebody asks for metrics: backlog, lags, doubts, issues, events by type, budgets."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from uuid import UUID

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from actors.errands.catalogue import ERRANDS
from domain.errors import TieoutError
from projections import doubts, event_counts, issues
from projections.connections import ConnectionRow
from tieout.alerts.standing import last_heard
from tieout.alerts.view import going_since
from tieout.observability.metrics import METRICS
from tieout.wiring import Deployment
from tieout.wiring.observing import budget_waits, lags, token_times

FRESH_SECONDS = 10.0  # several scrapers, or a hasty one, cost the store no more than one
PATIENCE_SECONDS = 3.0  # a scrape that takes 10 s is cut off, and this process's own figures with it
KEPT_SECONDS = 60.0  # so old may figures be that are given while a reading takes longer than a scrape may
READER = "store-metrics"  # the thread's name
logger = logging.getLogger(__name__)
Sample = tuple[str, tuple[str, ...], float]  # the metric's name, its labels' values, its value


class StoreMetrics(Collector):
    """A collector over a deployment. Thread-safe; one reading serves every question of the next seconds.

    The store is read on a thread of its own, one at most: a store that hangs is waited for far longer than a scrape
    may take. A scrape waits PATIENCE_SECONDS and gives the last reading then, unless that is too old; those after it
    wait for the same reading.
    """

    def __init__(self, deployment: Deployment, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._deployment = deployment
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._begun_at = float("-inf")
        self._reading: Future[list[Metric]] | None = None
        self._last: tuple[Future[list[Metric]], float] | None = None  # the one before, and when it began

    def collect(self) -> Iterator[Metric]:
        """Give the families, read anew when the last reading is too old; none while the store gives no answer."""
        reading, last = self._current()
        if wait([reading], PATIENCE_SECONDS).done:
            yield from reading.result()
        elif last is not None and self._monotonic() - last[1] < KEPT_SECONDS:
            yield from last[0].result()
        else:
            logger.warning("the store's metrics are missing: they were not read within %g s", PATIENCE_SECONDS)

    def _current(self) -> tuple[Future[list[Metric]], tuple[Future[list[Metric]], float] | None]:
        """Give the reading under way or the newest one, or begin one; and the one before it."""
        with self._lock:
            fresh = self._monotonic() - self._begun_at < FRESH_SECONDS
            if self._reading is None or (self._reading.done() and not fresh):
                self._last = (self._reading, self._begun_at) if self._reading is not None else None
                reading: Future[list[Metric]] = Future()
                # A daemon: the end of the process waits for no answer of the store.
                threading.Thread(target=self._read_into, args=(reading,), name=READER, daemon=True).start()
                self._reading, self._begun_at = reading, self._monotonic()
            return self._reading, self._last

    def _read_into(self, reading: Future[list[Metric]]) -> None:
        try:
            reading.set_result(self._read())
        except BaseException as fault:  # noqa: BLE001 (it is raised again in the scrape that asks for the result)
            reading.set_exception(fault)

    def _read(self) -> list[Metric]:
        """Read everything. Verdict on failure: go on with what the process itself knows; `/ready` tells why."""
        try:
            return families(list(samples(self._deployment)))
        except TieoutError as error:
            logger.warning("the store's metrics are missing: %s", error)
            return []


def samples(deployment: Deployment) -> Iterator[Sample]:
    """Read every sample; connections by name, those that are declared, added and not removed. Raises StoreError."""
    rows = deployment.served_connections()
    names = {row.id: name for name, row in rows.items()}
    yield from _work(deployment, names)
    for row in rows.values():
        yield from _polls(deployment, row)
        yield from _connection(deployment, row.id, row.name)
    projections, relay = lags(deployment)
    yield "tieout_projection_lag_events", (), projections
    yield "tieout_relay_lag_events", (), relay
    for tenant, seconds in budget_waits(deployment).items():
        yield "tieout_rate_budget_wait_seconds", (tenant,), seconds
    for name, (age, left) in token_times(deployment).items():
        yield "tieout_token_age_seconds", (name,), age
        yield "tieout_token_expires_seconds", (name,), left


def families(found: list[Sample]) -> list[Metric]:
    """Sort samples into the families of METRICS; a family without samples is left out."""
    made: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
    for name, labels, value in found:
        if name not in made:
            metric = METRICS[name]
            family = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            made[name] = family(name, metric.says, labels=metric.labels)
        made[name].add_metric(labels, value)
    return list(made.values())


def _work(deployment: Deployment, names: dict[UUID, str]) -> Iterator[Sample]:
    """Read the backlog of every errand; one with nothing due counts 0, for a missing sample would look like a fault.

    What is held back does not age: nobody may do it, so neither a person nor more workers could help.
    """
    now = deployment.log.now()
    due = deployment.work.backlog(now)
    for connection, name in names.items():
        for errand in ERRANDS:
            backlog = due.get((connection, errand))
            waited = 0.0
            if backlog and not deployment.gate.held_back(connection, errand):
                waited = (now - backlog.oldest_due_at).total_seconds()
            yield "tieout_pending", (name, errand), backlog.rows if backlog else 0
            yield "tieout_pending_oldest_due_seconds", (name, errand), waited


def _polls(deployment: Deployment, row: ConnectionRow) -> Iterator[Sample]:
    """Read the lag of every poll; one that never came to its end is as silent as one that no longer does."""
    now = deployment.log.now()
    for poll in deployment.polls.rows(row.id):
        lag = now - last_heard(poll.last_polled_at, going_since(row, now))
        yield "tieout_poll_lag_seconds", (row.name, poll.flow), max(lag.total_seconds(), 0.0)


def _connection(deployment: Deployment, connection: UUID, name: str) -> Iterator[Sample]:
    storage = deployment.storage
    in_doubt = storage.tally(doubts.PROJECTION.name, connection=connection)
    for kind in ("invoice", "posting"):
        yield "tieout_in_doubt", (name, kind), in_doubt[kind].count if kind in in_doubt else 0
    for severity, count in issues.open_counts(storage, connection).items():
        yield "tieout_issues_open", (name, severity), count
    for kind, count in event_counts.counted(storage, connection).items():
        yield "tieout_events_total", (name, kind), count
