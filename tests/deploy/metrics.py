"""The samples of tieout's metrics, and what of them a PromQL expression uses."""

import re
from collections.abc import Iterator

from tieout.observability.metrics import METRICS

NAME = re.compile(r"\b(?:tieout|kube)_\w+")
SELECTOR = re.compile(r"\b(?P<name>(?:tieout|kube)_\w+)(?:\{(?P<inside>[^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
CLUSTER = frozenset({"kube_deployment_status_replicas_available", "kube_pod_status_ready", "kube_pod_status_phase"})
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def samples() -> dict[str, tuple[str, ...]]:
    """Give every sample's name with its labels, a histogram's three included."""
    return {
        name + suffix: (*metric.labels, "le") if suffix == "_bucket" else metric.labels
        for name, metric in METRICS.items()
        for suffix in SUFFIXES[metric.kind]
    }


def strange(expression: str) -> Iterator[str]:
    """Find what an expression names that nobody measures, labels included, and brackets that do not close."""
    known = samples()
    names = {found.group() for found in NAME.finditer(QUOTED.sub('""', expression))} - CLUSTER
    yield from (f"no metric {name}" for name in sorted(names - set(known)))
    for found in SELECTOR.finditer(expression):
        labels = set(MATCHER.findall(QUOTED.sub('""', found["inside"] or "")))
        if found["name"] in known:
            yield from (f"{found['name']} has no label {one}" for one in sorted(labels - set(known[found["name"]])))
    if not names and not CLUSTER & set(NAME.findall(expression)):
        yield "asks for no metric"
    bare = QUOTED.sub("", expression)
    yield from (f"{a} and {b} do not match" for a, b in ("()", "{}", "[]") if bare.count(a) != bare.count(b))
