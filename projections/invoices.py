"""Invoices: where does each one stand? One row per invoice, its state the domain's own word for it."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

import msgspec

from domain.event import Event, Recorded
from domain.identifiers import InvoiceKey
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.invoice import Invoice, PostedPayment, evolve
from domain.money import Money, total
from domain.ports.projections import ProjectionStore
from projections.projection import Index, Projection

STATES = ("submitted", "closed", "waiting", "held", "refused", "not_eligible", "in_doubt")
OUTSIDE = frozenset({e.LedgerRowNamed, e.InvoicesTracked, e.InvoiceIndexTurned})  # facts of streams beside invoices
HANDLES: frozenset[type[Event]] = frozenset(
    {
        e.InvoiceApproved,
        e.InvoiceNotEligible,
        e.InvoiceChangedInInfor,
        e.InvoiceKeyChanged,
        e.InvoiceWithdrawnInInfor,
        e.InvoiceAtRiskInInfor,
        e.InvoiceImageFetched,
        e.InvoiceImageMissing,
        e.InvoiceHeld,
        e.InvoiceReleased,
        e.InvoiceStatusReported,
        e.InvoiceRejectedByAvid,
        e.InvoicePaymentStarted,
        e.InvoicePaymentPosted,
        e.InvoicePaymentEnded,
        e.InvoicePartlyPaid,
        e.InvoiceClosed,
        e.InvoiceReopened,
        s.InvoiceSubmissionStarted,
        s.InvoiceNotSent,
        s.InvoiceSubmitted,
        s.InvoiceSubmissionRefused,
        s.InvoiceSubmissionDoubted,
        s.InvoiceLookedUp,
        s.InvoiceAbsentAfterSettling,
        s.InvoiceFoundByLookup,
        s.InvoiceFoundTwice,
        s.InvoiceFoundDifferent,
        s.InvoiceFoundForgotten,
        s.InvoiceAnsweredLate,
        s.InvoiceResubmissionOrdered,
        s.InvoiceDoubtResolved,
    }
)


class InvoiceRow(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice now. state: one of STATES; stage: the domain's finer word; reason, detail: why it is not further.

    gross: as Infor named it last, of a live one as it was read last (read_gross; None: Infor only named it).
    posted: what our postings booked on it, reversals taken back; folded: the domain's state without its content.
    """

    stream: UUID
    external_id: str = ""
    number: str = ""
    division: str = ""
    payee: str = ""
    supplier: str = ""
    gross: Money = Money(0)
    read_gross: Money | None = None
    invoice_date: date | None = None
    due_date: date | None = None
    state: str = ""
    stage: str = ""
    reason: str = ""
    detail: str = ""
    waits_for: str = ""
    avid_invoice_id: str = ""
    avid_status: str = ""
    batch: str = ""
    attempts: int = 0
    image: str = ""
    risks: tuple[str, ...] = ()
    posted: Money = Money(0)
    seen_at: datetime
    updated_at: datetime
    folded: Invoice = Invoice()


def evolve_row(row: InvoiceRow | None, recorded: Recorded) -> InvoiceRow:
    """Fold one fact in."""
    at = recorded.meta.recorded_at
    if row is None:
        row = InvoiceRow(stream=recorded.stream, seen_at=at, updated_at=at)
    state = evolve(row.folded, recorded)
    row = _content(row, recorded.event)
    if state.live and not row.folded.live and row.read_gross is not None:
        row = msgspec.structs.replace(row, gross=row.read_gross)  # as it went out, whatever Infor named since unread
    detail, waits_for = _reason(recorded.event, row if state.stage == row.stage else None)
    return msgspec.structs.replace(
        row,
        **_key(state.key),
        state=state.phase,
        stage=state.stage,
        reason=state.reason,
        detail=detail,
        waits_for=waits_for,
        avid_invoice_id=state.avid_invoice_id,
        avid_status=state.avid_status,
        batch=state.attempt.batch if state.attempt else "",
        attempts=state.attempts,
        image=state.image.digest if state.image else "",
        risks=state.risks,
        posted=_posted(state.posted, row.gross),
        updated_at=at,
        folded=_light(state),
    )


def index(row: InvoiceRow) -> Index:
    """List invoices by their external id."""
    return Index(
        state=row.state,
        sort_key=row.external_id,
        amount=row.gross.minor,
        terms=(row.external_id, row.number, row.avid_invoice_id),
    )


PROJECTION = Projection("invoices", data=InvoiceRow, evolve=evolve_row, index=index, handles=HANDLES)


def listed(
    store: ProjectionStore, connection: UUID, *, states: Collection[str] | None = None, supplier: str = ""
) -> list[InvoiceRow]:
    """Give a connection's invoices; supplier: number of the supplier or payee."""
    rows = PROJECTION.all(store, connection=connection, states=states)
    return [row for row in rows if not supplier or supplier in (row.supplier, row.payee)]


def _content(row: InvoiceRow, event: Event) -> InvoiceRow:
    replace = msgspec.structs.replace
    match event:
        case e.InvoiceApproved(content=content) | e.InvoiceChangedInInfor(content=content):
            read = replace(row, gross=content.gross, read_gross=content.gross)
            return replace(read, invoice_date=content.invoice_date, due_date=content.due_date)
        case e.InvoiceNotEligible(gross=gross, invoice_date=invoice_date, due_date=due_date):
            return replace(row, gross=gross, invoice_date=invoice_date, due_date=due_date)
        case s.InvoiceFoundForgotten(key=key, gross=gross) if _names_amount(event, row):
            return replace(row, gross=gross, **_key(key))
        case _:
            return row


def _names_amount(event: s.InvoiceFoundForgotten, row: InvoiceRow) -> bool:
    """Whether nobody named its amount before, or AvidXchange alone did."""
    only_there = row.invoice_date is None and row.read_gross is None
    return row.gross.is_zero or (only_there and event.live)


def _reason(event: Event, before: InvoiceRow | None) -> tuple[str, str]:
    """Give (detail, what it waits for); `before` is the row when the fact left the stage as it was."""
    match event:
        case e.InvoiceHeld(detail=detail, waits_for=waits_for):
            return detail, waits_for or ""
        case e.InvoiceNotEligible(detail=detail):
            return detail, ""
        case s.InvoiceSubmissionRefused(text=text):
            return text, ""
        case s.InvoiceSubmissionDoubted(why=why):
            return why, ""
        case s.InvoiceFoundDifferent(field=field, ours=ours, theirs=theirs):
            return f"{field}: ours {ours}, theirs {theirs}", ""
        case _:
            return (before.detail, before.waits_for) if before else ("", "")


def _key(key: InvoiceKey | None) -> dict[str, str]:
    if key is None:
        return {}
    return {
        "external_id": key.external_id,
        "number": key.number,
        "division": key.division,
        "payee": key.payee,
        "supplier": key.supplier,
    }


def _posted(payments: tuple[PostedPayment, ...], gross: Money) -> Money:
    sign = -1 if gross.minor < 0 else 1
    nets = (Money(-sign * abs(p.net.minor), p.net.currency) if p.reversal else p.net for p in payments)
    return total(nets, gross.currency)


def _light(state: Invoice) -> Invoice:
    """Leave out what no later state depends on: the content stands in the log."""
    attempt = msgspec.structs.replace(state.attempt, content=None) if state.attempt else None
    return msgspec.structs.replace(state, content=None, head=None, attempt=attempt)
