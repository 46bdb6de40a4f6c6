"""What is decided about a supplier: what a poll saw, what AvidXchange answered, what a person ordered."""

from collections.abc import Sequence
from datetime import datetime

from domain.event import Event
from domain.identifiers import supplier_key
from domain.ports.answers import Breach
from domain.suppliers.events import (
    SupplierBlocked,
    SupplierChanged,
    SupplierConfirmed,
    SupplierContent,
    SupplierRecorded,
    SupplierRefused,
    SupplierRetryOrdered,
    SupplierUnblocked,
)
from domain.suppliers.supplier import EXCLUDED, Supplier


def decide_seen(
    state: Supplier, content: SupplierContent, *, went_back_at: datetime | None = None
) -> tuple[Event, ...]:
    """Record what Infor says; nothing when it says the same. One that never was active does not go out.

    went_back_at: when the store went back. What may have been sent since its backup is sent anew, as it is now: what
    Infor changed twice looks unchanged, and AvidXchange holds what was sent in between.
    """
    unsure = state.may_be_other(went_back_at)
    to_send = content.active or state.ever_sent or unsure
    if state.content is None:
        return (SupplierRecorded(content=content, to_send=to_send),)
    if state.content == content and not unsure:
        return ()
    if content.active and not state.content.active:
        return (SupplierUnblocked(content=content, to_send=to_send),)
    if state.content.active and not content.active:
        return (SupplierBlocked(content=content, to_send=to_send),)
    return (SupplierChanged(content=content, to_send=to_send),)


def decide_confirmed(
    state: Supplier, *, sent: Supplier, vendor_id: str, enrolment: str, digest: str
) -> tuple[Event, ...]:
    """Record AvidXchange's receipt for what was `sent`.

    state: as it is now; when Infor blocked the supplier meanwhile, the receipt no longer opens the gate.
    """
    if sent.content is None or state.content is None or state.settled >= sent.version:
        return ()
    active = sent.content.active and state.content.active
    return (
        SupplierConfirmed(
            key=supplier_key(sent.content.company, sent.content.number),
            vendor_id=vendor_id,
            enrolment=enrolment,
            digest=digest,
            of_version=sent.version,
            opens_gate=active and enrolment != EXCLUDED,
        ),
    )


def decide_refused(
    state: Supplier, *, sent: Supplier, code: str, text: str, field: str = "", breach: Breach | None = None
) -> tuple[Event, ...]:
    """Record AvidXchange's refusal of what was `sent`, or our own (`breach`) of what would have been."""
    if sent.content is None or state.settled >= sent.version:
        return ()
    return (
        SupplierRefused(
            key=supplier_key(sent.content.company, sent.content.number),
            code=code,
            text=text,
            of_version=sent.version,
            field=breach.field if breach else field,
            limit=breach.limit if breach else None,
            length=breach.length if breach else None,
        ),
    )


def decide_breaches(state: Supplier, *, sent: Supplier, breaches: Sequence[Breach]) -> tuple[Event, ...]:
    """Refuse what is over AvidXchange's limits, before sending; the first field is named, the text names all."""
    text = "; ".join(str(breach) for breach in breaches)
    return decide_refused(state, sent=sent, code="FIELD_TOO_LONG", text=text, breach=breaches[0])


def decide_retry(state: Supplier, person: str, reason: str) -> tuple[Event, ...]:
    """A person sends a refused or excluded supplier again; nothing when there is nothing to retry."""
    excluded = state.confirmed is not None and state.confirmed.enrolment == EXCLUDED
    if state.retry_ordered or not (state.refused or excluded):
        return ()
    return (SupplierRetryOrdered(person=person, reason=reason),)
