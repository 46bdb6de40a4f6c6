"""Every projection that is kept: what the runner folds."""

from projections import (
    connections,
    doubts,
    event_counts,
    invoices,
    issues,
    ledger_codes,
    payments,
    postings,
    suppliers,
    sync_status,
)
from projections.projection import AnyProjection

ALL: tuple[AnyProjection, ...] = (
    connections.PROJECTION,
    suppliers.PROJECTION,
    ledger_codes.PROJECTION,
    invoices.PROJECTION,
    payments.PROJECTION,
    postings.PROJECTION,
    issues.PROJECTION,
    doubts.PROJECTION,
    sync_status.PROJECTION,
    event_counts.PROJECTION,
)
