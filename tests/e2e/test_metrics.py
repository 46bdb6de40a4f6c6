"""The metrics of a deployment at work: exactly those of the list, true, and without ids or data of records."""

import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.errands.catalogue import ERRANDS
from domain.event import Append
from domain.identifiers import stream_id
from domain.ports.store import Causes
from domain.suppliers.events import SupplierRefused, SupplierRetryOrdered
from tests.support import deployment as support
from tests.support.deployment import NAME, deployed
from tieout import wiring
from tieout.health.checks import health_of, no_broker
from tieout.health.server import Health, serving
from tieout.observability.metrics import METRICS
from tieout.settings import FLOWS, load
from tieout.sync import sync

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[support.Deployment, wiring.Deployment, Health]]:
    folder = tmp_path_factory.mktemp("metrics")
    with deployed(folder) as made, wiring.open_deployment(load(folder / "tieout.toml")) as deployment:
        health = health_of(deployment, no_broker)
        sync(deployment, [NAME], flows=FLOWS, wait_seconds=30)
        order_work(deployment)
        yield made, deployment, health


def order_work(deployment: wiring.Deployment) -> None:
    """Let something be due that nobody works on, and something else need a person."""
    connection = deployment.tools(NAME).connection
    stream = stream_id(connection, "supplier", "100|NOBODY")
    events = (
        SupplierRefused(
            key="100|NOBODY", code="FIELD_TOO_LONG", text="60 of 50", of_version=1, field="Name", limit=50, length=60
        ),
        SupplierRetryOrdered(person="Ann", reason="test"),
    )
    append = Append(stream=stream, expected_version=0, events=events)
    deployment.log.append([append], causes=Causes(connection=connection, correlation_id="test"))
    deployment.relay.drain()
    deployment.runner.catch_up()


def scraped(health: Health) -> str:
    with serving(health, host="127.0.0.1", port=0) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
    return text


def samples(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_metrics_are_those_of_the_list_and_no_other(
    world: tuple[support.Deployment, wiring.Deployment, Health],
) -> None:
    text = scraped(world[2])
    found = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert found == {name: metric.kind for name, metric in METRICS.items()}
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(METRICS[name].labels), sample
        assert family.documentation == METRICS[name].says


def test_the_metrics_say_what_the_books_say(world: tuple[support.Deployment, wiring.Deployment, Health]) -> None:
    made, deployment, health = world
    found = samples(scraped(health))

    def value(name: str, **labels: str) -> float:
        return found.get((name, tuple(sorted(labels.items()))), 0.0)

    log = deployment.log.read(after=0, limit=100_000)
    counted = {dict(labels)["type"]: n for (name, labels), n in found.items() if name == "tieout_events_total"}
    kinds = [type(recorded.event).__name__ for recorded in log]
    assert counted == {kind: kinds.count(kind) for kind in kinds}
    calls = dict.fromkeys(("infor", "avidxchange"), 0.0)
    for (name, labels), n in found.items():
        if name == "tieout_remote_calls_total":
            calls[dict(labels)["system"]] += n
    assert calls == deployment.calls(NAME)
    assert value("tieout_pending", connection=NAME, errand="send_suppliers") == 1
    assert 0 <= value("tieout_pending_oldest_due_seconds", connection=NAME, errand="send_suppliers") < 600
    assert value("tieout_errands_total", connection=NAME, errand="poll_invoices", outcome="done") >= 1
    assert 0 < value("tieout_poll_lag_seconds", connection=NAME, flow="payments") < 600
    assert value("tieout_in_doubt", connection=NAME, kind="invoice") == 0
    assert value("tieout_token_expires_seconds", connection=NAME) > 0
    assert 0 <= value("tieout_token_age_seconds", connection=NAME) < 600
    assert value("tieout_projection_lag_events") == value("tieout_relay_lag_events") == 0
    open_issues = sum(n for (name, _), n in found.items() if name == "tieout_issues_open")
    assert open_issues == len(made.issues()) > 0


def test_an_errand_with_nothing_due_has_the_sample_zero(
    world: tuple[support.Deployment, wiring.Deployment, Health],
) -> None:
    found = samples(scraped(world[2]))
    for name in ("tieout_pending", "tieout_pending_oldest_due_seconds"):
        values = {dict(labels)["errand"]: n for (metric, labels), n in found.items() if metric == name}
        assert set(values) == set(ERRANDS)
        assert {errand for errand, n in values.items() if n} <= {"send_suppliers"}


def test_labels_hold_names_and_never_ids(world: tuple[support.Deployment, wiring.Deployment, Health]) -> None:
    _, deployment, health = world
    text = scraped(health)
    connection: UUID = deployment.tools(NAME).connection
    assert str(connection) not in text
    assert connection.hex not in text
    named = set(re.findall(r'connection="([^"]*)"', text))
    assert named == {NAME}


def test_a_store_that_is_gone_makes_the_process_unready_and_leaves_its_own_figures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        deployed(tmp_path, invoices=1) as made,
        wiring.open_deployment(load(tmp_path / "tieout.toml")) as deployment,
    ):
        health = health_of(deployment, no_broker)
        assert health.ready() == ""
        deployment.watching.of(NAME).run("send_suppliers", lambda: 1)
        with deployment.store.database.writing() as cursor:
            cursor.execute("UPDATE store_state SET schema_version = 999")
        assert "version 999" in health.ready()
        with deployment.store.database.writing() as cursor:
            cursor.execute("ALTER TABLE polls RENAME TO polls_gone")
        assert made.store.name in health.ready()
        found = samples(scraped(health))
        with deployment.store.database.writing() as cursor:
            cursor.execute("ALTER TABLE polls_gone RENAME TO polls")
    names = {name for name, _ in found}
    assert "tieout_errands_total" in names
    assert "tieout_pending" not in names
    assert "the store's metrics are missing" in caplog.text


def test_a_broker_that_does_not_answer_makes_the_process_unready(
    world: tuple[support.Deployment, wiring.Deployment, Health],
) -> None:
    _, deployment, _ = world

    def refused() -> str:
        raise ConnectionRefusedError(111, "Connection refused")

    assert "the broker does not answer: " in health_of(deployment, refused).ready()
    assert health_of(deployment, lambda: "no vhost named tieout").ready() == "no vhost named tieout"
