"""Traces: a span per run and call, under the id of the run's events, and never in the way of the work."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from actors.tools import in_threads
from domain.errors import MisconfiguredError, TransientError
from tieout.observability.runs import Watching
from tieout.observability.traces import CLOSE_SECONDS, Tracing
from tieout.observability.tracing import exporter_wanted, open_tracing

ROOT = Path(__file__).parents[4]


class Broken(SpanExporter):
    """A collector that is away, and one that raises, until it works again."""

    def __init__(self, *, raises: bool) -> None:
        self.raises = raises
        self.works = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self.works:
            return SpanExportResult.SUCCESS
        if self.raises:
            raise ConnectionError(f"{len(spans)} spans")
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        pass


@contextmanager
def traced(exporter: SpanExporter) -> Iterator[tuple[Watching, Tracing]]:
    watching = Watching(worker="host:7")
    tracing = Tracing(exporter, worker="host:7")
    watching.add(tracing, close=tracing.close)
    try:
        yield watching, tracing
    finally:
        watching.close()


def spans_of(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def trace_id(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def test_the_trace_of_a_run_has_the_id_of_its_events() -> None:
    exporter = InMemorySpanExporter()
    with traced(exporter) as (watching, tracing):
        watch = watching.of("acme")
        ids = [watch.run("send_suppliers", watch.correlation_id) for _ in range(2)]
        tracing.flush()
        spans = exporter.get_finished_spans()
    assert [trace_id(span) for span in spans] == ids
    assert all(span.parent is None for span in spans)
    assert dict(spans[0].attributes or {}) == {
        "tieout.errand": "send_suppliers",
        "tieout.connection": "acme",
        "tieout.worker": "host:7",
        "tieout.outcome": "done",
    }
    assert spans[0].status.status_code is StatusCode.UNSET


def test_calls_are_children_of_their_run_also_from_its_threads() -> None:
    exporter = InMemorySpanExporter()
    with traced(exporter) as (watching, tracing):
        watch = watching.of("acme")

        def call(number: int) -> None:
            watch.call("infor", "GET", f"CRS620MI/Read{number}")(200)

        watch.run("poll_suppliers", lambda: [*map(call, [0]), *in_threads(call, [1, 2], at_once=2)])
        tracing.flush()
        spans = spans_of(exporter)
    run = spans["poll_suppliers"]
    assert set(spans) == {"poll_suppliers", *(f"infor CRS620MI/Read{n}" for n in range(3))}
    for name, span in spans.items():
        if span is not run:
            assert trace_id(span) == trace_id(run), name
            assert span.parent == run.context
            assert span.kind is SpanKind.CLIENT
    assert dict(spans["infor CRS620MI/Read1"].attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "tieout.connection": "acme",
        "tieout.system": "infor",
        "tieout.transaction": "CRS620MI/Read1",
    }


def test_a_call_outside_of_a_run_is_a_trace_of_its_own() -> None:
    exporter = InMemorySpanExporter()
    with traced(exporter) as (watching, tracing):
        watching.of("acme").call("infor", "GET", "")(200)
        tracing.flush()
        (span,) = exporter.get_finished_spans()
    assert (span.name, span.parent) == ("infor GET", None)
    assert int(trace_id(span), 16) > 0


@pytest.mark.parametrize(("status", "said"), [(503, "503"), (404, "404"), (None, "no answer")])
def test_what_went_wrong_is_seen_on_its_span(status: int | None, said: str) -> None:
    exporter = InMemorySpanExporter()
    with traced(exporter) as (watching, tracing):
        watch = watching.of("acme")

        def work() -> bool:
            watch.call("avidxchange", "PUT", "/vendors")(status)
            watch.note(TransientError("the remote said secret things"))
            return True

        watch.run("send_suppliers", work)
        tracing.flush()
        spans = spans_of(exporter)
    call, run = spans["avidxchange /vendors"], spans["send_suppliers"]
    assert (call.status.status_code, call.status.description) == (StatusCode.ERROR, said)
    assert (run.status.status_code, run.status.description) == (StatusCode.ERROR, "transient")
    assert "secret things" not in call.to_json() + run.to_json()


@pytest.mark.parametrize("raises", [False, True])
def test_a_collector_that_is_away_is_logged_once_and_disturbs_nothing(
    caplog: pytest.LogCaptureFixture, *, raises: bool
) -> None:
    exporter = Broken(raises=raises)
    with traced(exporter) as (watching, tracing):
        watch = watching.of("acme")

        def work() -> None:
            assert watch.run("send_suppliers", lambda: 1) == 1
            tracing.flush()

        for _ in range(3):
            work()
        assert caplog.text.count("traces cannot be exported") == 1
        exporter.works = True
        work()
        exporter.works = False
        work()
    assert caplog.text.count("traces cannot be exported") == 2


def test_the_librarys_own_logging_is_given_back_at_the_end() -> None:
    before = logging.getLogger("opentelemetry").level
    with traced(InMemorySpanExporter()):
        assert logging.getLogger("opentelemetry").level == logging.CRITICAL
    assert logging.getLogger("opentelemetry").level == before


class Hanging(SpanExporter):
    """A collector that takes the spans and never says so."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 (the base class's signature)
        self.let_go.wait(60)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        pass


def test_a_collector_that_hangs_does_not_hold_the_end_of_a_process_up() -> None:
    exporter = Hanging()
    with traced(exporter) as (watching, _):
        watching.of("acme").run("send_suppliers", lambda: 1)
        began = time.monotonic()
    assert time.monotonic() - began < CLOSE_SECONDS + 5
    exporter.let_go.set()


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, ""),
        ({"OTEL_SERVICE_NAME": "x"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h:4318"}, "otlp"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318", "OTEL_TRACES_EXPORTER": "none"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h:4318", "OTEL_SDK_DISABLED": "true"}, ""),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "otlp"),
        ({"OTEL_TRACES_EXPORTER": "console"}, "console"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "otlp"),
    ],
)
def test_the_standard_variables_switch_traces_on(environ: dict[str, str], wanted: str) -> None:
    assert exporter_wanted(environ) == wanted


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "OTEL_TRACES_EXPORTER is 'zipkin'"),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "only http/protobuf is spoken"),
    ],
)
def test_what_is_not_spoken_is_said_in_one_sentence(environ: dict[str, str], said: str) -> None:
    with pytest.raises(MisconfiguredError, match=said):
        exporter_wanted(environ)


@contextmanager
def collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """Receive OTLP over HTTP on loopback."""
    received: list[ExportTraceServiceRequest] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_spans_arrive_over_otlp_under_our_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as (address, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        tracing = open_tracing(os.environ, worker="host:7")
        assert tracing is not None
        watching = Watching(worker="host:7")
        watching.add(tracing, close=tracing.close)
        watch = watching.of("acme")
        correlation_id = watch.run("send_suppliers", watch.correlation_id)
        watching.close()
    (request,) = received
    (spans,) = request.resource_spans
    resource = {pair.key: pair.value.string_value for pair in spans.resource.attributes}
    assert (resource["service.name"], resource["service.instance.id"]) == ("tieout", "host:7")
    (span,) = spans.scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == ("send_suppliers", correlation_id)


def test_the_service_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "ledger-bridge")
    exporter = InMemorySpanExporter()
    with traced(exporter) as (watching, tracing):
        watching.of("acme").run("send_suppliers", lambda: 1)
        tracing.flush()
        (span,) = exporter.get_finished_spans()
    assert span.resource.attributes["service.name"] == "ledger-bridge"


IMPORTED = """
import sys, tieout.cli, tieout.wiring, tieout.sync, tieout.processes.everything
import tieout.health.checks, tieout.observability.logs
from tieout.observability.tracing import open_tracing
tracing = open_tracing({environ!r}, worker="host:7")
print(tracing is not None, any(name.partition(".")[0] == "opentelemetry" for name in sys.modules))
if tracing is not None:
    tracing.close()
"""


@pytest.mark.parametrize(("environ", "said"), [({}, "False False"), ({"OTEL_TRACES_EXPORTER": "console"}, "True True")])
def test_without_the_variables_nothing_of_opentelemetry_is_imported(environ: dict[str, str], said: str) -> None:
    code = IMPORTED.format(environ=environ)
    ran = subprocess.run(  # noqa: S603 (our own program)
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.strip() == said
