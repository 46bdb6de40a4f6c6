"""Unsettled: which records have a write on its way, or one whose outcome nobody knows? Their names, no rows of its own.

What `doubts` lists, and every posting whose chain was begun or handed over and that has not ended.
"""

from uuid import UUID

from domain.ports.projections import ProjectionStore
from projections import doubts, postings


def unsettled(store: ProjectionStore, connection: UUID) -> list[str]:
    """Give the records' names, oldest doubt first: `invoice EXTERNALID`, `posting KEY1`."""
    found = [f"{doubt.kind} {doubt.record}" for doubt in doubts.listed(store, connection)]
    rows = postings.PROJECTION.all(store, connection=connection, states=["waiting", "in_doubt"])
    found += [f"posting {row.key1}" for row in rows if row.folded.under_way]
    return list(dict.fromkeys(found))
