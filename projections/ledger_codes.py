"""Ledger codes: which GL accounts and dimension values does AvidXchange hold? One row per code."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from domain.event import Event, Recorded
from domain.identifiers import code_key
from domain.ledger_codes import events as e
from domain.ledger_codes.decisions import DESCRIBED
from domain.ledger_codes.ledger_code import LedgerCode, evolve
from domain.ports.projections import ProjectionStore
from projections.projection import Index, Projection

STATES = ("sent", "waiting", "not_sent", "refused")
OUTSIDE = frozenset({e.LedgerCodesListed, e.LedgerCodesOnlyThere})  # about a dimension, in a stream of its own
HANDLES: frozenset[type[Event]] = frozenset(
    {
        e.LedgerCodeRecorded,
        e.LedgerCodeChanged,
        e.LedgerCodeBlocked,
        e.LedgerCodeConfirmed,
        e.LedgerCodeRefused,
        e.LedgerCodeRetryOrdered,
    }
)


class LedgerCodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A code now. active: in use in Infor; gate_open: invoices may name it; folded: the domain's state."""

    stream: UUID
    key: str = ""
    dimension: int = 0
    value: str = ""
    group: str = ""
    description: str = ""
    active: bool = False
    state: str = "not_sent"
    reason: str = ""
    detail: str = ""
    gate_open: bool = False
    seen_at: datetime
    updated_at: datetime
    folded: LedgerCode = LedgerCode()


def evolve_row(row: LedgerCodeRow | None, recorded: Recorded) -> LedgerCodeRow:
    """Fold one fact in."""
    at, event = recorded.meta.recorded_at, recorded.event
    if row is None:
        row = LedgerCodeRow(stream=recorded.stream, seen_at=at, updated_at=at)
    folded = msgspec.structs.replace(evolve(row.folded, event), content=None)
    replace = msgspec.structs.replace
    if isinstance(event, e.LedgerCodeRecorded | e.LedgerCodeChanged | e.LedgerCodeBlocked):
        content = event.content
        row = replace(
            row,
            key=code_key(content.company, content.dimension, content.value),
            dimension=content.dimension,
            value=content.value,
            group=content.group,
            description=content.description,
            active=content.active,
        )
    state = state_of(folded)
    refused = None if state == "waiting" else folded.refused
    return replace(
        row,
        state=state,
        reason=refused.code if refused else "",
        detail=refused.text if refused else "",
        gate_open=folded.gate_open,
        updated_at=at,
        folded=folded,
    )


def state_of(code: LedgerCode) -> str:
    """Give a code's state: one of STATES.

    With `verify`, one that agrees at AvidXchange counts as sent, whatever its description is there.
    """
    if code.asks:
        return "waiting"
    if code.refused is not None:
        return "sent" if code.refused.code == DESCRIBED else "refused"
    return "not_sent" if code.confirmed is None else "sent"


def index(row: LedgerCodeRow) -> Index:
    """List codes by dimension and value."""
    return Index(state=row.state, sort_key=row.key, terms=(row.key, row.value))


PROJECTION = Projection("ledger_codes", data=LedgerCodeRow, evolve=evolve_row, index=index, handles=HANDLES)


def listed(store: ProjectionStore, connection: UUID, *, states: Collection[str] | None = None) -> list[LedgerCodeRow]:
    """Give a connection's codes."""
    return PROJECTION.all(store, connection=connection, states=states)
