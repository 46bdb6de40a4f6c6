"""Errands this process leaves alone for a while: a person must mend the settings for them first."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

MENDING = timedelta(minutes=5)


class LeftAlone:
    """Remembers until when; worker threads add to it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._until: dict[tuple[UUID, str], datetime] = {}

    def add(self, connection: UUID, errand: str) -> None:
        """Leave an errand of a connection alone from now on."""
        self._until[connection, errand] = self._now() + MENDING

    def of(self, connection: UUID) -> frozenset[str]:
        """Name the errands of a connection that are left alone now."""
        known = [(errand, until) for (owner, errand), until in list(self._until.items()) if owner == connection]
        if not known:
            return frozenset()
        now = self._now()
        return frozenset(errand for errand, until in known if now < until)
