"""The manifests: valid, all listed, hardened, with time to end, and with no way to repeat a write."""

import copy
import ipaddress
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]  # the library ships no types
import pytest
from jsonschema import Draft202012Validator

from tests.deploy import rules
from tests.deploy.files import (
    KUBERNETES,
    ROOT,
    Node,
    Part,
    containers,
    environment,
    kustomizations,
    manifests,
    pod_of,
    runs_tieout,
)
from tests.deploy.kustomize import built, doubled, lost_patches, misnamed, overlay, replace

VERSIONS = ("1.31", "1.34")
CUSTOM = json.loads((ROOT / "tests/deploy/custom.schema.json").read_text("utf-8"))["$defs"]
OVERLAYS = ("production", "sandbox")
NAMED = re.compile(r"\b(job|deployment|scaledobject)[ /]((?:tieout-[a-z]+ ?)+)")
WORLD = str(ipaddress.ip_network((0, 0)))
FOLD_SECONDS = 1200  # millions of events, before the port of the health answers
PLACEHOLDERS = {"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"}  # kept for documentation, RFC 5737


def invalid(manifest: Node, version: str) -> Iterator[str]:
    kind = f"{manifest['apiVersion']} {manifest['kind']}"
    if kind in CUSTOM:
        whole = {"spec": CUSTOM[kind], "metadata": CUSTOM["metadata"], "apiVersion": True, "kind": True}
        schema = {"type": "object", "additionalProperties": False, "required": list(whole), "properties": whole}
        yield from (error.message[:150] for error in Draft202012Validator(schema).iter_errors(manifest))
        return
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as fault:
        yield f"{kind} {version}: {fault}"[:300]  # the test's own verdict: a manifest that is not valid


def workloads() -> list[tuple[str, Node]]:
    whole = [(path, one) for path, one in manifests() if path not in patches() and pod_of(one)]
    assert len(whole) == 7
    return [*whole, *(("sandbox overlay", one) for one in overlay("sandbox") if pod_of(one))]


def patches() -> set[str]:
    """Give the files that are no whole manifests: they are judged with what they patch."""
    all_patches = [(folder, one) for folder, node in kustomizations().items() for one in node.get("patches", [])]
    files = [folder / one["path"] for folder, one in all_patches if "path" in one]
    return {path.relative_to(KUBERNETES).as_posix() for path in files}


def deployments() -> list[Node]:
    return [one for path, one in workloads() if one["kind"] == "Deployment" and path.startswith("base/")]


def unwatched(manifest: Node) -> Iterator[str]:
    name, pod = manifest["metadata"]["name"], pod_of(manifest)
    for one in containers(pod):
        ports = {port["name"]: str(port["containerPort"]) for port in one.get("ports", [])}
        if ports.get("health") != Part(name, tuple(one["args"]), {}).option("--health-port"):
            yield f"{name}: the port of its health is not the one it serves"
        asked = {kind: one.get(f"{kind}Probe", {}).get("httpGet") for kind in ("startup", "liveness", "readiness")}
        live, ready = {"path": "/live", "port": "health"}, {"path": "/ready", "port": "health"}
        if asked != {"startup": live, "liveness": live, "readiness": ready}:
            yield f"{name}: {asked}"
        start = one.get("startupProbe", {})
        if start.get("periodSeconds", 0) * start.get("failureThreshold", 0) < FOLD_SECONDS:
            yield f"{name}: killed while it folds the log anew"
    if manifest["spec"]["selector"]["matchLabels"].items() - manifest["spec"]["template"]["metadata"]["labels"].items():
        yield f"{name}: selects pods it does not make"
    if len(pod.get("topologySpreadConstraints", [])) != 2:
        yield f"{name}: not spread over zones and nodes"


def stiff_budgets(budgets: list[Node]) -> Iterator[str]:
    """Find budgets that keep a node from being drained (0), or give more than one pod away at a time."""
    for one in budgets:
        spec = {key: value for key, value in one["spec"].items() if key != "selector"}
        if spec != {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"}:
            yield f"{one['metadata']['name']}: {spec}"


def wide_policies(policies: list[Node]) -> Iterator[str]:
    blocks = [
        (one["metadata"]["name"], to["ipBlock"]["cidr"])
        for one in policies
        for rule in one["spec"].get("egress", [])
        for to in rule.get("to", [{"ipBlock": {"cidr": WORLD}}])
        if "ipBlock" in to
    ]
    yield from (f"{name}: {cidr} is the world" for name, cidr in blocks if ipaddress.ip_network(cidr).prefixlen < 16)
    deny = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if deny not in [one["spec"] for one in policies]:
        yield "nothing is denied by default"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(version: str) -> None:
    judged = [(path, one) for path, one in manifests() if path not in patches()]
    judged += [(name, one) for name in OVERLAYS for one in overlay(name)]
    assert {f"{path} {one['kind']}": found for path, one in judged if (found := list(invalid(one, version)))} == {}


def test_every_kustomization_lists_what_lies_beside_it() -> None:
    for folder, node in kustomizations().items():
        beside = {path.name for path in folder.iterdir() if path.is_file()}
        assert list(misnamed(folder, node, beside)) == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_brings_everything_once_and_patches_what_is_there(name: str) -> None:
    whole = overlay(name)
    folder = KUBERNETES / "overlays" / name
    needed = {"Job", "Deployment", "PodDisruptionBudget", "NetworkPolicy", "ServiceAccount", "Namespace"}
    assert list(doubled(whole)) == []
    assert list(lost_patches(folder, kustomizations()[folder], whole)) == []
    assert needed <= {one["kind"] for one in whole}


def test_a_scaler_owns_the_number_of_workers() -> None:
    counts = {one["metadata"]["name"]: one["spec"].get("replicas") for one in overlay("production") if pod_of(one)}
    assert (counts["tieout-worker"], counts["tieout-relay"]) == (None, 2)
    base = overlay("production")
    for component in ("keda", "hpa"):
        folder = KUBERNETES / "components" / component
        assert list(lost_patches(folder, kustomizations()[folder], base)) == []


def test_the_sandbox_runs_beside_the_worker_and_is_connected_before_it_starts() -> None:
    pod = next(pod_of(one) for one in overlay("sandbox") if one["metadata"]["name"] == "tieout-worker")
    assert [(one["name"], one.get("restartPolicy")) for one in pod["initContainers"]] == [
        ("sandbox", "Always"),
        ("connect", None),
    ]
    assert [one["name"] for one in pod["containers"]] == ["worker"]
    assert {one["name"] for one in pod["volumes"]} == {"settings", "secrets", "tmp", "sandbox"}


def test_no_overlay_takes_two_scalers() -> None:
    for folder, node in kustomizations().items():
        taken = {one.rpartition("/")[2] for one in node.get("components", [])}
        assert not {"keda", "hpa"} <= taken, folder


def test_every_pod_meets_the_restricted_standard() -> None:
    assert [found for path, one in workloads() for found in rules.soft_pods(path, one)] == []


def test_every_image_is_pinned() -> None:
    tags = {one["name"]: one["newTag"] for node in kustomizations().values() for one in node.get("images", [])}
    used = {path: one["image"] for path, pod in manifests() for one in containers(pod_of(pod))}
    assert list(rules.loose_images({p: f"{i}:{tags[i]}" if i in tags else i for p, i in used.items()})) == []
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert tags == {"tieout": version}


def test_secrets_come_by_reference_only() -> None:
    assert [path for path, one in manifests() if one["kind"] == "Secret"] == []
    found = [
        rules.open_secrets(path, one, environment(one))
        for path, manifest in manifests()
        for one in [*containers(pod_of(manifest)), {"spec": manifest}]
    ]
    assert [one for each in found for one in each] == []


def test_a_pod_has_time_to_end_what_is_under_way() -> None:
    for one in deployments():
        pod = pod_of(one)
        for part in (Part(one["metadata"]["name"], tuple(it["args"]), {}) for it in containers(pod)):
            assert list(rules.short_graces(part, pod["terminationGracePeriodSeconds"])) == []


def test_every_deployment_is_watched_spread_and_drained_gently() -> None:
    assert [found for one in deployments() for found in unwatched(one)] == []
    budgets = [one for _, one in manifests() if one["kind"] == "PodDisruptionBudget"]
    selectors = [one["spec"]["selector"] for one in sorted(deployments(), key=_by_budget)]
    assert [one["spec"]["selector"] for one in budgets] == selectors
    assert list(stiff_budgets(budgets)) == []
    assert {one["metadata"]["name"]: one["spec"]["replicas"] for one in deployments()} == {
        "tieout-relay": 2,
        "tieout-worker": 3,
        "tieout-console": 2,
    }


def _by_budget(one: Node) -> int:
    return ("tieout-relay", "tieout-worker", "tieout-console").index(one["metadata"]["name"])


def test_the_network_is_closed_but_for_a_short_list() -> None:
    policies = [one for _, one in manifests() if one["kind"] == "NetworkPolicy"]
    assert list(wide_policies([one for one in policies if "podSelector" in one["spec"]])) == []
    rules_out = [rule for one in policies for rule in one["spec"].get("egress", [])]
    assert {to["ipBlock"]["cidr"] for rule in rules_out for to in rule["to"] if "ipBlock" in to} == PLACEHOLDERS


def test_no_mesh_repeats_a_request() -> None:
    """TLS is passed through, where there is no route to repeat on; the route of HTTP that there is repeats nothing."""
    mesh = {one["kind"]: one["spec"] for path, one in manifests() if path.startswith("components/istio/")}
    assert set(mesh) == {"NetworkPolicy", "ServiceEntry", "VirtualService"}
    assert {port["protocol"] for port in mesh["ServiceEntry"]["ports"]} == {"TLS"}
    assert [route["retries"] for route in mesh["VirtualService"]["http"]] == [{"attempts": 0}]


def test_ours_is_the_only_image_of_the_base() -> None:
    base = [one for path, pod in manifests() if path.startswith("base/") for one in containers(pod_of(pod))]
    assert base
    assert all(runs_tieout(one["image"]) for one in base)


def misnamed_objects(page: str) -> Iterator[str]:
    """Find what a page tells kubectl to touch and no manifest makes."""
    there = {(one["kind"].lower(), one["metadata"]["name"]) for _, one in manifests()}
    for kind, names in NAMED.findall(page):
        yield from (f"no {kind} {name}" for name in names.split() if (kind, name) not in there)


@pytest.mark.parametrize("page", ["upgrade", "deploy-to-kubernetes"])
def test_a_page_names_what_the_manifests_make(page: str) -> None:
    text = (ROOT / f"docs/how-to/{page}.md").read_text("utf-8")
    assert NAMED.findall(text)
    assert list(misnamed_objects(text)) == []
    assert list(misnamed_objects("kubectl scale deployment tieout-relay tieout-worked --replicas=0")) == [
        "no deployment tieout-worked"
    ]


def _worker() -> Node:
    return copy.deepcopy(next(one for one in deployments() if one["metadata"]["name"] == "tieout-worker"))


@pytest.mark.parametrize(("key", "value"), [("replicas", "three"), ("replica", 3), ("template", "none")])
def test_a_manifest_that_is_not_valid_is_noticed(key: str, value: object) -> None:
    broken = _worker()
    broken["spec"][key] = value
    assert list(invalid(broken, VERSIONS[-1]))


@pytest.mark.parametrize("kind", ["ServiceEntry", "VirtualService", "ScaledObject", "PodMonitor"])
def test_a_custom_resource_with_a_slip_of_the_pen_is_noticed(kind: str) -> None:
    good = next(one for _, one in manifests() if one["kind"] == kind)
    assert list(invalid({**good, "spec": {**good["spec"], "hostz": []}}, VERSIONS[-1]))
    assert list(invalid({**good, "apiVersion": "example.com/v1"}, VERSIONS[-1]))


def test_a_mesh_that_repeats_is_noticed() -> None:
    route = copy.deepcopy(next(one for _, one in manifests() if one["kind"] == "VirtualService"))
    route["spec"]["http"][0]["retries"]["attempts"] = 2
    assert list(invalid(route, VERSIONS[-1]))
    del route["spec"]["http"][0]["retries"]
    assert list(invalid(route, VERSIONS[-1]))


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ("pod", "automountServiceAccountToken", True),
        ("pod", "securityContext", {"runAsNonRoot": True}),
        ("container", "securityContext", {}),
        ("container", "resources", {}),
    ],
)
def test_a_soft_pod_is_noticed(place: str, key: str, value: object) -> None:
    broken = _worker()
    pod = broken["spec"]["template"]["spec"]
    (pod if place == "pod" else pod["containers"][0])[key] = value
    assert list(rules.soft_pods("a", broken))


def test_a_start_that_is_cut_short_is_noticed() -> None:
    broken = _worker()
    broken["spec"]["template"]["spec"]["containers"][0]["startupProbe"]["failureThreshold"] = 40
    assert list(unwatched(broken)) == ["tieout-worker: killed while it folds the log anew"]


def test_a_deployment_nobody_watches_is_noticed() -> None:
    broken = _worker()
    broken["spec"]["template"]["spec"]["containers"][0]["readinessProbe"]["httpGet"]["path"] = "/live"
    assert list(unwatched(broken))
    broken = _worker()
    broken["spec"]["selector"]["matchLabels"]["app.kubernetes.io/component"] = "works"
    assert list(unwatched(broken))


@pytest.mark.parametrize(("key", "value"), [("maxUnavailable", 0), ("maxUnavailable", 2), ("minAvailable", 2)])
def test_a_budget_that_stops_a_drain_or_gives_too_much_away_is_noticed(key: str, value: int) -> None:
    broken = copy.deepcopy(next(one for _, one in manifests() if one["kind"] == "PodDisruptionBudget"))
    broken["spec"][key] = value
    assert len(list(stiff_budgets([broken]))) == 1


def test_a_policy_that_lets_everything_out_is_noticed() -> None:
    policies = [one for _, one in manifests() if one["kind"] == "NetworkPolicy" and "podSelector" in one["spec"]]
    wide = {"metadata": {"name": "a"}, "spec": {"egress": [{"ports": [{"port": 443}]}]}}
    assert list(wide_policies([*policies, wide])) == [f"a: {WORLD} is the world"]
    assert list(wide_policies([one for one in policies if one["metadata"]["name"] != "tieout-deny"]))


def test_a_kustomization_that_forgets_or_invents_is_noticed() -> None:
    folder = KUBERNETES / "base"
    node = kustomizations()[folder]
    beside = {path.name for path in folder.iterdir()}
    assert list(misnamed(folder, node, beside | {"spare.yaml"})) == ["base: spare.yaml is not listed"]
    assert list(misnamed(folder, node, beside - {"relay.yaml"})) == ["base: relay.yaml does not exist"]
    assert list(misnamed(folder, {**node, "components": ["../lost"]}, beside)) == [
        "base: ../lost holds no kustomization"
    ]


def test_a_replacement_that_would_not_put_in_one_name_is_refused() -> None:
    keda = KUBERNETES / "components" / "keda"
    scaler = next(one for _, one in manifests() if one["kind"] == "ScaledObject")
    space = {"kind": "Namespace", "metadata": {"name": "acme"}}
    nodes = {Path("made"): {"kind": "Kustomization", "components": [str(keda)]}, keda: kustomizations()[keda]}
    with pytest.raises(ValueError, match="the name of one manifest"):
        built(Path("made"), nodes)
    for broken in ({"options": {"delimiter": ":", "index": 0}}, {"select": {"kind": "ScaledObject", "name": "lost"}}):
        component = copy.deepcopy(nodes[keda])
        component["replacements"][0]["targets"][0] |= broken
        with pytest.raises(ValueError, match="a name between quotes"):
            replace(component, [space, copy.deepcopy(scaler)])


def test_a_doubled_manifest_and_a_lost_patch_are_noticed() -> None:
    patch = {"patches": [{"target": {"kind": "Deployment", "name": "lost"}}], "replicas": [{"name": "lost"}]}
    assert list(doubled([_worker(), _worker()])) == ["Deployment tieout-worker is there twice"]
    assert len(list(lost_patches(KUBERNETES, patch, [_worker()]))) == 2
