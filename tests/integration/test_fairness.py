"""Ten connections on three workers: nobody is served at the cost of others, and one that hangs holds its share."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import psycopg

from tests.integration.spread_out import COMPARABLE, LONG_SECONDS
from tests.support.claims_seen import Claim, claims_seen, most_at_once, record_claims, turns_at_first_end
from tests.support.neighbours import Neighbours, neighbours
from tests.support.waiting import wait_for

CONNECTIONS, WORKERS, INVOICES = 10, 3, 200
THREADS = 2  # few, so that turns are told from luck
MORE_THREADS = 6
SHARE = 2  # of six threads among ten connections: an equal part would be less than one, and nobody has fewer than two
POLLED = """
    SELECT (SELECT COUNT(*) FROM polls WHERE flow = 'invoices' AND last_polled_at IS NOT NULL) = %s
       AND (SELECT notification_id FROM tracking WHERE application_name = 'relay')
           >= (SELECT MAX(notification_id) FROM stored_events)
"""


def test_ten_connections_are_served_in_turn(tmp_path: Path, store_url: str, broker_url: str) -> None:
    options = COMPARABLE | {"invoices": INVOICES}
    with neighbours(tmp_path, store_url=store_url, broker_url=broker_url, number=CONNECTIONS, **options) as town:
        record_claims(store_url)
        town.pods.start("relay")
        poller = town.pods.start("worker", "--queues", "poll-invoices")
        wait_for(lambda: all_polled(town, store_url), "everybody has images to fetch", seconds=LONG_SECONDS)
        town.pods.stop(poller)
        start_workers(town, THREADS)
        wait_for(lambda: town.are_submitted(town.connections), "every invoice is submitted", seconds=LONG_SECONDS)
        order = [one.connection for one in claims_seen(store_url) if one.what == "fetch_images"]
    batches = Counter(order)
    assert batches.keys() == set(town.ids.values())
    assert max(batches.values()) <= min(batches.values()) + 1, "equal work, equal turns"
    had = turns_at_first_end(order)
    each = max(had.values())
    assert each >= WORKERS * THREADS, "enough turns to tell turns from luck"
    # Two rings of a connection may be under way and every process has some in hand, so that no rotation is strict.
    # Whoever was served to the end before others had their turn would leave next to nothing here.
    assert sum(had.values()) >= each + (CONNECTIONS - 1) * each / 2
    assert min(had[one] for one in batches) >= each / 4


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


def start_workers(town: Neighbours, threads: int) -> list[int]:
    return [town.pods.start("worker", "--threads", str(threads)) for _ in range(WORKERS)]


def all_polled(town: Neighbours, store_url: str) -> bool:
    """Whether every connection's invoices were read, and what is to be done about them is due."""
    town.pods.check()
    with psycopg.connect(store_url) as connection:
        row = connection.execute(POLLED, (CONNECTIONS,)).fetchone()
    return bool(row and row[0])


def by_worker(claims: Iterable[Claim]) -> list[list[Claim]]:
    found = defaultdict[str, list[Claim]](list)
    for one in claims:
        found[one.worker].append(one)
    return list(found.values())
