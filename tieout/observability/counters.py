"""What this process does, counted: runs of errands by outcome and duration, calls of remotes by status."""

from http import HTTPStatus

from prometheus_client import CollectorRegistry, Counter, Histogram

from tieout.observability.metrics import ERRAND_BUCKETS_SECONDS, METRICS, without_created
from tieout.observability.runs import IDLE, Answered, Call, Finished, Run

NO_ANSWER = "no-answer"
_KNOWN = frozenset(int(status) for status in HTTPStatus)


class Counters:
    """An observer that counts into a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        without_created()
        self._runs = _counter("tieout_errands_total", registry)
        self._calls = _counter("tieout_remote_calls_total", registry)
        seconds = METRICS["tieout_errand_seconds"]
        self._seconds = Histogram(
            "tieout_errand_seconds",
            seconds.says,
            seconds.labels,
            buckets=ERRAND_BUCKETS_SECONDS,
            registry=registry,
        )

    def run_began(self, run: Run) -> Finished:
        """Count the run when it ends; a look that found nothing due is neither a success nor a failure."""

        def finished(outcome: str, seconds: float) -> None:
            if outcome != IDLE:
                self._runs.labels(errand=run.errand, connection=run.connection, outcome=outcome).inc()
                self._seconds.labels(errand=run.errand).observe(seconds)

        return finished

    def call_began(self, call: Call) -> Answered:
        """Count the call when its answer, or none, came."""

        def answered(status: int | None) -> None:
            self._calls.labels(connection=call.connection, system=call.system, status=status_label(status)).inc()

        return answered


def status_label(status: int | None) -> str:
    """Give a label from a fixed set: a registered status as it is, any other by its class (`4xx`)."""
    if status is None:
        return NO_ANSWER
    return str(status) if status in _KNOWN else f"{status // 100}xx"


def _counter(name: str, registry: CollectorRegistry) -> Counter:
    metric = METRICS[name]
    return Counter(name, metric.says, metric.labels, registry=registry)
