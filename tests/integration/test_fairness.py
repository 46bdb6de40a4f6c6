"""Ten connections on three workers: nobody is served at the cost of others, and one that hangs holds its share."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import LiteralString
from uuid import UUID

import psycopg

from tests.integration.spread_out import COMPARABLE, LONG_SECONDS
from tests.support.claims_seen import Claim, claims_seen, most_at_once, record_claims, turns_at_first_end
from tests.support.neighbours import Neighbours, neighbours
from tests.support.waiting import wait_for

CONNECTIONS, WORKERS, INVOICES = 10, 3, 200
THREADS = 2  # few, so that turns are told from luck
MORE_THREADS = 6
SHARE = 2  # of six threads among ten connections: an equal part would be less than one, and nobody has fewer than two
POLLS = "poll-suppliers,poll-ledger-codes,poll-invoices"
BEFORE_SUBMITTING = "send-suppliers,send-ledger-codes,fetch-images"
POLLED = """
    SELECT COUNT(*) = 3 * %s FROM polls
    WHERE flow IN ('suppliers', 'ledger_codes', 'invoices') AND last_polled_at IS NOT NULL
"""
READY = "SELECT NOT EXISTS (SELECT 1 FROM pending WHERE errand <> 'submit_invoices')"
RELAYED = """
    SELECT notification_id >= (SELECT MAX(notification_id) FROM stored_events)
    FROM tracking WHERE application_name = 'relay'
"""


def test_ten_connections_are_served_in_turn(tmp_path: Path, store_url: str, broker_url: str) -> None:
    options = COMPARABLE | {"invoices": INVOICES}
    with neighbours(tmp_path, store_url=store_url, broker_url=broker_url, number=CONNECTIONS, **options) as town:
        record_claims(store_url)
        town.pods.start("relay")
        poller = town.pods.start("worker", "--queues", POLLS)
        wait_for(lambda: all_polled(town, store_url), "everybody has images to fetch", seconds=LONG_SECONDS)
        town.pods.stop(poller)
        # First all an invoice needs: what waits for a payee or an image is claimed again, or joins a later batch.
        first = start_workers(town, THREADS, "--queues", BEFORE_SUBMITTING)
        wait_for(lambda: all_ready(town, store_url), "every payee and image is there", seconds=LONG_SECONDS)
        for pid in first:
            town.pods.stop(pid)
        start_workers(town, THREADS)
        wait_for(lambda: town.are_submitted(town.connections), "every invoice is submitted", seconds=LONG_SECONDS)
        claims = claims_seen(store_url)
    fetches, batches = (turns(town, claims, errand) for errand in ("fetch_images", "submit_invoices"))
    had = turns_at_first_end(fetches)
    each = max(had.values())
    assert each >= WORKERS * THREADS, "enough turns to tell turns from luck"
    # Two rings of a connection may be under way and every process has some in hand, so that no rotation is strict.
    # Whoever was served to the end before others had their turn would leave next to nothing here.
    assert sum(had.values()) >= each + (CONNECTIONS - 1) * each / 2
    assert min(had[one] for one in town.ids.values()) >= each / 4
    assert last_to_begin(batches) < first_to_end(batches), "nobody's last batch goes before another's first"


def test_a_remote_that_hangs_takes_no_more_than_its_share(tmp_path: Path, store_url: str, broker_url: str) -> None:
    options = COMPARABLE | {"invoices": INVOICES, "dead": 1}
    with neighbours(tmp_path, store_url=store_url, broker_url=broker_url, number=CONNECTIONS, **options) as town:
        dead, *healthy = town.connections
        record_claims(store_url)
        town.pods.start("relay")
        workers = start_workers(town, MORE_THREADS)
        wait_for(lambda: town.are_submitted(healthy), "all others' invoices are submitted", seconds=LONG_SECONDS)
        claims = claims_seen(store_url)
        assert not any(town.counts()[dead]["invoices"].values())
        for pid in workers:
            town.pods.kill(pid)  # told to end, they would wait for calls that hang
    held = [most_at_once(own) for own in by_worker(one for one in claims if one.connection == town.ids[dead])]
    assert held
    assert max(held) <= SHARE
    assert max(most_at_once(own) for own in by_worker(claims)) <= MORE_THREADS


def start_workers(town: Neighbours, threads: int, *more: str) -> list[int]:
    return [town.pods.start("worker", "--threads", str(threads), *more) for _ in range(WORKERS)]


def all_polled(town: Neighbours, store_url: str) -> bool:
    """Whether every connection was read, and what is to be done about that is due."""
    return holds(town, store_url, POLLED, CONNECTIONS) and holds(town, store_url, RELAYED)


def all_ready(town: Neighbours, store_url: str) -> bool:
    """Whether nothing is left to do but to submit invoices."""
    return holds(town, store_url, READY) and holds(town, store_url, RELAYED)


def holds(town: Neighbours, store_url: str, query: LiteralString, *values: object) -> bool:
    """Whether the store says yes to a query of one truth; every process must be well."""
    town.pods.check()
    with psycopg.connect(store_url) as connection:
        row = connection.execute(query, values).fetchone()
    return bool(row and row[0])


def turns(town: Neighbours, claims: Iterable[Claim], errand: str) -> list[UUID]:
    """Give whose turn it was at an errand, in order; equal work must have had equally many."""
    order = [one.connection for one in claims if one.what == errand]
    had = Counter(order)
    assert had.keys() == set(town.ids.values())
    assert max(had.values()) <= min(had.values()) + 1, f"equal work, equal turns at {errand}"
    return order


def last_to_begin(order: Sequence[UUID]) -> int:
    """Give the place at which the last of all had its first turn."""
    return max(order.index(one) for one in set(order))


def first_to_end(order: Sequence[UUID]) -> int:
    """Give the place at which the first of all had its last turn."""
    return min(len(order) - 1 - order[::-1].index(one) for one in set(order))


def by_worker(claims: Iterable[Claim]) -> list[list[Claim]]:
    found = defaultdict[str, list[Claim]](list)
    for one in claims:
        found[one.worker].append(one)
    return list(found.values())
