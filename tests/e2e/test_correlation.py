"""From an event in the log to the trace of the run that wrote it, and to its log lines."""

import json
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.deployment import NAME, deployed
from tieout import output, wiring
from tieout.observability.traces import Tracing
from tieout.settings import FLOWS, load
from tieout.sync import sync

BEFORE_THE_WORK = {"ConnectionAdded", "CredentialsImported", "SettingsChanged"}  # a person's acts, and the settings


def test_every_event_of_a_sync_leads_to_the_trace_and_the_log_line_of_its_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exporter = InMemorySpanExporter()
    with deployed(tmp_path), wiring.open_deployment(load(tmp_path / "tieout.toml")) as deployment:
        tracing = Tracing(exporter, worker=deployment.worker)
        deployment.watching.add(tracing, close=tracing.close)
        try:
            output.log_to_stderr(debug=False, log_format="json")
            sync(deployment, [NAME], flows=FLOWS, wait_seconds=30)
        finally:
            output.log_to_stderr(debug=False)
        tracing.flush()
        events = deployment.log.read(after=0, limit=100_000)
    spans = exporter.get_finished_spans()
    runs = {f"{s.context.trace_id:032x}": s for s in spans if s.context is not None and s.parent is None}
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    ended = {line["correlation_id"]: line for line in lines if "outcome" in line}

    work = [recorded for recorded in events if type(recorded.event).__name__ not in BEFORE_THE_WORK]
    assert len(work) > 100
    for recorded in work:
        run = runs[recorded.meta.correlation_id]
        line = ended[recorded.meta.correlation_id]
        assert run.name == line["errand"]
        assert (line["connection"], line["worker"]) == (NAME, deployment.worker)
    calls = [span for span in spans if span.parent is not None]
    assert {f"{span.context.trace_id:032x}" for span in calls if span.context is not None} <= runs.keys()
    assert {str((span.attributes or {})["tieout.system"]) for span in calls} == {"infor", "avidxchange"}
    transactions = {str((span.attributes or {})["tieout.transaction"]) for span in calls}
    assert {"/invoices/batches", "/vendors", "CRS620MI/GetBasicData", "token"} <= transactions
    assert not any("?" in name or "http" in name for name in transactions)
