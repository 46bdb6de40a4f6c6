"""What a process did, counted."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tieout.observability.counters import Counters, status_label
from tieout.observability.runs import Watching


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def watching(registry: CollectorRegistry) -> Watching:
    made = Watching(worker="host:7")
    made.add(Counters(registry))
    return made


def test_runs_are_counted_by_outcome_and_timed_unless_nothing_was_due(
    registry: CollectorRegistry, watching: Watching
) -> None:
    watch = watching.of("acme")
    for result in (50, 7, 0):
        watch.run("send_suppliers", lambda result=result: result)  # type: ignore[misc]  # a default binds the value
    labels = {"errand": "send_suppliers", "connection": "acme"}
    assert registry.get_sample_value("tieout_errands_total", {**labels, "outcome": "done"}) == 2
    assert registry.get_sample_value("tieout_errands_total", {**labels, "outcome": "idle"}) is None
    assert registry.get_sample_value("tieout_errand_seconds_count", {"errand": "send_suppliers"}) == 2


def test_calls_are_counted_by_connection_system_and_status(registry: CollectorRegistry, watching: Watching) -> None:
    for status in (200, 200, 503, None):
        watching.of("acme").call("infor", "GET", "x")(status)
    watching.of("umbra").call("avidxchange", "PUT", "/vendors")(429)

    def count(connection: str, system: str, status: str) -> float | None:
        labels = {"connection": connection, "system": system, "status": status}
        return registry.get_sample_value("tieout_remote_calls_total", labels)

    assert [count("acme", "infor", status) for status in ("200", "503", "no-answer")] == [2, 1, 1]
    assert count("umbra", "avidxchange", "429") == 1


@pytest.mark.parametrize(
    ("status", "label"), [(200, "200"), (418, "418"), (None, "no-answer"), (299, "2xx"), (999, "9xx"), (520, "5xx")]
)
def test_a_hostile_remote_cannot_make_ever_more_labels(status: int | None, label: str) -> None:
    assert status_label(status) == label


def test_no_time_of_creation_stands_beside_the_counters(registry: CollectorRegistry, watching: Watching) -> None:
    watching.of("acme").run("send_suppliers", lambda: 1)
    assert b"_created" not in generate_latest(registry)
