"""The health of a process over a deployment: what it counts from now on, and when it is ready for work."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from domain.errors import TieoutError
from tieout.health.server import STUCK_AFTER_SECONDS, Health
from tieout.observability.counters import Counters
from tieout.observability.metrics import METRICS
from tieout.observability.store_metrics import StoreMetrics
from tieout.wiring import Deployment
from tieout.wiring.observing import store_trouble


def health_of(
    deployment: Deployment, broker_ping: Callable[[], str], *, stuck_after_seconds: float = STUCK_AFTER_SECONDS
) -> Health:
    """Make the health of this process; its runs and calls are counted from here on.

    broker_ping: gives "" when the broker answers, else a sentence; it may raise a TieoutError or an OSError instead.
    """
    registry = metrics_registry(deployment)
    return Health(
        stuck_after_seconds=stuck_after_seconds,
        ready=lambda: store_trouble(deployment) or _asked(broker_ping),
        metrics=lambda: generate_latest(registry),
    )


def no_broker() -> str:
    """Stand in for the ping of a broker where it rings within the process: there is nothing to reach."""
    return ""


def metrics_registry(deployment: Deployment) -> CollectorRegistry:
    """Make a registry of our own with every metric of METRICS, and let the deployment tell it what it does."""
    registry = CollectorRegistry()
    deployment.watching.add(Counters(registry))
    registry.register(StoreMetrics(deployment))
    build = METRICS["tieout_build_info"]
    Gauge("tieout_build_info", build.says, build.labels, registry=registry).labels(version=_version()).set(1)
    return registry


def _asked(broker_ping: Callable[[], str]) -> str:
    try:
        return broker_ping()
    except (TieoutError, OSError) as error:
        return f"the broker does not answer: {error}"  # verdict: not ready; whoever asked asks again


def _version() -> str:
    try:
        return version("tieout")
    except PackageNotFoundError:
        return "unknown"  # verdict: go on; a source tree that was never installed has no version
