"""Payments: which are settled, which are in Infor's books? A payment counts at its least advanced posting.

Order of advance: in_doubt < refused < held < waiting < posted. A status or method nobody knows counts as held, a
payment that the settings ignore as not_settled. One that was reversed at AvidXchange counts as reversed once nothing
of it is left in Infor: its reversal is waiting until it is planned and posted, and held while a person must do it.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

import msgspec

from domain.event import Event, Recorded
from domain.identifiers import stream_id
from domain.money import Money
from domain.payments import events as e
from domain.payments.payment import Payment, evolve
from domain.ports.projections import ProjectionStore
from projections import postings
from projections.postings import PostingRow
from projections.projection import Index, Projection

STATES = ("not_settled", "posted", "waiting", "held", "refused", "in_doubt", "reversed")
ADVANCE = ("in_doubt", "refused", "held", "waiting", "posted")
PAYS = "\x1fpays:"  # begins a search term that no person types: the invoices a payment pays
_PHASES = {
    "open": "not_settled",
    "ignored": "not_settled",
    "unknown": "held",
    "held": "held",
    "settled": "waiting",
}
HANDLES: frozenset[type[Event]] = frozenset(
    {
        e.PaymentReported,
        e.PaymentSettled,
        e.PaymentChangedAfterSettling,
        e.PaymentCleared,
        e.PaymentReversed,
        e.PaymentReplaced,
        e.PaymentStatusUnknown,
        e.PaymentCardNumberDropped,
        e.PaymentHeld,
        e.PaymentIgnored,
        e.PaymentPostingsPlanned,
        e.PaymentReversalPlanned,
        e.PaymentReversalHeld,
        e.PaymentPostingOrdered,
        e.ReversalDoneByHand,
    }
)


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """What the payment pays of one invoice."""

    invoice: str
    net: Money
    discount: Money


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A payment now, as AvidXchange reports it. settled: its amount when it was settled, None before.

    state: as far as the payment's own facts say; "planned" asks its postings (see `payment_state`).
    """

    stream: UUID
    payment_id: str = ""
    status: str = ""
    method: str = ""
    number: str = ""
    amount: Money = Money(0)
    settled: Money | None = None
    payment_date: date | None = None
    settled_date: date | None = None
    vendor: str = ""
    replaces: str = ""
    remittances: tuple[Paid, ...] = ()
    state: str = "not_settled"
    reason: str = ""
    detail: str = ""
    seen_at: datetime
    updated_at: datetime
    folded: Payment = Payment()


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment with its postings; state: one of STATES; why: the reasons of what is not further."""

    payment: PaymentRow
    state: str
    why: tuple[str, ...]
    postings: tuple[PostingRow, ...]


def evolve_row(row: PaymentRow | None, recorded: Recorded) -> PaymentRow:
    """Fold one fact in."""
    at = recorded.meta.recorded_at
    if row is None:
        row = PaymentRow(stream=recorded.stream, seen_at=at, updated_at=at)
    folded = evolve(row.folded, recorded)
    event = recorded.event
    content = getattr(event, "content", None)
    if isinstance(content, e.PaymentContent):
        row = _content(row, content)
    if isinstance(event, e.PaymentSettled):
        row = msgspec.structs.replace(row, settled=event.content.amount)
    return msgspec.structs.replace(
        row,
        state=own_state(folded),
        reason=folded.reason,
        detail=event.detail if isinstance(event, e.PaymentHeld) else row.detail if folded.phase == "held" else "",
        updated_at=at,
        folded=msgspec.structs.replace(folded, content=None, settled=None),
    )


def own_state(payment: Payment) -> str:
    """Give the state the payment's own facts tell; "planned" when its postings must be asked."""
    return _reversal_state(payment) if payment.is_reversed else _PHASES.get(payment.phase, "planned")


def _reversal_state(payment: Payment) -> str:
    if payment.reversal is None:
        return "waiting"
    if payment.reversal.tasks and not payment.by_hand:
        return "held"
    return "reversing" if payment.reversal.reversing else "reversed"


def payment_state(payment: Payment, states: Mapping[str, str]) -> str:
    """Give a payment's state; states: of its postings by KEY1 (one not folded yet is waiting)."""
    own = own_state(payment)
    if own == "reversing" and payment.reversal is not None:
        taken_back = (states.get(leg.posting, "waiting") for leg in payment.reversal.reversing)
        least = min(taken_back, key=ADVANCE.index)
        return "reversed" if least == "posted" else least
    if own != "planned":
        return own
    legs = [states.get(leg.posting, "waiting") for leg in payment.legs]
    return min(legs, key=ADVANCE.index, default="held")  # a plan without legs books nothing: a person looks


def index(row: PaymentRow) -> Index:
    """List payments by their id."""
    pays = (f"{PAYS}{paid.invoice}" for paid in row.remittances)
    return Index(state=row.state, sort_key=row.payment_id, amount=row.amount.minor, terms=(row.payment_id, *pays))


PROJECTION = Projection("payments", data=PaymentRow, evolve=evolve_row, index=index, handles=HANDLES)


def listed(
    store: ProjectionStore, connection: UUID, *, states: Collection[str] | None = None, supplier: str = ""
) -> list[PaymentView]:
    """Give a connection's payments with their postings; supplier: its number or vendor ExternalId."""
    by_key = {row.key1: row for row in postings.PROJECTION.all(store, connection=connection)}
    views = (_view(row, by_key) for row in PROJECTION.all(store, connection=connection))
    return [
        view
        for view in views
        if (states is None or view.state in states)
        and (not supplier or supplier in (view.payment.vendor, view.payment.vendor.rpartition("|")[2]))
    ]


def one(store: ProjectionStore, connection: UUID, payment_id: str) -> PaymentView | None:
    """Give one payment with its postings, None when it was never seen."""
    stream = stream_id(connection, "payment", payment_id)
    row = PROJECTION.some(store, connection, [stream.hex]).get(stream.hex)
    if row is None:
        return None
    streams = [stream_id(connection, "posting", key1).hex for key1 in posting_keys(row.folded)]
    rows = postings.PROJECTION.some(store, connection, streams)
    return _view(row, {posting.key1: posting for posting in rows.values()})


def posting_keys(payment: Payment) -> tuple[str, ...]:
    """Name the postings of a payment and of its reversal."""
    reversing: Iterable[e.Leg] = payment.reversal.reversing if payment.reversal else ()
    return tuple(leg.posting for leg in (*payment.legs, *reversing))


def _view(row: PaymentRow, by_key: Mapping[str, PostingRow]) -> PaymentView:
    found = tuple(by_key[key1] for key1 in posting_keys(row.folded) if key1 in by_key)
    why = (row.reason, *(posting.reason for posting in found if posting.state != "posted"))
    return PaymentView(
        payment=row,
        state=payment_state(row.folded, {posting.key1: posting.state for posting in found}),
        why=tuple(dict.fromkeys(reason for reason in why if reason)),
        postings=found,
    )


def _content(row: PaymentRow, content: e.PaymentContent) -> PaymentRow:
    return msgspec.structs.replace(
        row,
        payment_id=content.payment_id,
        status=content.status,
        method=content.method,
        number=content.number,
        amount=content.amount,
        payment_date=content.payment_date,
        settled_date=content.settled_date,
        vendor=content.vendor_external_id,
        replaces=content.replaces_payment_id,
        remittances=tuple(
            Paid(invoice=r.invoice_external_id, net=r.net, discount=r.discount) for r in content.remittances
        ),
    )
