"""What neighbours cost: many connections on three workers, and the same ones beside a remote that hangs.

`python benchmarks/fairness.py --connections 10 --invoices 200` lets every connection send its invoices through workers
that share PostgreSQL and RabbitMQ (found, or started, as the tests do). Beside it stands one connection that has the
workers to itself, in the same run: the ratio says how many times its pace all of them reach together, without and with
one more whose remotes never answer; the two should be alike. It is a figure, not a test; that nobody starves is
tests/integration/test_fairness.py.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, from anywhere

from tests.integration.spread_out import COMPARABLE
from tests.support import postgres_server, rabbitmq_server
from tests.support.neighbours import neighbours
from tests.support.waiting import wait_for

WORKERS, THREADS = 3, 2
LONGEST_SECONDS = 900.0


def main() -> int:
    """Measure, print three lines."""
    parser = argparse.ArgumentParser(description="measures what neighbours cost")
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--invoices", type=int, default=200)
    asked = parser.parse_args()
    alone = _pace(1, 0, asked.invoices)
    together = _pace(asked.connections, 0, asked.invoices)
    beside = _pace(asked.connections + 1, 1, asked.invoices)
    _show("one connection", alone, alone)
    _show(f"{asked.connections} connections", together, alone)
    _show(f"{asked.connections} beside one that hangs", beside, alone)
    return 0


def _pace(number: int, dead: int, invoices: int) -> float:
    """Give how many invoices a second were submitted by the connections that are not dead."""
    options = COMPARABLE | {"invoices": invoices, "dead": dead}
    with (
        tempfile.TemporaryDirectory(prefix="tieout-bench-") as folder,
        postgres_server.server() as server,
        postgres_server.database(server) as store,
        rabbitmq_server.server() as rabbit,
        rabbitmq_server.vhost(rabbit) as broker,
        neighbours(Path(folder), store_url=store, broker_url=broker, number=number, **options) as town,
    ):
        healthy = list(town.connections)[dead:]
        begun = time.perf_counter()
        workers = [town.pods.start("worker", "--threads", str(THREADS)) for _ in range(WORKERS)]
        town.pods.start("relay")
        wait_for(lambda: town.are_submitted(healthy), "all invoices are submitted", seconds=LONGEST_SECONDS)
        seconds = time.perf_counter() - begun
        submitted = sum(town.counts()[name]["invoices"]["submitted"] for name in healthy)
        for pid in workers:
            town.pods.kill(pid)  # told to end, they would wait for calls that hang
    return submitted / seconds


def _show(what: str, pace: float, limit: float) -> None:
    sys.stdout.write(f"{what:<32}{pace:>8.1f} invoices/s   ratio {pace / limit:.2f}\n")


if __name__ == "__main__":
    raise SystemExit(main())
