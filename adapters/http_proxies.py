"""Which proxy a call goes through, by the variables that every program obeys; loopback never goes through one."""

import ipaddress
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from domain.errors import MisconfiguredError

PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")  # the first that is set counts
BYPASS_VARIABLES = ("no_proxy", "NO_PROXY")
HTTPS_PORT = 443


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def proxy_for(url: str, environ: Mapping[str, str] | None = None) -> str | None:
    """Give the proxy's URL for a call, None when it goes out directly. The URL may hold a password: never print it.

    Raises MisconfiguredError, without the value, for a proxy that is no http:// or https:// address.
    """
    environment = os.environ if environ is None else environ
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if is_loopback(host):
        return None
    name = next((name for name in PROXY_VARIABLES if environment.get(name)), None)
    if name is None or _is_bypassed(host, parts.port or HTTPS_PORT, environment):
        return None
    return _checked(name, environment[name])


def shown_proxy(proxy: str) -> str:
    """Give a proxy's address without user and password."""
    parts = urlsplit(proxy)
    return f"{parts.scheme}://{(parts.netloc.rpartition('@')[2])}"


def _checked(name: str, value: str) -> str:
    proxy = value.strip() if "://" in value else f"http://{value.strip()}"
    try:
        parts = urlsplit(proxy)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise MisconfiguredError(f"{name} names no proxy: it must be http://host:port or https://host:port")
    return proxy


def _is_bypassed(host: str, port: int, environment: Mapping[str, str]) -> bool:
    listed = next((environment[name] for name in BYPASS_VARIABLES if environment.get(name)), "")
    return any(_covers(entry, host, port) for entry in listed.lower().replace(" ", ",").split(",") if entry)


def _covers(entry: str, host: str, port: int) -> bool:
    """Whether an entry of NO_PROXY (`*`, a domain, a host, a network, any of them with a port) covers a host."""
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass  # one of the two is a name; verdict: compare them as names
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit():
        return int(number) == port and _covers(name, host, port)
    domain = entry.lstrip("*").lstrip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))
