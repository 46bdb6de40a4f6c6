"""Several processes share one file: nothing is lost, nothing is claimed twice."""

import sqlite3
import threading
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

from actors.relay import Relay
from adapters.eventlog.schema import create_tables
from adapters.eventlog.store import open_store
from adapters.vault.keyring import KeyRing, generate_ring
from tests.unit.adapters.eventlog.process_work import BATCH, ROUNDS, work
from tests.unit.adapters.eventlog.sqlite_files import CONNECTION, NOW


def test_processes_make_a_file_append_fold_and_claim_beside_each_other(tmp_path: Path) -> None:
    works_beside(f"sqlite:///{tmp_path / 'tieout.db'}")


def test_processes_make_the_tables_on_a_server_append_fold_and_claim_beside_each_other(postgres_url: str) -> None:
    works_beside(postgres_url)


def works_beside(url: str) -> None:
    """Let two processes make the tables at once, append, fold and claim; nothing is claimed twice or lost."""
    ring = generate_ring()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(work, url, f"w{number}", ring) for number in range(2)]
        claimed = [aggregate for future in futures for aggregate in future.result(timeout=60)]
    with open_store(url, ring=KeyRing.parse(ring), now=lambda: NOW) as store:
        assert store.went_back is None
        assert Relay(store.relay_table).drain() == 0
        rest = store.work.claim(
            "submit_invoices", connection=CONNECTION, limit=1000, worker="w", lease=timedelta(minutes=5)
        )
        assert store.log.last_position() == 2 * ROUNDS * BATCH
    everything = [*claimed, *(row.aggregate.hex for row in rest)]
    assert len(everything) == len(set(everything)) == 2 * ROUNDS * BATCH


def test_a_file_somebody_is_turning_to_wal_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "tieout.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE somebody (works INTEGER)")
    other.execute("BEGIN EXCLUSIVE")
    waiting = threading.Event()

    def let_go() -> None:
        waiting.wait(0.2)
        other.execute("COMMIT")

    helper = threading.Thread(target=let_go)
    helper.start()
    create_tables(f"sqlite:///{path}", now=NOW, patience_seconds=30)
    helper.join()
    other.close()
