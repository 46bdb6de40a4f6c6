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
Marks = tuple[tuple[str, str], ...]
logger = logging.getLogger(__name__)


class Opened:
    """The declared and added connections of a deployment. Thread-safe.

    A connection that cannot be opened (settings that contradict its pinned identity) is said once and left alone; it
    is looked at again with every look. One whose credentials a person replaced is opened anew, one that was removed is
    let go.
    """

    def __init__(self, deployment: Deployment, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._deployment, self._clock = deployment, clock
        self._names: dict[UUID, str] = {}
        self._marks: dict[UUID, Marks] = {}  # fingerprints of the credentials there are
        self._opened_with: dict[UUID, Marks] = {}
        self._complaints: dict[str, str] = {}
        self._looked_at = -LOOK_SECONDS
        self._lock = threading.RLock()

    def names(self) -> dict[UUID, str]:
        """Give the names of the connections by id. Raises StoreError."""
        with self._lock:
            now = self._clock()
            if now - self._looked_at >= LOOK_SECONDS:
                served = self._deployment.served_connections().values()
                known = [row for row in served if row.state.identity is not None]
                for gone in self._names.keys() - {row.id for row in known}:
                    self._opened_with.pop(gone, None)
                    self._deployment.let_go(gone)
                self._names = {row.id: row.name for row in known}
                self._marks = {row.id: row.state.fingerprints for row in known}
                self._looked_at = now
            return dict(self._names)

    def find(self, connection: UUID) -> Tools | None:
        """Give a connection's tools; None when it is unknown here or cannot be opened. Raises StoreError."""
        with self._lock:
            name = self.names().get(connection)
            if name is None:
                return None
            opened, marks = self._deployment.find_tools(connection), self._marks[connection]
            if opened is not None and self._opened_with.setdefault(connection, marks) == marks:
                return opened
            self._opened_with[connection] = marks
            if opened is not None:
                self._deployment.let_go(connection)
            return self._open(name)

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
