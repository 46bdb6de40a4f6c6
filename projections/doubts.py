"""Doubts: which writes have an outcome that nobody knows? One row per record while it is in doubt.

An invoice is in doubt from the intent to send it until the outcome; a posting from the doubt (or the desk) on.
"""

from base64 import b32encode
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec

from domain.event import Event, Recorded
from domain.invoices import events as i
from domain.invoices import submission_events as s
from domain.money import Money
from domain.ports.projections import ProjectionStore
from domain.postings import events as p
from projections import invoices, postings
from projections.invoices import InvoiceRow
from projections.postings import PostingRow
from projections.projection import Index, Projection

ENDS: frozenset[type[Event]] = frozenset(
    {
        i.InvoiceApproved,
        i.InvoiceNotEligible,
        i.InvoiceWithdrawnInInfor,
        i.InvoiceRejectedByAvid,
        i.InvoiceClosed,
        i.InvoiceReopened,
        s.InvoiceNotSent,
        s.InvoiceSubmitted,
        s.InvoiceSubmissionRefused,
        s.InvoiceAbsentAfterSettling,
        s.InvoiceFoundByLookup,
        s.InvoiceFoundTwice,
        s.InvoiceFoundDifferent,
        s.InvoiceDoubtResolved,
        p.PostingPlanned,
        p.PostingHeld,
        p.PostingReleased,
        p.PostingStarted,
        p.PostingNotSent,
        p.PostingRefused,
        p.PostingAbandoned,
        p.PostingHandoverStarted,
        p.PostingHandedOver,
        p.PostingWaitsInInfor,
        p.PostingConfirmed,
        p.PostingDoubtResolved,
    }
)
FOLLOWS: frozenset[type[Event]] = frozenset(
    {
        s.InvoiceSubmissionStarted,
        s.InvoiceSubmissionDoubted,
        s.InvoiceLookedUp,
        s.InvoiceAnsweredLate,
        p.PostingDoubted,
        p.PostingAnsweredLate,
        p.PostingToDesk,
    }
)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned while in doubt."""

    at: datetime
    text: str


class DoubtRow(msgspec.Struct, frozen=True, kw_only=True):
    """An open doubt. kind: invoice or posting; unknown: what nobody knows; next_look: None when a person must look."""

    id: str
    stream: UUID
    kind: str
    since: datetime
    unknown: str
    next_look: datetime | None = None
    evidence: tuple[Evidence, ...] = ()


def evolve_row(row: DoubtRow | None, recorded: Recorded) -> DoubtRow | None:
    """Fold one fact in; None when the outcome is known."""
    if type(recorded.event) in ENDS:
        return None
    at = recorded.meta.recorded_at
    match recorded.event:
        case s.InvoiceSubmissionStarted(batch=batch, attempt=attempt, look_at=look_at):
            unknown = f"attempt {attempt} to submit it in batch {batch} has no answer yet"
            return _open(None, recorded, "invoice", unknown, look_at)
        case s.InvoiceSubmissionDoubted(why=why, look_at=look_at):
            return _open(row, recorded, "invoice", f"whether AvidXchange took it: {why}", look_at)
        case p.PostingDoubted(step=step, why=why, look_at=look_at):
            return _open(row, recorded, "posting", f"whether Infor did {step}: {why}", look_at)
        case p.PostingToDesk(what=what):
            return _open(row, recorded, "posting", what, None)
        case s.InvoiceLookedUp() as look if row is not None:
            said = "found nothing" if look.conclusive else f"is no proof, the batch is {look.batch_status}"
            return _with(row, at, f"the look-up {said}", next_look=look.look_at)
        case (s.InvoiceAnsweredLate() | p.PostingAnsweredLate()) as late if row is not None:
            return _with(row, at, f"a late answer: {late.verdict} {late.text}".strip(), next_look=row.next_look)
        case _:
            return row


def doubt_id(stream: UUID) -> str:
    """Give the short id of a record's doubt."""
    return "D-" + b32encode(sha256(stream.bytes).digest()).decode()[:6]


def index(row: DoubtRow) -> Index:
    """List doubts by their age."""
    return Index(state=row.kind, sort_key=f"{row.since.isoformat(timespec='microseconds')} {row.id}")


PROJECTION = Projection("doubts", data=DoubtRow, evolve=evolve_row, index=index, handles=ENDS | FOLLOWS)


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """An open doubt with its record's name and its money; `payment_id` for a posting."""

    id: str
    connection: UUID
    stream: UUID
    kind: str
    record: str
    payment_id: str
    money: Money
    since: datetime
    unknown: str
    next_look: datetime | None
    evidence: tuple[Evidence, ...]


def listed(store: ProjectionStore, connection: UUID) -> list[Doubt]:
    """Give a connection's open doubts, oldest first."""
    rows = PROJECTION.all(store, connection=connection)
    keys = [row.stream.hex for row in rows]
    known: dict[str, InvoiceRow | PostingRow] = {
        **invoices.PROJECTION.some(store, connection, keys),
        **postings.PROJECTION.some(store, connection, keys),
    }
    return list(_named(connection, rows, known))


def _named(connection: UUID, rows: list[DoubtRow], known: dict[str, InvoiceRow | PostingRow]) -> Iterator[Doubt]:
    for row in rows:
        record, payment_id, money = row.stream.hex, "", Money(0)
        match known.get(row.stream.hex):
            case InvoiceRow() as invoice:
                record, money = invoice.external_id, invoice.gross
            case PostingRow() as posting:
                record, payment_id, money = posting.key1, posting.payment_id, posting.net
        yield Doubt(
            id=row.id,
            connection=connection,
            stream=row.stream,
            kind=row.kind,
            record=record,
            payment_id=payment_id,
            money=money,
            since=row.since,
            unknown=row.unknown,
            next_look=row.next_look,
            evidence=row.evidence,
        )


def _open(row: DoubtRow | None, recorded: Recorded, kind: str, unknown: str, next_look: datetime | None) -> DoubtRow:
    at = recorded.meta.recorded_at
    if row is None:
        row = DoubtRow(id=doubt_id(recorded.stream), stream=recorded.stream, kind=kind, since=at, unknown=unknown)
    return _with(msgspec.structs.replace(row, unknown=unknown), at, unknown, next_look=next_look)


def _with(row: DoubtRow, at: datetime, text: str, *, next_look: datetime | None) -> DoubtRow:
    return msgspec.structs.replace(row, next_look=next_look, evidence=(*row.evidence, Evidence(at=at, text=text)))
