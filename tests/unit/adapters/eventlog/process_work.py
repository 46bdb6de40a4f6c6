"""What each process of the several-processes test does; a module of its own so that a new process can import it."""

from datetime import timedelta
from uuid import uuid4

from actors.relay import Relay
from adapters.eventlog.schema import create_tables
from adapters.eventlog.store import open_store
from adapters.vault.keyring import KeyRing
from domain.event import Append
from tests.unit.adapters.eventlog.sqlite_files import CAUSES, CONNECTION, NOW, RELEASED

ROUNDS = 15
BATCH = 5


def work(url: str, worker: str, ring: str) -> list[str]:
    """Append, fold and claim, all on one store; give the aggregates claimed."""
    create_tables(url, now=NOW)
    claimed = []
    with open_store(url, ring=KeyRing.parse(ring), now=lambda: NOW, patience_seconds=30) as store:
        relay = Relay(store.relay_table)
        for _ in range(ROUNDS):
            batch = [Append(stream=uuid4(), expected_version=0, events=(RELEASED,)) for _ in range(BATCH)]
            store.log.append(batch, causes=CAUSES)
            relay.drain()
            rows = store.work.claim(
                "submit_invoices", connection=CONNECTION, limit=7, worker=worker, lease=timedelta(minutes=5)
            )
            claimed += [row.aggregate.hex for row in rows]
    return claimed
