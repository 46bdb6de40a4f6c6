"""What the deployment files are held to, each rule a generator of findings, so that tests can show it fail."""

import re
from collections.abc import Iterator

from tests.deploy.files import Node, Part, containers, pod_of, texts

IMAGE = re.compile(r"^(?P<name>[a-z0-9./-]+):(?P<tag>[\w.-]*\d+\.\d+[\w.-]*)(?:@sha256:[0-9a-f]{64})?$")
DEFAULT = re.compile(r"^\$\{\w+:-(?P<value>[^}]*)\}$")
SECRET_NAME = re.compile(r"PASS|SECRET|TOKEN|CREDENTIAL|(?:^|_)KEYS?(?:_|$)|_URL$")
URL_WITH_PASSWORD = re.compile(r"\w+://[^/\s:@]+:[^/\s@]+@")
# Built from this tree: its digest is known once it is pushed, and whoever deploys it pins it then.
WITHOUT_DIGEST = frozenset({"tieout:0.1.0"})


def loose_images(images: dict[str, str]) -> Iterator[str]:
    """Find images, by place, without an exact version, or without a digest and not known for it."""
    for place, written in images.items():
        default = DEFAULT.match(written)
        image = default["value"] if default else written
        match = IMAGE.match(image)
        if match is None or "latest" in image:
            yield f"{place}: {image} has no exact version"
        elif "@sha256:" not in image and image not in WITHOUT_DIGEST:
            yield f"{place}: {image} has no digest"


def open_secrets(place: str, node: object, environment: dict[str, str]) -> Iterator[str]:
    """Find values of secrets: in variables that do not name a file, and passwords in addresses anywhere."""
    for name, value in environment.items():
        if SECRET_NAME.search(name) and not (name.endswith("_FILE") and value.startswith("/")):
            yield f"{place}: {name} holds a secret itself; let {name}_FILE name a file"
    yield from (f"{place} {way}: a password" for way, text in texts(node) if URL_WITH_PASSWORD.search(text))


def short_graces(part: Part, allowed_seconds: int) -> Iterator[str]:
    """Find a part that is killed before its own grace is over."""
    asked = int(part.option("--grace") or 0)
    if asked >= allowed_seconds:
        yield f"{part.place}: killed after {allowed_seconds} s, but it may take {asked} s to end"


def soft_pods(place: str, manifest: Node) -> Iterator[str]:
    """Find what the restricted pod security standard, and ours, would refuse."""
    pod = pod_of(manifest)
    security = pod.get("securityContext", {})
    if not (security.get("runAsNonRoot") and security.get("runAsUser", 0) > 0):
        yield f"{place}: may run as root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield f"{place}: no seccomp profile"
    if pod.get("automountServiceAccountToken") is not False:
        yield f"{place}: gets a token of the cluster's API"
    for one in containers(pod):
        inner = one.get("securityContext", {})
        if inner.get("allowPrivilegeEscalation") is not False or inner.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{place} {one['name']}: keeps privileges"
        if inner.get("readOnlyRootFilesystem") is not True:
            yield f"{place} {one['name']}: its root is writable"
        if "memory" not in one.get("resources", {}).get("limits", {}) or "requests" not in one.get("resources", {}):
            yield f"{place} {one['name']}: no bounds"


def soft_services(name: str, service: Node) -> Iterator[str]:
    """Find what a service of Compose could do without, or must have."""
    if service.get("user", "root") in ("root", "0", "0:0"):
        yield f"{name}: runs as root"
    if service.get("cap_drop") != ["ALL"] or "no-new-privileges:true" not in service.get("security_opt", []):
        yield f"{name}: keeps privileges"
    if service.get("read_only") is not True:
        yield f"{name}: its root is writable"
    if {"cpus", "memory", "pids"} - set(service.get("deploy", {}).get("resources", {}).get("limits", {})):
        yield f"{name}: no bounds"
    lasting = service.get("restart") != "no"
    if lasting and not {"healthcheck", "stop_grace_period"} <= set(service):
        yield f"{name}: nothing sees whether it is well"
    yield from (f"{name}: {one} is open to the world" for one in service.get("ports", []) if "127.0.0.1:" not in one)


def lost_references(node: Node) -> Iterator[str]:
    """Find what services of Compose name and nobody declares, and what is declared for nobody."""
    services = node["services"]
    for kind in ("secrets", "configs", "networks", "volumes"):
        used = {_referred(one) for service in services.values() for one in service.get(kind, [])}
        declared = set(node.get(kind) or {})
        yield from (f"{kind}: {one} is not declared" for one in sorted(used - declared))
        yield from (f"{kind}: {one} is not used" for one in sorted(declared - used))
    for name, service in services.items():
        for other, wanted in service.get("depends_on", {}).items():
            yield from _lost_dependency(name, other, wanted["condition"], services)


def _referred(one: str | Node) -> str:
    return one.partition(":")[0] if isinstance(one, str) else str(one["source"])


def _lost_dependency(name: str, other: str, condition: str, services: Node) -> Iterator[str]:
    target = services.get(other)
    if target is None:
        yield f"{name} waits for {other}, which does not exist"
    elif condition == "service_healthy" and "healthcheck" not in target:
        yield f"{name} waits for the health of {other}, which has no check"
    elif condition == "service_completed_successfully" and target.get("restart") != "no":
        yield f"{name} waits for the end of {other}, which never ends"
    elif target.get("profiles") and not services[name].get("profiles"):
        yield f"{name} waits for {other}, which is only there in a profile"
