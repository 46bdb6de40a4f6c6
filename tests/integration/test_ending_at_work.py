"""A worker told to end while a remote hangs: after its grace it goes, and what it held is free but for a PUT's rows."""

from pathlib import Path
from typing import Any

import psycopg

from tests.integration.spread_out import COMPARABLE, LONG_SECONDS
from tests.support.deployment import schedule
from tests.support.mute_server import mute_server
from tests.support.neighbours import neighbours
from tests.support.waiting import wait_for

DUE = "SELECT COUNT(*) FROM pending WHERE errand = 'send_suppliers' AND waits_for IS NULL"
PUTS = "SELECT COUNT(*) FROM pending WHERE claimed_by IS NOT NULL AND errand = 'send_suppliers'"
OTHERS = (
    "SELECT COUNT(*) FROM pending WHERE claimed_by IS NOT NULL AND errand NOT IN"
    " ('send_suppliers', 'send_ledger_codes')"
)
HELD_POLLS = "SELECT COUNT(*) FROM polls WHERE claimed_by IS NOT NULL"


def test_who_ends_in_the_midst_of_it_frees_its_polls_and_leaves_a_put_on_its_way_to_its_lease(
    tmp_path: Path, store_url: str, broker_url: str
) -> None:
    options: dict[str, Any] = COMPARABLE | {"invoices": 20}
    with (
        mute_server() as mute,
        neighbours(tmp_path, store_url=store_url, broker_url=broker_url, number=1, **options) as town,
    ):
        town.pods.start("relay")
        poller = town.pods.start("worker", "--queues", "poll-invoices,poll-suppliers")
        wait_for(lambda: number(store_url, DUE), "suppliers are to be sent", seconds=LONG_SECONDS)
        town.pods.stop(poller)
        (one,) = town.connections.values()
        one.avidxchange["base_url"] = f"{mute}/v1"
        town.config.write_text(f"{one.settings()}{schedule(one.name)}\n", "utf-8")
        worker = town.pods.start("worker", "--grace", "0.2")
        wait_for(lambda: number(store_url, PUTS), "it is at work", seconds=LONG_SECONDS)
        wait_for(lambda: number(store_url, HELD_POLLS), "it polls", seconds=LONG_SECONDS)
        assert town.pods.stop(worker) == 0
        assert (number(store_url, OTHERS), number(store_url, HELD_POLLS)) == (0, 0)
        assert number(store_url, PUTS)


def number(url: str, query: str) -> int:
    """Give the one number a query asks for."""
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
