"""Port of the book of alerts: what was told to whom, so that each alert is told once and its end once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

RAISE, STANDING, END = "raise", "standing", "end"  # to be told; told; its end is to be told


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One alert at one channel.

    id: of this time it stands; body: what was or will be told, as JSON; attempts: tries begun since the phase did.
    """

    channel: str
    name: str
    phase: str
    id: str
    body: bytes
    raised_at: datetime
    due_at: datetime
    attempts: int = 0
    claim: str = ""
    claimed_until: datetime | None = None
    last_error: str = ""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """From one phase to the next; entry None: nothing is there yet; to "": the entry goes. See `AlertBook.move`."""

    entry: Entry | None
    to: str
    fresh: Entry | None = None


class AlertBook(Protocol):
    """Entries by channel and name. Thread-safe, and safe with other processes. Raises StoreError."""

    def entries(self) -> list[Entry]:
        """Give every entry, by channel and name."""

    def move(self, moves: Sequence[Move], *, now: datetime) -> None:
        """Make moves in one transaction; one whose entry is claimed or moved on meanwhile is left out.

        With `fresh` the entry becomes that one (its phase is `to`); attempts begin anew in every phase.
        """

    def claim(self, channel: str, *, now: datetime, lease: timedelta, limit: int) -> list[Entry]:
        """Claim due entries of a channel that are to be told; each claim counts as an attempt."""

    def delivered(self, entries: Sequence[Entry]) -> None:
        """Note that claimed entries were told: one raised stands, one ended goes. Lost claims are left out."""

    def failed(self, entries: Sequence[Entry], *, until: datetime, text: str) -> None:
        """Give claimed entries back, due again at `until`, with the sentence that says why."""
