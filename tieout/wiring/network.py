"""How calls leave this machine: which proxy, which certificates; shown without any log-in."""

from adapters.http import check_certificates
from adapters.http_proxies import PROXY_VARIABLES, proxy_for, shown_proxy
from tieout.settings import Settings

__all__ = ["PROXY_VARIABLES", "check_certificates", "check_way_out", "route_of"]


def route_of(url: str) -> str:
    """Give the proxy a call to this address goes through, "" when it goes out directly. Raises MisconfiguredError."""
    proxy = proxy_for(url)
    return "" if proxy is None else shown_proxy(proxy)


def check_way_out(settings: Settings) -> None:
    """Raise MisconfiguredError when the environment lets no call leave: its certificates or its proxy are wrong."""
    check_certificates()
    for connection in settings.connections.values():
        proxy_for(connection.avidxchange.base_url)
