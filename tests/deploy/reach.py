"""What a pod may reach and be reached by: the rules of all network policies that select it, which Kubernetes adds up.

A peer is written `namespace/pod`, `*` for any of them, `here` for the pod's own namespace, or an address range.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.deploy.files import Node, pod_of

EVERYTHING = frozenset({"*/* any port"})  # a pod that no policy of this direction selects
NAMESPACE = "kubernetes.io/metadata.name"
COMPONENT = "app.kubernetes.io/component"


@dataclass(frozen=True)
class Reach:
    """What a pod may reach, and by whom it may be reached; each a set of `peer port/protocol`."""

    out: frozenset[str]
    into: frozenset[str]


def reaches(manifests: Iterable[Node]) -> dict[str, Reach]:
    """Give the reach of every pod that these manifests make, by its component, else by the name of what makes it."""
    whole = list(manifests)
    policies = [one["spec"] for one in whole if one["kind"] == "NetworkPolicy"]
    found = {}
    for one in (workload for workload in whole if pod_of(workload)):
        labels = one["spec"]["template"]["metadata"]["labels"]
        out = _allowed(policies, labels, "Egress", "to")
        into = _allowed(policies, labels, "Ingress", "from")
        found[labels.get(COMPONENT, one["metadata"]["name"])] = Reach(out, into)
    return found


def _allowed(policies: list[Node], labels: Mapping[str, str], way: str, side: str) -> frozenset[str]:
    chosen = [one for one in policies if way in one["policyTypes"] and _selects(one["podSelector"], labels)]
    rules = [rule for one in chosen for rule in one.get(way.lower(), [])]
    allowed = {f"{peer} {port}" for rule in rules for peer in _peers(rule.get(side)) for port in _ports(rule)}
    return frozenset(allowed) if chosen else EVERYTHING


def _selects(selector: Node, labels: Mapping[str, str]) -> bool:
    """Whether a selector takes a pod with these labels. Raises ValueError for an operator other than In."""
    wanted = [(key, [value]) for key, value in selector.get("matchLabels", {}).items()]
    for one in selector.get("matchExpressions", []):
        if one["operator"] != "In":
            raise ValueError(f"a selector of the policies does more than In: {one}")
        wanted.append((one["key"], one["values"]))
    return all(labels.get(key) in values for key, values in wanted)


def _peers(peers: list[Node] | None) -> Iterator[str]:
    for one in peers or [{"namespaceSelector": {}}]:
        if "ipBlock" in one:
            yield one["ipBlock"]["cidr"]
        else:
            namespace = _named(one["namespaceSelector"]) if "namespaceSelector" in one else "here"
            yield f"{namespace}/{_named(one.get('podSelector', {}))}"


def _named(selector: Node) -> str:
    """Write a selector down. Raises ValueError for one that has more than labels."""
    labels = selector.get("matchLabels", {})
    if selector.keys() - {"matchLabels"}:
        raise ValueError(f"a peer of the policies is chosen by more than labels: {selector}")
    return ",".join(value if key == NAMESPACE else f"{key}={value}" for key, value in labels.items()) or "*"


def _ports(rule: Node) -> Iterator[str]:
    for one in rule.get("ports") or [{}]:
        last = f"-{one['endPort']}" if "endPort" in one else ""
        yield f"{one['port']}{last}/{one.get('protocol', 'TCP')}" if "port" in one else "any port"
