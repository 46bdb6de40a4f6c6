"""Timeline: the life of one record across both systems, as of now, of a time or of an event."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import msgspec

from domain.errors import MisconfiguredError
from domain.event import Recorded
from domain.identifiers import InvoiceKey, stream_id
from domain.invoices import events as i
from domain.invoices import invoice
from domain.payments import events as y
from domain.payments import payment
from domain.ports.projections import ProjectionStore
from domain.ports.store import EventLog
from domain.postings import posting
from domain.suppliers import supplier
from projections import postings
from projections.payments import PAYS, payment_state
from projections.plain import plain
from projections.search import Record
from projections.sentences import sentence, system_of
from projections.suppliers import state_of

AsOf = datetime | int | None
Histories = Mapping[UUID, Sequence[Recorded]]
MOST_PAYMENTS = 100  # payments of one invoice that are looked for


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One event in words; `data` is its fact as plain values."""

    position: int
    version: int
    type: str
    stream: str
    recorded_at: str
    occurred_at: str
    system: str
    actor: str
    summary: str
    data: dict[str, Any]


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The life of a record; `state` is as of the same moment as the events."""

    record: str
    kind: str
    state: str
    events: tuple[Entry, ...]


def parse_as_of(text: str) -> AsOf:
    """Read `--as-of`: an event's position, a time (UTC without a zone) or a day (its end); "" is now."""
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    try:
        if len(text) == len("2026-01-31"):
            return datetime.combine(date.fromisoformat(text), time.max, tzinfo=UTC)
        at = datetime.fromisoformat(text)
    except ValueError:
        raise MisconfiguredError(
            f"--as-of {text!r} is neither an event's position nor an ISO 8601 time such as 2026-01-31T12:00:00Z"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def read_timeline(log: EventLog, store: ProjectionStore, record: Record, *, as_of: AsOf = None) -> Timeline:
    """Read a record's stream and those beside it: an invoice's payments and postings, a payment's postings."""
    histories: dict[UUID, Sequence[Recorded]] = dict(log.load([record.stream]))
    if record.kind == "invoice":
        histories.update(log.load(_paying(store, record)))
    for _ in range(2):  # payments name their postings, and an invoice's postings their payments
        named = {stream for history in histories.values() for r in history for stream in _names(r, record)}
        histories.update(log.load(sorted(named - histories.keys())))
    return timeline(record, histories, as_of=as_of)


def timeline(record: Record, histories: Histories, *, as_of: AsOf = None) -> Timeline:
    """Turn histories into a timeline, in the order of the log."""
    kept = {stream: [r for r in history if _is_known(r, as_of)] for stream, history in histories.items()}
    events = sorted((r for history in kept.values() for r in history), key=lambda r: r.position)
    return Timeline(
        record=record.name,
        kind=record.kind,
        state=_state(record, kept),
        events=tuple(entry(recorded) for recorded in events),
    )


def entry(recorded: Recorded) -> Entry:
    """Put one event in words."""
    event, meta = recorded.event, recorded.meta
    return Entry(
        position=recorded.position,
        version=recorded.version,
        type=type(event).__name__,
        stream=str(recorded.stream),
        recorded_at=plain(meta.recorded_at),
        occurred_at=plain(meta.occurred_at),
        system=system_of(event),
        actor=meta.actor,
        summary=sentence(event),
        data=plain(event),
    )


def _is_known(recorded: Recorded, as_of: AsOf) -> bool:
    if as_of is None:
        return True
    if isinstance(as_of, int):
        return recorded.position <= as_of
    return recorded.meta.recorded_at <= as_of


def _state(record: Record, histories: Histories) -> str:
    history = histories.get(record.stream, ())
    if not history:
        return ""
    match record.kind:
        case "invoice":
            return invoice.fold(history).phase
        case "payment":
            return payment_state(payment.fold(history), dict(_posting_states(histories.values())))
        case "posting":
            return postings.STATES[posting.fold(history).phase]
        case _:
            return state_of(supplier.fold(history))


def _posting_states(histories: Iterable[Sequence[Recorded]]) -> Iterable[tuple[str, str]]:
    for history in histories:
        state = posting.fold(history)
        if state.plan is not None:
            yield state.plan.key1, postings.STATES[state.phase]


def _paying(store: ProjectionStore, record: Record) -> list[UUID]:
    found = store.find(
        PAYS + record.name,
        connection=record.connection,
        exact=True,
        projections=["payments"],
        limit=MOST_PAYMENTS,
    )
    return [UUID(hit.key) for hit in found]


def _names(recorded: Recorded, record: Record) -> list[UUID]:
    """Name the streams an event leads to: payments and postings, for an invoice only those of its division."""
    connection = recorded.meta.connection
    key = InvoiceKey.parse(record.name) if record.kind == "invoice" else None
    match recorded.event:
        case i.InvoicePaymentStarted() | i.InvoicePaymentPosted() as paid:
            return [
                stream_id(connection, "posting", paid.posting),
                stream_id(connection, "payment", paid.payment_id),
            ]
        case y.PaymentPostingsPlanned(legs=legs) | y.PaymentReversalPlanned(reversing=legs):
            wanted = [leg for leg in legs if key is None or leg.division == key.division]
            return [stream_id(connection, "posting", leg.posting) for leg in wanted]
        case _:
            return []
