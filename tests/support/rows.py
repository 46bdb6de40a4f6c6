"""What the projections say of every record, without what only this run could say: to compare two deployments."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from adapters.eventlog.projection_store import ProjectionTables
from adapters.eventlog.store import Store
from projections import invoices, issues, ledger_codes, payments, postings, suppliers
from projections.projection import AnyProjection
from tests.support.facts import OWN, without_own

COMPARED: tuple[AnyProjection, ...] = (
    suppliers.PROJECTION,
    ledger_codes.PROJECTION,
    invoices.PROJECTION,
    payments.PROJECTION,
    postings.PROJECTION,
    issues.PROJECTION,
)
# Beside what facts leave out: attempts that were answered, by ids drawn by each process; ids and vouchers as the
# remotes gave them out; and how many facts a record has, those that are seen in passing among them.
OWN_OF_ROWS = OWN | {"answered", "ids", "vouchers", "version"}
Record = tuple[str, str]  # the projection, and the key of its row


def rows(store: Store, projections: Collection[AnyProjection] = COMPARED) -> dict[Record, Any]:
    """Give every row: what it is listed by and what it holds; nothing is folded."""
    tables = ProjectionTables(store.database)
    return {
        (projection.name, row.key): (row.state, row.sort_key, row.amount, said(projection.read(row)))
        for projection in projections
        for row in tables.rows(projection.name)
    }


def said(data: msgspec.Struct) -> Any:
    """Give what a row holds; an invoice's payments by their postings, for they come in any order.

    A reversal stays behind the posting it takes back: the two are one KEY1 but for its first letter.
    """
    found = without_own(msgspec.to_builtins(data, builtin_types=(datetime,), str_keys=True), OWN_OF_ROWS)
    if isinstance(data, invoices.InvoiceRow):
        found["folded"]["posted"].sort(key=lambda payment: payment["posting"][1:])
    return found
