"""A deployment's store as somebody sees it who only looks on.

Whoever opens a deployment, as every command does, folds what is not folded yet, and so hides that nobody else did.
"""

import contextlib
from collections.abc import Iterator, Mapping

from adapters.eventlog.store import Store
from tieout.settings import Settings, ring_text
from tieout.wiring.stores import open_url


@contextlib.contextmanager
def looked_on(settings: Settings, *, environ: Mapping[str, str]) -> Iterator[Store]:
    """Open the store and nothing else; environ: what the settings' keys may stand in."""
    store = open_url(settings.store_url, ring_text(settings.keys_file, environ=environ))
    try:
        yield store
    finally:
        store.close()
