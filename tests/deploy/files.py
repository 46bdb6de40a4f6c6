"""The deployment files as data: Compose's services, the manifests of Kubernetes, and the command lines in both."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
Node = dict[str, Any]
SPAN = re.compile(r"^(\d+)(s|m|h)$")
SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Part:
    """One container that runs tieout: where it stands, its command line, its environment."""

    place: str
    words: tuple[str, ...]
    environment: Mapping[str, str]

    def option(self, name: str) -> str | None:
        """Give the value after an option, None without it."""
        return self.words[self.words.index(name) + 1] if name in self.words else None


@cache
def compose() -> Node:
    """Give docker-compose.yml with its merges done; `${…}` stays as it is written."""
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8")))


@cache
def manifests() -> tuple[tuple[str, Node], ...]:
    """Give every document under deploy/kubernetes but the kustomizations, each with its path below it."""
    files = sorted(path for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml")
    return tuple((path.relative_to(KUBERNETES).as_posix(), one) for path in files for one in documents(path))


def documents(path: Path) -> list[Node]:
    """Give the documents of one YAML file."""
    return [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one is not None]


def kustomizations() -> dict[Path, Node]:
    """Give every kustomization by its folder."""
    return {path.parent: documents(path)[0] for path in sorted(KUBERNETES.rglob("kustomization.yaml"))}


def runs_tieout(image: str) -> bool:
    """Whether an image is ours, by any registry and tag."""
    return "tieout" in image.rpartition("/")[2]


def pod_of(manifest: Node) -> Node:
    """Give the pod of a workload, {} for anything else."""
    spec = manifest.get("spec") or {}
    return dict(spec.get("template", {}).get("spec", {})) if isinstance(spec, dict) else {}


def containers(pod: Node) -> list[Node]:
    """Give a pod's containers, those that run first included."""
    return [*pod.get("initContainers", []), *pod.get("containers", [])]


def parts() -> list[Part]:
    """Give everything that runs tieout, in Compose and in Kubernetes."""
    found = [
        Part(f"docker-compose.yml {name}", tuple(one["command"]), one.get("environment", {}))
        for name, one in compose()["services"].items()
        if runs_tieout(one["image"])
    ]
    found.extend(
        Part(f"{path} {one['name']}", tuple(one["args"]), environment(one))
        for path, manifest in manifests()
        for one in containers(pod_of(manifest))
        if runs_tieout(one["image"])
    )
    return found


def environment(container: Node) -> dict[str, str]:
    """Give a container's variables; one that comes from elsewhere has the empty text."""
    return {one["name"]: str(one.get("value", "")) for one in container.get("env", [])}


def texts(node: object, place: str = "") -> Iterator[tuple[str, str]]:
    """Give every text in a tree with the way to it."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from texts(value, f"{place}.{key}" if place else str(key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from texts(value, f"{place}[{number}]")
    elif isinstance(node, str):
        yield place, node


def seconds(span: str) -> int:
    """Read a duration such as 90s or 2m. Raises ValueError."""
    match = SPAN.match(span)
    if match is None:
        raise ValueError(f"{span} is no duration")
    return int(match[1]) * SECONDS[match[2]]
