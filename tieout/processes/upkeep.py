"""Upkeep beside the ringing: the projections, new connections, the count of requests, the nightly sweep."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import ConflictError, StoreError
from tieout.alerts.watch import watch
from tieout.processes.opened import Opened
from tieout.sync import set_out
from tieout.wiring import Deployment

PROJECT_EVERY = timedelta(seconds=1)
LOOK_BACK_EVERY = timedelta(minutes=1)
SWEEP_EVERY = timedelta(days=1)
STORE_PATIENCE = 100  # rounds in a row without a usable answer of the store


class Upkeep:
    """What one long-lived process does every round, each thing as often as it is worth it.

    Any number of processes may do it on one store: positions are compared when they are written, the rest changes
    nothing when it is done twice.
    """

    def __init__(self, deployment: Deployment, opened: Opened) -> None:
        self._deployment, self._opened = deployment, opened
        self._set_out: set[UUID] = set()
        self._projected = self._looked_back = self._swept = deployment.log.now()

    def round(self) -> datetime:
        """Do what is due; give the store's time. Raises StoreError."""
        deployment, now = self._deployment, self._deployment.log.now()
        if now - self._projected >= PROJECT_EVERY:
            self.project()
            self._projected = now
        names = self._opened.names()
        self._set_out &= names.keys()  # one that was removed and added again sets out again
        if new := {connection: name for connection, name in names.items() if connection not in self._set_out}:
            set_out(deployment, new)
            self._set_out |= new.keys()
        watch(deployment, now)
        if now - self._looked_back >= LOOK_BACK_EVERY:
            deployment.look_back()
            self._looked_back = now
        if now - self._swept >= SWEEP_EVERY:
            deployment.work.sweep()
            self._swept = now
        return now

    def project(self) -> None:
        """Bring the projections up to the log and note the requests this process sent. Raises StoreError."""
        self._deployment.runner.catch_up()
        self._deployment.note_calls()


class StorePatience:
    """Counts rounds in a row without a usable answer of the store."""

    def __init__(self) -> None:
        self._faults = 0

    def answered(self) -> None:
        """Begin anew."""
        self._faults = 0

    def unanswered(self, error: ConflictError | StoreError) -> bool:
        """Whether this fault is the first in a row, to be said; raises it when the patience is at its end."""
        self._faults += 1
        if self._faults == STORE_PATIENCE:
            raise error
        return self._faults == 1
