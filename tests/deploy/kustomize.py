"""Kustomizations without kustomize: what they name, what lies beside them, and what an overlay gives in the end."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.files import KUBERNETES, Node, documents, kustomizations

FILE = "kustomization.yaml"


def named(node: Node) -> dict[str, set[str]]:
    """Give the paths a kustomization names: manifests and patches, folders, and files of generators."""
    entries = [*node.get("resources", []), *node.get("components", [])]
    patches = [one["path"] for one in node.get("patches", []) if "path" in one]
    files = [name for one in node.get("configMapGenerator", []) for name in one.get("files", [])]
    manifests = {one for one in entries if one.endswith(".yaml")}
    return {"manifests": manifests | set(patches), "folders": set(entries) - manifests, "files": set(files)}


def misnamed(folder: Path, node: Node, beside: set[str]) -> Iterator[str]:
    """Find what is named and not there, and what is there and not named; beside: the names of the folder's files."""
    paths = named(node)
    wanted = paths["manifests"] | paths["files"]
    yield from (f"{folder.name}: {one} does not exist" for one in sorted(wanted - beside))
    yield from (f"{folder.name}: {one} is not listed" for one in sorted(beside - wanted - {FILE}))
    for one in sorted(paths["folders"]):
        if not (folder / one / FILE).is_file():
            yield f"{folder.name}: {one} holds no kustomization"


def overlay(name: str) -> list[Node]:
    """Give what an overlay applies."""
    return _whole("overlays", name)


def component(name: str) -> list[Node]:
    """Give what a component adds to an overlay that takes it."""
    return _whole("components", name)


def _whole(kind: str, name: str) -> list[Node]:
    nodes = {path.resolve(): node for path, node in kustomizations().items()}
    return built((KUBERNETES / kind / name).resolve(), nodes)


def built(folder: Path, nodes: Mapping[Path, Node]) -> list[Node]:
    """Give the manifests an overlay brings together, patched; its base's and components' included."""
    node = nodes[folder]
    found: list[Node] = []
    for entry in [*node.get("resources", []), *node.get("components", [])]:
        place = (folder / entry).resolve()
        found += documents(place) if entry.endswith(".yaml") else built(place, nodes)
        if node["kind"] == "Kustomization" and entry in node.get("components", []):
            _remove(nodes[place], found)
            replace(nodes[place], found)
    for patch in (
        one for name in node.get("patches", []) if "path" in name for one in documents(folder / name["path"])
    ):
        found = [merged(one, patch) if _key(one) == _key(patch) else one for one in found]
    return found


def merged(old: Node, patch: Node) -> Node:
    """Merge a patch as Kubernetes does: tables key by key, lists of named things by name, null takes a key away."""
    result = dict(old)
    for key, value in patch.items():
        before = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(before, dict):
            result[key] = merged(before, value)
        elif isinstance(value, list) and value and all(isinstance(one, dict) and "name" in one for one in value):
            result[key] = _by_name(before or [], value)
        else:
            result[key] = value
    return result


def _by_name(old: list[Node], patch: list[Node]) -> list[Node]:
    new = {one["name"]: one for one in patch}
    kept = [merged(one, new.pop(one["name"])) if one["name"] in new else one for one in old]
    return [*kept, *new.values()]


def _remove(component: Node, manifests: list[Node]) -> None:
    """Do a component's patches, which only ever take one key of the spec away. Raises ValueError for others."""
    for patch in component.get("patches", []):
        for step in yaml.safe_load(patch["patch"]):
            if step["op"] != "remove" or not step["path"].startswith("/spec/"):
                raise ValueError(f"a component's patch does more than take a key of the spec away: {step}")
            for one in manifests:
                if _key(one) == (patch["target"]["kind"], patch["target"]["name"]):
                    del one["spec"][step["path"].removeprefix("/spec/")]


def replace(component: Node, manifests: list[Node]) -> None:
    """Do a component's replacements, which only ever put a manifest's name between the quotes of one text.

    Raises ValueError for others, for a source that is not there once, and for a text that is not there.
    """
    for one in component.get("replacements", []):
        names = [it["metadata"]["name"] for it in manifests if it["kind"] == one["source"]["kind"]]
        if len(names) != 1 or one["source"]["fieldPath"] != "metadata.name":
            raise ValueError(f"a component's replacement takes more or less than the name of one manifest: {one}")
        for target in one["targets"]:
            _put_in(target, names[0], [it for it in manifests if _key(it) == _selected(target["select"])])


def _put_in(target: Node, name: str, manifests: list[Node]) -> None:
    if target["options"] != {"delimiter": '"', "index": 1} or not manifests:
        raise ValueError(f"a component's replacement does more than put a name between quotes: {target}")
    for field in target["fieldPaths"]:
        *way, key = re.findall(r"\[[^]]*\]|[^.]+", field)
        for one in manifests:
            node: Any = one
            for step in way:
                node = _step(node, step)
            before, _, after = node[key].split('"')
            node[key] = f'{before}"{name}"{after}'


def _step(node: Any, step: str) -> Any:
    """Go one step down: to a key, or to the one entry of a list whose key has the value, as `[type=prometheus]`."""
    if not step.startswith("["):
        return node[step]
    key, _, value = step.strip("[]").partition("=")
    (found,) = (one for one in node if one[key] == value)
    return found


def _selected(select: Node) -> tuple[str, str]:
    return select["kind"], select["name"]


def _key(manifest: Node) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def doubled(manifests: list[Node]) -> Iterator[str]:
    """Find two manifests of one kind and name."""
    seen: set[tuple[str, str]] = set()
    for one in manifests:
        key = _key(one)
        if key in seen:
            yield f"{key[0]} {key[1]} is there twice"
        seen.add(key)


def lost_patches(folder: Path, node: Node, manifests: list[Node]) -> Iterator[str]:
    """Find patches, and replica counts, of something an overlay does not hold."""
    held = {_key(one) for one in manifests}
    for patch in node.get("patches", []):
        if "path" in patch:
            targets = [_key(one) for one in documents(folder / patch["path"])]
        else:
            targets = [(patch["target"]["kind"], patch["target"]["name"])]
        yield from (f"{folder.name}: no {kind} {name} to patch" for kind, name in targets if (kind, name) not in held)
    for one in node.get("replicas", []):
        if ("Deployment", one["name"]) not in held:
            yield f"{folder.name}: no Deployment {one['name']} to count"
