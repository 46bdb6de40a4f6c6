"""The way out: the proxy the environment names, and the certificates it trusts."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from domain.errors import MisconfiguredError
from tieout.diagnosis.check import Check, bad, fine
from tieout.settings import Settings


def network_checks(settings: Settings) -> Iterator[Check]:
    """Say how AvidXchange's addresses are reached, and whose certificates count."""
    from tieout.wiring.network import check_certificates, route_of

    try:
        check_certificates()
        hosts = sorted({connection.avidxchange.base_url for connection in settings.connections.values()})
        routes = [(urlsplit(url).hostname, route_of(url)) for url in hosts]
    except MisconfiguredError as error:
        yield bad("network", str(error), "see docs/how-to/network.md")
        return
    named = next((name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)), None)
    trusted = f"certificates of {named} are trusted" if named else "the built-in certificates are trusted"
    ways = [f"{host} {f'through {proxy}' if proxy else 'directly'}" for host, proxy in routes]
    yield fine("network", "; ".join([trusted, *ways]))
