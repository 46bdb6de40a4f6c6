"""Suppliers: which does AvidXchange hold as vendors? One row per supplier, without its personal data."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from domain.event import Event, Recorded
from domain.identifiers import supplier_key
from domain.ports.projections import ProjectionStore
from domain.suppliers import events as e
from domain.suppliers.supplier import EXCLUDED, Supplier, evolve
from projections.projection import Index, Projection

STATES = ("sent", "not_sent", "waiting", "held", "refused")
HANDLES: frozenset[type[Event]] = frozenset(
    {
        e.SupplierRecorded,
        e.SupplierChanged,
        e.SupplierBlocked,
        e.SupplierUnblocked,
        e.SupplierConfirmed,
        e.SupplierRefused,
        e.SupplierRetryOrdered,
    }
)


class SupplierRow(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier now. status: M3's STAT; gate_open: its invoices may go out; folded: the domain's state."""

    stream: UUID
    key: str = ""
    number: str = ""
    name: str = ""
    status: str = ""
    active: bool = False
    group: str = ""
    state: str = "not_sent"
    reason: str = ""
    detail: str = ""
    vendor_id: str = ""
    enrolment: str = ""
    gate_open: bool = False
    seen_at: datetime
    updated_at: datetime
    folded: Supplier = Supplier()


def evolve_row(row: SupplierRow | None, recorded: Recorded) -> SupplierRow:
    """Fold one fact in."""
    at, event = recorded.meta.recorded_at, recorded.event
    if row is None:
        row = SupplierRow(stream=recorded.stream, seen_at=at, updated_at=at)
    # The content stays in the log, where the personal part of it is encrypted.
    folded = msgspec.structs.replace(evolve(row.folded, event), content=None)
    replace = msgspec.structs.replace
    match event:
        case e.SupplierConfirmed(vendor_id=vendor_id, enrolment=enrolment):
            row = replace(row, vendor_id=vendor_id, enrolment=enrolment)
        case (
            e.SupplierRecorded(content=content)
            | e.SupplierChanged(content=content)
            | e.SupplierBlocked(content=content)
            | e.SupplierUnblocked(content=content)
        ):
            row = replace(
                row,
                key=supplier_key(content.company, content.number),
                number=content.number,
                name=content.name,
                status=content.status,
                active=content.active,
                group=content.group,
            )
        case _:
            pass
    state = state_of(folded)
    refused = folded.refused if state == "refused" else None
    return replace(
        row,
        state=state,
        reason=refused.code if refused else EXCLUDED if state == "held" else "",
        detail=refused.text if refused else "",
        gate_open=folded.gate_open,
        updated_at=at,
        folded=folded,
    )


def state_of(supplier: Supplier) -> str:
    """Give a supplier's state: one of STATES. One that was never active is never sent."""
    if supplier.asks:
        return "waiting"
    if supplier.refused is not None:
        return "refused"
    if supplier.confirmed is None:
        return "not_sent"
    return "held" if supplier.confirmed.enrolment == EXCLUDED else "sent"


def index(row: SupplierRow) -> Index:
    """List suppliers by CONO|SUNO."""
    return Index(state=row.state, sort_key=row.key, terms=(row.key, row.number))


PROJECTION = Projection("suppliers", data=SupplierRow, evolve=evolve_row, index=index, handles=HANDLES)


def listed(store: ProjectionStore, connection: UUID, *, states: Collection[str] | None = None) -> list[SupplierRow]:
    """Give a connection's suppliers."""
    return PROJECTION.all(store, connection=connection, states=states)
