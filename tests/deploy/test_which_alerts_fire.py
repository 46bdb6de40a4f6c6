"""Which alerts stand in which state of which place: a cluster, two deployments in one, Compose."""

import dataclasses

import pytest

from tests.deploy.evaluation import Sample, answers, sample
from tests.deploy.files import Node, kustomizations
from tests.deploy.kustomize import overlay
from tests.deploy.promql import labels_of
from tests.deploy.test_alerts_and_dashboard import alert_rules, alerts


@dataclasses.dataclass(frozen=True)
class Deployed:
    """One deployment as Prometheus sees it; namespace "": a place without one, where nobody asks a cluster."""

    namespace: str = ""
    version: str = "1"
    answers: bool = True
    store: bool = True
    ready: bool = True
    workers: int = 3
    oldest_due_seconds: float = 0

    def samples(self) -> list[Sample]:
        return [*self._own(), *(self._cluster() if self.namespace else [])]

    def _own(self) -> list[Sample]:
        if not self.answers:
            return []
        place = {"namespace": self.namespace}
        found = []
        for pod in ("tieout-relay-1", "tieout-worker-1"):
            found.append(sample("tieout_build_info", 1, **place, pod=pod, version=self.version))
            if self.store:
                due = {**place, "pod": pod, "connection": "acme", "errand": "send_invoices"}
                found.append(sample("tieout_relay_lag_events", 0, **place, pod=pod))
                found.append(sample("tieout_pending_oldest_due_seconds", self.oldest_due_seconds, **due))
        return found

    def _cluster(self) -> list[Sample]:
        place = {"namespace": self.namespace, "pod": "tieout-worker-1"}
        deployed = {"namespace": self.namespace, "deployment": "tieout-worker"}
        return [
            sample("kube_deployment_status_replicas_available", self.workers, **deployed),
            sample("kube_pod_status_ready", self.store and self.ready, **place, condition="true"),
            sample("kube_pod_status_phase", 1, **place, phase="Running"),
        ]


def standing(*there: Deployed, past: tuple[Deployed, ...] = ()) -> list[tuple[str, str]]:
    """Give the alerts that stand, each with its namespace."""
    now, before = ([one for each in some for one in each.samples()] for some in (there, past))
    return [
        (rule["alert"], labels.get("namespace", ""))
        for rule in alerts(alert_rules())
        for labels in answers(rule["expr"], now, before)
    ]


COMPOSE = Deployed()
PRODUCTION = Deployed("tieout")
SANDBOX = Deployed("tieout-sandbox", workers=1)


@pytest.mark.parametrize("there", [(COMPOSE,), (PRODUCTION,), (PRODUCTION, SANDBOX), (PRODUCTION, COMPOSE)])
def test_no_alert_stands_where_all_is_well(there: tuple[Deployed, ...]) -> None:
    assert standing(*there, past=there) == []


def test_compose_is_never_told_of_a_cluster_it_has_not() -> None:
    assert standing() == [("TieoutNothingAnswers", "")]
    assert standing(dataclasses.replace(COMPOSE, oldest_due_seconds=3600)) == [("TieoutWorkIsStuck", "")]


def test_a_store_that_is_down_is_told_without_a_cluster() -> None:
    assert standing(dataclasses.replace(COMPOSE, store=False)) == [("TieoutStoreIsDown", "")]


def test_a_store_and_a_broker_are_told_apart() -> None:
    store = dataclasses.replace(PRODUCTION, store=False)
    assert standing(store, SANDBOX) == [("TieoutStoreIsDown", "tieout"), ("TieoutStoreOrBrokerIsDown", "tieout")]
    broker = dataclasses.replace(PRODUCTION, ready=False)
    assert standing(broker, SANDBOX) == [("TieoutStoreOrBrokerIsDown", "tieout")]


def test_a_sandbox_hides_no_dead_production() -> None:
    idle = dataclasses.replace(PRODUCTION, workers=0)
    assert standing(idle, SANDBOX) == [("TieoutNoWorker", "tieout")]
    unseen = dataclasses.replace(PRODUCTION, answers=False)
    assert standing(unseen, SANDBOX, past=(PRODUCTION, SANDBOX)) == [("TieoutNothingAnswers", "tieout")]


def test_a_sandbox_that_nobody_scrapes_or_that_was_taken_down_pages_nobody() -> None:
    assert standing(PRODUCTION, dataclasses.replace(SANDBOX, answers=False), past=(PRODUCTION,)) == []
    assert standing(PRODUCTION, past=(PRODUCTION, SANDBOX)) == []


def test_versions_are_compared_within_one_deployment() -> None:
    other = dataclasses.replace(SANDBOX, version="2")
    assert standing(PRODUCTION, other) == []
    half_updated = dataclasses.replace(other, namespace="tieout")
    assert standing(PRODUCTION, half_updated) == [("TieoutVersionsDiffer", "tieout")]


def test_every_alert_says_whose_it_is() -> None:
    assert [rule["alert"] for rule in alerts(alert_rules()) if "namespace" not in labels_of(rule["expr"])] == []


def query_of(scaler: Node) -> str:
    """Give the query of a scaler's one trigger that asks Prometheus."""
    (found,) = (one["metadata"]["query"] for one in scaler["spec"]["triggers"] if one["type"] == "prometheus")
    return str(found)


def test_stuck_work_scales_the_workers_of_its_own_namespace() -> None:
    (scaler,) = (one for one in overlay("production") if one["kind"] == "ScaledObject")
    stuck = [dataclasses.replace(one, oldest_due_seconds=3600) for one in (PRODUCTION, SANDBOX)]
    asked = f"{query_of(scaler)} > 60"
    assert answers(asked, [*stuck[0].samples(), *SANDBOX.samples()]) == [{}]
    assert answers(asked, [*PRODUCTION.samples(), *stuck[1].samples()]) == []


def test_an_overlay_that_takes_keda_brings_its_namespace_along() -> None:
    takers = [node for node in kustomizations().values() if any("keda" in one for one in node.get("components", []))]
    assert [(node["namespace"], "namespace.yaml" in node["resources"]) for node in takers] == [("tieout", True)]
    (named,) = (one for one in overlay("production") if one["kind"] == "Namespace")
    assert named["metadata"]["name"] == takers[0]["namespace"]
