"""No machine's paths, no registry, and in tests no network address but loopback."""

import ast
import ipaddress
import re
from collections.abc import Iterator

import pytest

from tests.tidy.tree import Source, problems, python, snippet, texts

MACHINE = re.compile(r"(?<![\w.~}>-])/(?:work|tmp|home|root|Users|private|var/folders)/|(?<!\w)[A-Z]:\\\\?Users")
REGISTRY = re.compile(
    r"py[p]i\.org|pythonho[s]ted\.org|arti[f]actory|j[f]rog|dev[p]i|ne[x]us|index[-_]url|\.\./share[d]", re.IGNORECASE
)  # the brackets keep the rule from finding itself
URL = re.compile(r"\b(?:https?|wss?|amqps?|postgres(?:ql)?|redis)://(?:[^\s/@\"']*@)?(\[[0-9a-fA-F:]+\]|[\w.-]+)")
QUAD = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
RESERVED = ("test", "example", "invalid", "localhost", "example.com", "example.net", "example.org")  # RFC 2606
DOCUMENTATION = [ipaddress.ip_network(one) for one in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]  # RFC 5737


def machine_addresses(source: Source) -> Iterator[str]:
    """Find absolute paths of somebody's machine, and addresses of package registries."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        for found in (*MACHINE.finditer(line), *REGISTRY.finditer(line)):
            yield source.at(number, f"{found.group()} in {line.strip()[:100]}")


def reachable_hosts(source: Source) -> Iterator[str]:
    """Find hosts in texts that a call could reach: neither loopback, nor reserved for examples, nor one bare word."""
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            hosts = {*URL.findall(text), *QUAD.findall(text)}
            yield from (source.at(node.lineno, host) for host in sorted(hosts) if not _is_harmless(host.lower()))


def _is_harmless(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:  # a name
        return "." not in host or host.endswith(tuple(f".{one}" for one in RESERVED)) or host in RESERVED
    return address.is_loopback or any(address in network for network in DOCUMENTATION)


def test_no_file_names_a_machine_or_a_registry() -> None:
    assert problems(machine_addresses(one) for one in texts()) == []


def test_tests_reach_for_loopback_only() -> None:
    assert problems(reachable_hosts(one) for one in python("tests", "benchmarks")) == []


@pytest.mark.parametrize(
    "parts",
    [
        ("/", "work/main"),
        ("cd /", "tmp/x"),
        ("path = '/", "home/ann/tieout'"),
        ("C:\\", "Users\\ann"),
        ("https://py", "pi.org/simple"),
        ("--index", "-url x"),
        ("see ..", "/shared/design"),
    ],
)
def test_a_machines_address_is_noticed(parts: tuple[str, str]) -> None:
    assert list(machine_addresses(snippet("".join(parts))))


@pytest.mark.parametrize(
    "host", ["api.avidx" + "change.net", "8.8" + ".8.8", "10.0" + ".0.1", "user:word@db.int" + "ra.net"]
)
def test_a_reachable_host_is_noticed(host: str) -> None:
    assert list(reachable_hosts(snippet(f"url = 'https://{host}/v1'")))


@pytest.mark.parametrize(
    "host", ["127.0.0.1:80", "[::1]", "localhost", "avid.test", "api.example.com", "192.0.2.1", "h"]
)
def test_loopback_and_reserved_names_are_let_through(host: str) -> None:
    assert not list(reachable_hosts(snippet(f"url = 'http://{host}/v1'")))


def test_a_version_is_no_address() -> None:
    assert not list(reachable_hosts(snippet("text = 'v1.2.3'")))
