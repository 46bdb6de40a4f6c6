"""OpenTelemetry traces: a span per run and per remote call; a run's trace has the correlation id of its events."""

import logging
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind, Status, StatusCode

from tieout.observability.runs import DONE, IDLE, Answered, Call, Finished, Run, current_run

CLOSE_SECONDS = 5.0  # the end of a process waits no longer for a collector
FIRST_ERROR = 400  # HTTP
LIBRARY = "opentelemetry"
DEFAULT_SERVICE = "tieout"
logger = logging.getLogger(__name__)


class Tracing:
    """An observer that makes spans. They hold names and statuses only: no query, no body, no record, no secret."""

    def __init__(self, exporter: SpanExporter, *, worker: str) -> None:
        self._library_level = logging.getLogger(LIBRARY).level
        logging.getLogger(LIBRARY).setLevel(logging.CRITICAL)  # it logs every batch it cannot send; we do it once
        self._exporter = QuietExporter(exporter)
        self._provider = TracerProvider(resource=_resource(worker), id_generator=RunIds(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("tieout")

    def run_began(self, run: Run) -> Finished:
        """Start the trace of a run; the calls of its threads become its children."""
        span = self._tracer.start_span(
            run.errand,
            context=Context(),
            attributes={
                "tieout.errand": run.errand,
                "tieout.connection": run.connection,
                "tieout.worker": run.worker,
            },
        )
        token = context.attach(trace.set_span_in_context(span))

        def finished(outcome: str, _seconds: float) -> None:
            span.set_attribute("tieout.outcome", outcome)
            if outcome not in (DONE, IDLE):
                span.set_status(Status(StatusCode.ERROR, outcome))
            context.detach(token)
            span.end()

        return finished

    def call_began(self, call: Call) -> Answered:
        """Start the span of a call; its end is the arrival of the status."""
        span = self._tracer.start_span(
            f"{call.system} {call.label or call.method}",
            kind=SpanKind.CLIENT,
            attributes={
                "http.request.method": call.method,
                "tieout.connection": call.connection,
                "tieout.system": call.system,
                "tieout.transaction": call.label,
            },
        )

        def answered(status: int | None) -> None:
            if status is not None:
                span.set_attribute("http.response.status_code", status)
            if status is None or status >= FIRST_ERROR:
                span.set_status(Status(StatusCode.ERROR, "no answer" if status is None else str(status)))
            span.end()

        return answered

    def flush(self) -> None:
        """Send what is ready now."""
        self._provider.force_flush()

    def close(self) -> None:
        """Send what is left, for a few seconds at most, and let the collector go."""
        closing = threading.Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)
        logging.getLogger(LIBRARY).setLevel(self._library_level)


class RunIds(RandomIdGenerator):
    """Gives a run's trace the run's own id; spans outside of a run begin traces with random ids."""

    def generate_trace_id(self) -> int:
        """Give the id of the next trace."""
        run = current_run()
        return int(run.correlation_id, 16) if run is not None else super().generate_trace_id()


class QuietExporter(SpanExporter):
    """An exporter whose failures are logged once, until it works again."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch. Verdict on failure: it is lost, the work goes on."""
        try:
            result, why = self._inner.export(spans), "the collector does not take them"
        except Exception as error:  # noqa: BLE001 (whatever an exporter raises is its own affair)
            result, why = SpanExportResult.FAILURE, type(error).__name__
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._failing:
            logger.warning("traces cannot be exported (%s); the work goes on without them", why)
        self._failing = failed
        return result

    def shutdown(self) -> None:
        """Let the collector go."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Send what the inner one holds."""
        return self._inner.force_flush(timeout_millis)


def make_exporter(wanted: str) -> SpanExporter:
    """Make the exporter of that name; the library reads its own standard variables."""
    if wanted == "console":
        return ConsoleSpanExporter(out=sys.stderr)  # stdout holds data only
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _resource(worker: str) -> Resource:
    """Say who traces; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win."""
    ours = {SERVICE_NAME: DEFAULT_SERVICE, "service.version": _version(), "service.instance.id": worker}
    return Resource.create(ours).merge(OTELResourceDetector().detect())


def _version() -> str:
    try:
        return version("tieout")
    except PackageNotFoundError:
        return "unknown"  # verdict: go on; a source tree that was never installed has no version
