"""What the store knows, read when somebody asks for metrics: backlog, lags, doubts, issues, events by type, budgets."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from uuid import UUID

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from actors.errands.catalogue import ERRANDS
from domain.errors import TieoutError
from projections import doubts, event_counts, issues
from tieout.observability.metrics import METRICS
from tieout.wiring import Deployment
from tieout.wiring.observing import budget_waits, lags, token_times

FRESH_SECONDS = 10.0  # several scrapers, or a hasty one, cost the store no more than one
logger = logging.getLogger(__name__)
Sample = tuple[str, tuple[str, ...], float]  # the metric's name, its labels' values, its value


class StoreMetrics(Collector):
    """A collector over a deployment. Thread-safe; one reading serves every question of the next seconds."""

    def __init__(self, deployment: Deployment, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._deployment = deployment
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._families: list[Metric] = []

    def collect(self) -> Iterator[Metric]:
        """Give the families, read anew when the last reading is too old."""
        with self._lock:
            if self._read_at is None or self._monotonic() - self._read_at >= FRESH_SECONDS:
                self._families = self._read()
                self._read_at = self._monotonic()
            yield from self._families

    def _read(self) -> list[Metric]:
        """Read everything. Verdict on failure: go on with what the process itself knows; `/ready` tells why."""
        try:
            return families(list(samples(self._deployment)))
        except TieoutError as error:
            logger.warning("the store's metrics are missing: %s", error)
            return []


def samples(deployment: Deployment) -> Iterator[Sample]:
    """Read every sample; connections by name, those that are declared, added and not removed. Raises StoreError."""
    names = {row.id: name for name, row in deployment.served_connections().items()}
    yield from _work(deployment, names)
    for connection, name in names.items():
        yield from _connection(deployment, connection, name)
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


def _connection(deployment: Deployment, connection: UUID, name: str) -> Iterator[Sample]:
    now, storage = deployment.log.now(), deployment.storage
    for poll in deployment.polls.rows(connection):
        if poll.last_polled_at is not None:
            lag = (now - poll.last_polled_at).total_seconds()
            yield "tieout_poll_lag_seconds", (name, poll.flow), max(lag, 0.0)
    in_doubt = storage.tally(doubts.PROJECTION.name, connection=connection)
    for kind in ("invoice", "posting"):
        yield "tieout_in_doubt", (name, kind), in_doubt[kind].count if kind in in_doubt else 0
    for severity, count in issues.open_counts(storage, connection).items():
        yield "tieout_issues_open", (name, severity), count
    for kind, count in event_counts.counted(storage, connection).items():
        yield "tieout_events_total", (name, kind), count
