"""A deployment after a whole sync, however it is spread out: what both systems' books, its log and its rows hold."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.store import Store
from domain.event import Recorded
from domain.identifiers import PinnedIdentity
from projections import sync_status
from projections.totals import totals
from tests.integration.spread_out import COMPARABLE, LONG_SECONDS, PINNED, spread_out
from tests.support.deployment import INFOR, Deployment, deployed
from tests.support.folded import Rows, behind, folded, rebuilt
from tests.support.looking_on import looked_on
from tests.support.pods import Pods
from tests.support.rows import Record, rows
from tests.support.waiting import wait_for
from tieout.settings import load_file

INVOICES = 200
OPTIONS = COMPARABLE | {"invoices": INVOICES}
CONNECTION = PinnedIdentity("ACME_TST", INFOR["company"], PINNED["organisation"]).id
LEFT = ("waiting", "in_doubt")
FLOWS = {"suppliers": ("waiting",), "ledger_codes": ("waiting",), "invoices": LEFT, "payments": LEFT}
# What the tie-out of the books lacks while a flow is not through: a poll may be half way when nothing waits.
LACKING = {"invoices": ("missing",), "payments": ("unposted", "not_closed")}
PAY_ALL: dict[str, Any] = {"share": 1.0, "unsettled_share": 0.0, "seed": 1}


@dataclass(frozen=True)
class Ended:
    """How a sync ended.

    tie_out: what disagrees between both systems' own books; rows: the projections as the deployment's own processes
    left them; rebuilt: the same folded anew; behind: positions of the log that those processes had not folded;
    records: what those rows say of every record, as deployments are compared.
    """

    tie_out: dict[str, Any]
    log: list[Recorded]
    records: dict[Record, Any]
    rows: Rows
    rebuilt: Rows
    behind: int
    totals: dict[str, Any]


def one_process(folder: Path) -> Ended:
    """Sync invoices and their payments in this process, over SQLite."""
    with deployed(folder, **OPTIONS) as deployment:
        deployment.settled_sync()
        deployment.desk.tell("avidxchange/settle", **PAY_ALL)
        deployment.settled_sync()
        deployment.settled_sync()  # the paid invoices' last state is seen by the poll after their payments
        with _store(deployment) as store:
            return _ended(deployment, store)


def many_processes(folder: Path, store_url: str, broker_url: str) -> Ended:
    """Let two relays and three workers do it over PostgreSQL and RabbitMQ; this process only looks on."""
    with (
        spread_out(folder, store_url=store_url, broker_url=broker_url, **OPTIONS) as (deployment, pods),
        _store(deployment) as store,
    ):
        relays = [pods.start("relay") for _ in "12"]
        workers = [pods.start("worker", "--threads", "2") for _ in "123"]
        _wait(deployment, store, pods, "invoices are submitted", "invoices")
        deployment.desk.tell("avidxchange/settle", **PAY_ALL)
        _wait(deployment, store, pods, "payments are posted, invoices closed", "invoices", "payments")
        assert [pods.stop(pid) for pid in workers] == [0] * len(workers)
        wait_for(lambda: behind(store) == 0, "the relays have folded the log", seconds=LONG_SECONDS)
        assert [pods.stop(pid) for pid in relays] == [0] * len(relays)
        return _ended(deployment, store)


def _ended(deployment: Deployment, store: Store) -> Ended:
    lag, stood, records, found = behind(store), folded(store), rows(store), _totals(store)
    log = list(store.log.read(after=0, limit=1_000_000))
    return Ended(deployment.desk.tie_out(), log, records, stood, rebuilt(store), lag, found)


def _store(deployment: Deployment) -> AbstractContextManager[Store]:
    environ = deployment.environ()
    return looked_on(load_file(deployment.folder / "tieout.toml", environ=environ), environ=environ)


def _wait(deployment: Deployment, store: Store, pods: Pods, what: str, *flows: str) -> None:
    """Wait until all was polled, nothing waits, and both systems' own books miss nothing of these flows."""

    def done() -> bool:
        pods.check()
        found = _totals(store)
        return (
            _polled(store) >= {"suppliers", "ledger_codes", *flows}
            and not any(found[flow][state] for flow, states in FLOWS.items() for state in states)
            and not any(deployment.desk.tie_out()[kind] for flow in flows for kind in LACKING[flow])
        )

    wait_for(done, what, seconds=LONG_SECONDS)


def _polled(store: Store) -> set[str]:
    """Name the flows of which a poll that found something has ended."""
    rows = sync_status.listed(ProjectionTables(store.database), CONNECTION)
    return {row.flow for row in rows if row.completed_at is not None}


def _totals(store: Store) -> dict[str, Any]:
    return totals(ProjectionTables(store.database), CONNECTION)
