"""The connections a long-lived process works for: opened when they are first asked for, noticed when they are added."""

import logging
import threading
import time
from collections.abc import Callable
from uuid import UUID

from actors.tools import Tools
from domain.errors import MisconfiguredError
from tieout.wiring import Deployment

LOOK_SECONDS = 2.0  # how long what was read about connections is believed
logger = logging.getLogger(__name__)


class Opened:
    """The declared and added connections of a deployment. Thread-safe.

    A connection that cannot be opened (settings that contradict its pinned identity) is said once and left alone; it
    is looked at again with every look.
    """

    def __init__(self, deployment: Deployment, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._deployment, self._clock = deployment, clock
        self._names: dict[UUID, str] = {}
        self._complaints: dict[str, str] = {}
        self._looked_at = -LOOK_SECONDS
        self._lock = threading.RLock()

    def names(self) -> dict[UUID, str]:
        """Give the names of the connections by id. Raises StoreError."""
        with self._lock:
            now = self._clock()
            if now - self._looked_at >= LOOK_SECONDS:
                rows = self._deployment.connections()
                declared = [rows[name] for name in self._deployment.settings.connections if name in rows]
                self._names = {row.id: row.name for row in declared if row.state.identity is not None}
                self._looked_at = now
            return dict(self._names)

    def find(self, connection: UUID) -> Tools | None:
        """Give a connection's tools; None when it is unknown here or cannot be opened. Raises StoreError."""
        name = self.names().get(connection)
        if name is None:
            return None
        with self._lock:
            opened = self._deployment.find_tools(connection)
            return opened if opened is not None else self._open(name)

    def _open(self, name: str) -> Tools | None:
        """Open a connection. Verdict on failure: said once, the others go on."""
        try:
            tools = self._deployment.tools(name)
        except MisconfiguredError as error:
            if self._complaints.get(name) != str(error):
                self._complaints[name] = str(error)
                logger.warning("%s is left alone: %s", name, error)
            return None
        self._complaints.pop(name, None)
        return tools
