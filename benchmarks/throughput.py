"""How fast the machine is: events a second appended, folded by the relay and folded into the projections.

`python benchmarks/throughput.py --invoices 2000` writes the lives of so many invoices into a store of its own. Beside
each figure stands what bare SQLite does in the same run with rows of the same size, as many to a transaction, on the
same disk and with the same care for it; the ratio says how much of that is left. It is a figure, not a test.
"""

import argparse
import itertools
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from actors.relay import Relay
from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.store import Store
from domain.event import Append, Event
from domain.identifiers import InvoiceKey, LedgerRow, PinnedIdentity, digest, stream_id
from domain.invoices.coding import content_digest
from domain.invoices.content import CodeRef, CodingLine, ImageRef, InvoiceContent
from domain.invoices.events import InvoiceApproved, InvoiceImageFetched
from domain.invoices.submission_events import InvoiceSubmissionStarted, InvoiceSubmitted
from domain.money import Money
from domain.ports.store import Causes
from projections.catalogue import ALL
from projections.runner import PAGE, Runner
from tieout.wiring.stores import create_store, new_ring, open_url

IDENTITY = PinnedIdentity("BENCH_TST", 100, "benchmark")
BATCH = 50  # invoices to a transaction, as the errands append them
LIFE = 4  # events of an invoice


def main() -> int:
    """Measure, print three lines."""
    parser = argparse.ArgumentParser(description="measures events a second against bare SQLite")
    parser.add_argument("--invoices", type=int, default=2000)
    invoices = parser.parse_args().invoices
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as name:
        url = f"sqlite:///{Path(name) / 'tieout.db'}"
        create_store(url)
        with open_url(url, new_ring()) as store:
            appended = _timed(lambda: _append(store, invoices))
            relayed = _timed(Relay(store.relay_table).drain)
            folded = _timed(Runner(store.log, ProjectionTables(store.database), ALL).catch_up)
        rows = _stored_rows(Path(name) / "tieout.db")
        bare_append = _timed(lambda: _bare_append(Path(name) / "append.db", rows))
        bare_fold = _timed(lambda: _bare_fold(Path(name) / "append.db"))
    _show("append", invoices * LIFE, appended, bare_append)
    _show("relay fold", invoices * LIFE, relayed, bare_fold)
    _show("projections fold", invoices * LIFE, folded, bare_fold)
    return 0


def _show(what: str, events: int, seconds: float, bare_seconds: float) -> None:
    sys.stdout.write(
        f"{what:<18}{events / seconds:>10,.0f} events/s   bare SQLite {events / bare_seconds:>10,.0f}"
        f"   ratio {bare_seconds / seconds:.3f}\n"
    )


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _append(store: Store, invoices: int) -> None:
    """Append the lives in batches, a stage of all of a batch's invoices to a transaction."""
    causes = Causes(connection=IDENTITY.id, correlation_id="benchmark")
    for first in range(0, invoices, BATCH):
        keys = [_key(number) for number in range(first, min(first + BATCH, invoices))]
        streams = [stream_id(IDENTITY.id, "invoice", key.external_id) for key in keys]
        for version, stage in enumerate(zip(*(_life(key) for key in keys), strict=True)):
            store.log.append(
                [
                    Append(stream=stream, expected_version=version, events=(event,))
                    for stream, event in zip(streams, stage, strict=True)
                ],
                causes=causes,
            )


def _key(number: int) -> InvoiceKey:
    return InvoiceKey(100, f"B{number % 24:02}", "V1001", f"V{number % 400}", f"INV-{number}", 2026)


def _life(key: InvoiceKey) -> Sequence[Event]:
    content = InvoiceContent(
        key=key,
        row=LedgerRow(100, key.division, 2026, 4711, 1),
        voucher=60_001,
        series="INV",
        invoice_date=date(2026, 2, 24),
        due_date=date(2026, 3, 26),
        accounting_date=date(2026, 2, 25),
        gross=Money(125_000),
        discount=Money(0),
        payment_method="CHK",
        lines=tuple(
            CodingLine(
                number=line,
                amount=Money(62_500),
                description="Chiller overhaul",
                codes=(CodeRef(1, "610200"), CodeRef(3, "BLDG-07")),
            )
            for line in (1, 2)
        ),
    )
    mark = digest(key.external_id.encode())
    deadline = datetime(2026, 3, 2, 8, 20, tzinfo=UTC)
    return (
        InvoiceApproved(content=content, digest=content_digest(content)),
        InvoiceImageFetched(
            key=key,
            image=ImageRef(digest=mark, size=90_000, content_type="application/pdf", file_name=f"{key.number}.pdf"),
        ),
        InvoiceSubmissionStarted(
            key=key,
            batch="TO-7Q2XK4M5ZB3N6R8AYCDE",
            position=1,
            members=BATCH,
            attempt=1,
            attempt_id=mark[:32],
            record_digest=mark,
            batch_digest=mark,
            image=mark,
            deadline=deadline,
            look_at=deadline + timedelta(minutes=15),
            incarnation=UUID(int=7),
        ),
        InvoiceSubmitted(key=key, attempt_id=mark[:32], avid_invoice_id=mark[:8], status="Received"),
    )


def _stored_rows(path: Path) -> list[tuple[str, int, str, bytes]]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT originator_id, originator_version, topic, state FROM stored_events ORDER BY position"
        ).fetchall()
    connection.close()
    return rows


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL").fetchone()
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _bare_append(path: Path, rows: Sequence[tuple[str, int, str, bytes]]) -> None:
    """Insert the same rows under the same keys, as many to a transaction."""
    connection = _bare(path)
    connection.execute(
        "CREATE TABLE events (position INTEGER PRIMARY KEY AUTOINCREMENT, stream TEXT NOT NULL, version INTEGER NOT"
        " NULL, topic TEXT NOT NULL, state BLOB NOT NULL, UNIQUE (stream, version))"
    )
    for batch in _pages(rows, BATCH):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO events (stream, version, topic, state) VALUES (?, ?, ?, ?)", batch)
        connection.execute("COMMIT")
    connection.close()


def _bare_fold(path: Path) -> None:
    """Read the rows in pages, and write one row for each, in one transaction to a page."""
    connection = _bare(path)
    connection.execute("CREATE TABLE rows (stream TEXT PRIMARY KEY, version INTEGER NOT NULL, state BLOB NOT NULL)")
    after = 0
    while page := connection.execute(
        "SELECT position, stream, version, state FROM events WHERE position > ? ORDER BY position LIMIT ?",
        (after, PAGE),
    ).fetchall():
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", [row[1:] for row in page])
        connection.execute("COMMIT")
        after = page[-1][0]
    connection.close()


def _pages(rows: Sequence[tuple[str, int, str, bytes]], size: int) -> Iterator[tuple[tuple[str, int, str, bytes], ...]]:
    waiting = iter(rows)
    while page := tuple(itertools.islice(waiting, size)):
        yield page


if __name__ == "__main__":
    sys.exit(main())
