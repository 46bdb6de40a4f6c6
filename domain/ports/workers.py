"""The processes that stay, as they sign themselves: who lives, and how far each clock is from the store's."""

from datetime import datetime, timedelta

import msgspec

BEAT = timedelta(seconds=10)
# Three beats. One may be lost to a store that gives no answer for a moment: a write waits ten seconds for a lock or a
# connection before it is given up, and is tried again with the next beat only. The beat after that may come late by a
# long round of the loop. Who misses three is stuck or gone. To call a living process dead would mislead whoever looks
# more than to hear of a death twenty seconds later: what a dead one had claimed is held for longer than that anyway.
ALIVE_FOR = 3 * BEAT
FORGOTTEN_AFTER = timedelta(days=1)  # a dead one is listed so long, for whoever asks in the morning what died at night


class WorkerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One process.

    name: as it signs its claims (`claimed_by`); role: run, worker, relay or console; started_at, seen_at: by the
    store's clock; clock_offset_ms: how far its wall clock was ahead of the store's when it was seen, negative = behind.
    """

    name: str
    role: str
    started_at: datetime
    seen_at: datetime
    clock_offset_ms: int

    def is_alive(self, now: datetime) -> bool:
        """Whether it was seen lately; now: by the store's clock."""
        return now - self.seen_at <= ALIVE_FOR
