"""Who may reach whom, part by part, in the overlays as they are built: what a part needs is open, and nothing else."""

import copy
from collections.abc import Callable

import pytest

from tests.deploy.files import Node, pod_of
from tests.deploy.kustomize import component, overlay
from tests.deploy.reach import EVERYTHING, Reach, reaches

NAMES = {"kube-system/k8s-app=kube-dns 53/UDP", "kube-system/k8s-app=kube-dns 53/TCP"}
STORE = {"*/tieout.dev/serves=store 5432/TCP"}
BROKER = {"*/tieout.dev/serves=broker 5672/TCP", "*/tieout.dev/serves=broker 5671/TCP"}
REMOTES = {"192.0.2.0/24 443/TCP", "198.51.100.0/24 443/TCP"}  # Infor, AvidXchange
ALERTS = {"203.0.113.0/24 443/TCP", "203.0.113.0/24 587/TCP"}
TRACES = {"203.0.113.0/24 4318/TCP"}
METRICS = {"monitoring/* 8322/TCP"}
BROWSERS = {"ingress-nginx/* 8321/TCP"}
MESH = {"istio-system/app=istiod 15012/TCP"}
OF_THE_SANDBOX = {"here/app.kubernetes.io/name=tieout any port"}


def reach(*out: set[str], into: set[str] = METRICS) -> Reach:
    return Reach(frozenset().union(NAMES, STORE, BROKER, *out), frozenset(into))


PRODUCTION = {
    "migrate": reach(ALERTS, TRACES),
    "connection-add": reach(ALERTS, TRACES),
    "relay": reach(ALERTS, TRACES),
    "worker": reach(ALERTS, TRACES, REMOTES),
    "console": reach(ALERTS, TRACES, into=METRICS | BROWSERS),
}
SANDBOX = {
    "migrate": reach(),
    "relay": reach(),
    "worker": reach(REMOTES),
    "console": reach(into=METRICS | BROWSERS),
    "tieout-postgres": reach(into=METRICS | OF_THE_SANDBOX),
    "tieout-rabbitmq": reach(into=METRICS | OF_THE_SANDBOX),
}


def production() -> list[Node]:
    return copy.deepcopy([*overlay("production"), *component("connection")])


def test_a_part_in_production_reaches_what_it_needs_and_nothing_else() -> None:
    assert reaches(production()) == PRODUCTION


def test_a_part_of_the_sandbox_reaches_what_it_needs_and_nothing_else() -> None:
    assert reaches(overlay("sandbox")) == SANDBOX


@pytest.mark.parametrize(("name", "table"), [("production", PRODUCTION), ("sandbox", SANDBOX)])
def test_in_a_mesh_every_pod_reaches_the_control_plane_too(name: str, table: dict[str, Reach]) -> None:
    """Without it no sidecar has a certificate, and no pod is ready."""
    met = reaches([*overlay(name), *component("istio")])
    assert met == {part: Reach(table[part].out | MESH, table[part].into) for part in met}
    assert {"relay", "worker", "console"} <= met.keys()


def test_the_ports_that_are_open_are_those_a_part_serves() -> None:
    served = {
        one["metadata"]["name"]: {f"{port['containerPort']}/TCP" for port in pod_of(one)["containers"][0]["ports"]}
        for one in overlay("production")
        if one["kind"] == "Deployment"
    }
    assert {name.removeprefix("tieout-"): ports for name, ports in served.items()} == {
        part: {peer.rpartition(" ")[2] for peer in PRODUCTION[part].into} for part in ("relay", "worker", "console")
    }


def policy(manifests: list[Node], name: str) -> Node:
    return next(one for one in manifests if (one["kind"], one["metadata"]["name"]) == ("NetworkPolicy", name))


def lost(name: str) -> Callable[[list[Node]], None]:
    return lambda manifests: manifests.remove(policy(manifests, name))


def other_port(name: str, rules: str) -> Callable[[list[Node]], None]:
    def change(manifests: list[Node]) -> None:
        policy(manifests, name)["spec"][rules][0]["ports"][0]["port"] = 5433

    return change


def for_every_pod(name: str) -> Callable[[list[Node]], None]:
    return lambda manifests: policy(manifests, name)["spec"].update(podSelector={})


def for_every_peer(name: str, rules: str, side: str) -> Callable[[list[Node]], None]:
    def change(manifests: list[Node]) -> None:
        del policy(manifests, name)["spec"][rules][0][side]

    return change


@pytest.mark.parametrize(
    "change",
    [
        lost("tieout-names"),
        lost("tieout-store-and-broker"),
        lost("tieout-remotes"),
        lost("tieout-metrics"),
        lost("tieout-console"),
        lost("tieout-alerts-and-traces"),
        other_port("tieout-store-and-broker", "egress"),
        other_port("tieout-metrics", "ingress"),
        for_every_pod("tieout-remotes"),
        for_every_pod("tieout-console"),
        for_every_peer("tieout-names", "egress", "to"),
        for_every_peer("tieout-console", "ingress", "from"),
    ],
)
def test_a_way_that_is_lost_moved_or_wider_is_noticed(change: Callable[[list[Node]], None]) -> None:
    manifests = production()
    change(manifests)
    assert reaches(manifests) != PRODUCTION


def test_without_a_policy_everything_is_open() -> None:
    pods = [one for one in production() if one["kind"] != "NetworkPolicy"]
    assert set(reaches(pods).values()) == {Reach(EVERYTHING, EVERYTHING)}


@pytest.mark.parametrize("selector", [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}])
def test_a_selector_that_nobody_here_can_judge_is_no_pass(selector: Node) -> None:
    manifests = production()
    policy(manifests, "tieout-console")["spec"]["podSelector"] = selector
    with pytest.raises(ValueError, match="more than In"):
        reaches(manifests)
    manifests = production()
    policy(manifests, "tieout-names")["spec"]["egress"][0]["to"] = [{"podSelector": selector}]
    with pytest.raises(ValueError, match="more than labels"):
        reaches(manifests)
