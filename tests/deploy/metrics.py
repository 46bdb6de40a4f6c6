"""The metrics of tieout from their one list, and what of it a PromQL expression uses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.deploy.files import ROOT

LIST = "deploy/prometheus/metrics.txt"
NAME = re.compile(r"\b(?:tieout|kube)_\w+")
SELECTOR = re.compile(r"\b(?P<name>(?:tieout|kube)_\w+)(?:\{(?P<inside>[^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
CLUSTER = frozenset({"kube_deployment_status_replicas_available", "kube_pod_status_ready", "kube_pod_status_phase"})
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


@dataclass(frozen=True)
class Metric:
    """One metric: its name, counter, gauge or histogram, and its labels in order."""

    name: str
    kind: str
    labels: tuple[str, ...]


def listed(text: str | None = None) -> dict[str, Metric]:
    """Read the list. Raises ValueError for a line that is no metric."""
    lines = (ROOT / LIST).read_text("utf-8") if text is None else text
    found = [_metric(line) for line in lines.splitlines() if line.strip() and not line.startswith("#")]
    if len({one.name for one in found}) != len(found):
        raise ValueError("a metric is listed twice")
    return {one.name: one for one in found}


def samples() -> dict[str, tuple[str, ...]]:
    """Give every sample's name with its labels, a histogram's three included."""
    return {
        one.name + suffix: (*one.labels, "le") if suffix == "_bucket" else one.labels
        for one in listed().values()
        for suffix in SUFFIXES[one.kind]
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


def _metric(line: str) -> Metric:
    name, kind, *labels = line.split()
    if kind not in SUFFIXES or not name.startswith("tieout_") or (kind == "counter") != name.endswith("_total"):
        raise ValueError(f"no metric: {line}")
    return Metric(name, kind, tuple(labels))
