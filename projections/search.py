"""Search: which record does a person mean? An exact match wins, else a unique beginning, else there are choices."""

from uuid import UUID

import msgspec

from domain.ports.projections import Found, ProjectionStore

KINDS = {"invoices": "invoice", "payments": "payment", "suppliers": "supplier", "postings": "posting"}
_PROJECTIONS = {kind: projection for projection, kind in KINDS.items()}
MOST_CHOICES = 20


class Record(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """A record. kind: invoice, payment, supplier or posting; name: its external id, payment id, CONO|SUNO or KEY1."""

    kind: str
    name: str
    connection: UUID
    stream: UUID


def find_records(store: ProjectionStore, text: str, *, connection: UUID | None = None) -> list[Record]:
    """Give the record a person means (one), the records it may be (several), or [].

    text: an invoice number, an external id, a payment id, a supplier number, an AvidXchange invoice id or a KEY1;
    `kind:` in front of it (for example `payment:100`) tells records of several kinds apart.
    """
    kind, colon, rest = text.strip().partition(":")
    told = bool(colon) and kind in _PROJECTIONS
    projections = [_PROJECTIONS[kind]] if told else list(KINDS)
    wanted = rest.strip() if told else text.strip()
    if not wanted or not wanted.isprintable():
        return []
    for exact in (True, False):
        found = store.find(wanted, connection=connection, exact=exact, projections=projections, limit=MOST_CHOICES * 4)
        if records := _records(found):
            return records[:MOST_CHOICES]
    return []


def _records(found: list[Found]) -> list[Record]:
    """Make one record of the terms it was found by."""
    return sorted(
        {
            Record(kind=KINDS[hit.projection], name=hit.name, connection=hit.connection, stream=UUID(hit.key))
            for hit in found
        }
    )
