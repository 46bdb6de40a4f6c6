"""A proxy between a store and its PostgreSQL server, for tests of what a bad link does."""

from urllib.parse import urlsplit

from tests.support.cutting_proxy import CuttingProxy
from tests.support.services import missing


def proxy_to(url: str) -> CuttingProxy:
    """Make a proxy to the server of a URL."""
    parts = urlsplit(url)
    if not parts.hostname:
        missing("PostgreSQL listens on a socket only, where no proxy fits in between")
    return CuttingProxy(parts.hostname, parts.port or 5432)


def through(proxy: CuttingProxy, url: str) -> str:
    """Lead a URL through a proxy."""
    user = urlsplit(url).username or "postgres"
    return with_parts(url, netloc=f"{user}@127.0.0.1:{proxy.port}")


def with_parts(url: str, **parts: str) -> str:
    """Change parts of a URL, named as `urlsplit` names them."""
    return urlsplit(url)._replace(**parts).geturl()
