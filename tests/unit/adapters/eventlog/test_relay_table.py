"""The table of due work equals the one in memory after the same history, and heals from a lost wake-up."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from actors.relay import Relay
from domain.identifiers import InvoiceKey
from domain.invoices.events import InvoiceHeld
from domain.suppliers.events import SupplierConfirmed
from tests.unit.adapters.eventlog.sqlite_files import CONNECTION, NOW, append, fresh

HELD = InvoiceHeld(
    key=InvoiceKey(100, "AAA", "V1", "V1", "77", 2026),
    reason="SUPPLIER_NOT_CONFIRMED",
    detail="",
    waits_for="supplier:100|V1",
)
CONFIRMED = SupplierConfirmed(
    key="100|V1", vendor_id="9", enrolment="Enrolled", digest="d", of_version=1, opens_gate=True
)


def test_the_sweep_frees_rows_that_wait_for_a_key_which_is_open(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        stream = append(store, HELD)
        append(store, CONFIRMED)
        Relay(store.relay_table).drain()
        with store.database.writing() as cursor:
            cursor.execute("UPDATE pending SET waits_for = 'supplier:100|V1'")
        assert store.work.due_counts(NOW) == {}
        assert store.work.sweep() == 1
        rows = store.work.claim(
            "submit_invoices", connection=CONNECTION, limit=1, worker="w", lease=timedelta(seconds=1)
        )
        assert [row.aggregate for row in rows] == [stream]


def test_the_rows_are_the_same_after_folding_the_log_again(tmp_path: Path) -> None:
    with fresh(tmp_path) as store:
        relay = Relay(store.relay_table, page=2)
        for _ in range(3):
            append(store, HELD, stream=uuid4())
        append(store, CONFIRMED)
        relay.drain()
        rows = store.work.claim(
            "submit_invoices", connection=CONNECTION, limit=2, worker="w", lease=timedelta(seconds=9)
        )
        store.work.postpone(rows[:1], worker="w", until=NOW + timedelta(hours=1))

        def table() -> list[tuple[object, ...]]:
            with store.database.reading() as cursor:
                cursor.execute("SELECT * FROM pending ORDER BY connection, errand, aggregate")
                return [tuple(row) for row in cursor.fetchall()]

        before = table()
        relay.rebuild()
        assert table() == before
        assert len(before) == 3
