"""What each fact makes of an invoice: one small function per event type, never raising."""

from collections.abc import Callable
from typing import Any

import msgspec

from domain.event import Event, Recorded
from domain.identifiers import LedgerRow
from domain.invoices import events as e
from domain.invoices import submission_events as s
from domain.invoices.content import InvoiceContent
from domain.invoices.forgotten import as_forgotten
from domain.invoices.state import (
    BATCH_LIMIT,
    DOUBTED_ALONE,
    MAY_BE_FORGOTTEN,
    Attempt,
    EmptyLook,
    Invoice,
    PostedPayment,
)
from domain.ports.ledger import InvoiceHead

Handler = Callable[[Invoice, Any, Recorded], Invoice]
replace = msgspec.structs.replace

SENDABLE_AGAIN = ("", "not_eligible", "waiting", "held", "withdrawn", "key_changed", "refused", "different")


def evolve(state: Invoice, recorded: Recorded) -> Invoice:
    """Fold one event in; facts of other aggregates change nothing."""
    handler = _HANDLERS.get(type(recorded.event))
    changed = handler(state, recorded.event, recorded) if handler else state
    return replace(changed, version=recorded.version)


def head_of(content: InvoiceContent) -> InvoiceHead:
    """Give the facts a content is read again by."""
    return InvoiceHead(
        key=content.key,
        row=content.row,
        voucher=content.voucher,
        series=content.series,
        invoice_date=content.invoice_date,
        due_date=content.due_date,
        accounting_date=content.accounting_date,
        gross=content.gross,
        approved=True,
        payment_status=0,
        changed=None,
    )


def _read(state: Invoice, event: e.InvoiceApproved | e.InvoiceChangedInInfor, recorded: Recorded) -> Invoice:
    return replace(
        state,
        moved=_without(state, event.content.row),
        key=event.content.key,
        content=event.content,
        digest=event.digest,
        head=head_of(event.content),
        read_at=recorded.meta.recorded_at,
    )


def _approved(state: Invoice, event: e.InvoiceApproved, recorded: Recorded) -> Invoice:
    read = _read(state, event, recorded)
    return replace(read, stage="waiting", reason="", moved_to=None, image_due=True)


def _changed(state: Invoice, event: e.InvoiceChangedInInfor, recorded: Recorded) -> Invoice:
    read = _read(state, event, recorded)
    if event.live:
        return read
    again = state.stage in SENDABLE_AGAIN
    return replace(
        read, image_due=True, stage="waiting" if again else state.stage, reason="" if again else state.reason
    )


def _not_eligible(state: Invoice, event: e.InvoiceNotEligible, _: Recorded) -> Invoice:
    head = state.head
    if event.invoice_date is not None:
        head = InvoiceHead(
            key=event.key,
            row=event.row,
            voucher=event.voucher,
            series=event.series,
            invoice_date=event.invoice_date,
            due_date=event.due_date,
            accounting_date=event.accounting_date,
            gross=event.gross,
            approved=True,
            payment_status=0,
            changed=None,
        )
    return replace(
        state,
        key=event.key,
        stage="not_eligible",
        reason=event.reason,
        head=head,
        moved_to=None,
        moved=_without(state, event.row),
        image_due=False,
    )


def _withdrawn(state: Invoice, event: e.InvoiceWithdrawnInInfor, _: Recorded) -> Invoice:
    return replace(state, stage="withdrawn", reason=event.detail, image_due=False)


def _key_changed(state: Invoice, event: e.InvoiceKeyChanged, _: Recorded) -> Invoice:
    stage = state.stage if state.at_large else "key_changed"
    moved = (*_without(state, event.row), (event.row.natural_key, event.new_key.external_id))
    return replace(state, key=event.old_key, moved_to=event.new_key, moved=moved, stage=stage, image_due=False)


def _without(state: Invoice, row: LedgerRow) -> tuple[tuple[str, str], ...]:
    """Give the moved rows but this one."""
    return tuple(pair for pair in state.moved if pair[0] != row.natural_key)


def _at_risk(state: Invoice, event: e.InvoiceAtRiskInInfor, _: Recorded) -> Invoice:
    return replace(state, risks=event.risks, risk_detail=event.detail)


def _image_fetched(state: Invoice, event: e.InvoiceImageFetched, _: Recorded) -> Invoice:
    return replace(state, image=event.image, image_missing=None, image_due=False)


def _image_missing(state: Invoice, event: e.InvoiceImageMissing, _: Recorded) -> Invoice:
    return replace(state, image=None, image_missing=(event.reason, event.hold), image_due=False)


def _held(state: Invoice, event: e.InvoiceHeld, _: Recorded) -> Invoice:
    desk = event.reason if event.reason == DOUBTED_ALONE else state.desk
    twin = (event.waits_for or "").partition(":")[2] if event.reason == MAY_BE_FORGOTTEN else state.resembles
    return replace(state, stage="held", reason=event.reason, desk=desk, resembles=twin) if state.sendable else state


def _released(state: Invoice, event: e.InvoiceReleased | s.InvoiceResubmissionOrdered, _: Recorded) -> Invoice:
    stage = state.stage if state.at_large else "waiting"
    ignored = event.ignore_ids if isinstance(event, s.InvoiceResubmissionOrdered) else ()
    return replace(
        state,
        stage=stage,
        reason="",
        desk="",
        distinct=state.distinct or state.reason == MAY_BE_FORGOTTEN,
        doubts=0,
        batch_limit=BATCH_LIMIT,
        ignored_ids=state.ignored_ids | set(ignored),
    )


def _status(state: Invoice, event: e.InvoiceStatusReported, _: Recorded) -> Invoice:
    return replace(state, avid_status=event.status)


def _rejected(state: Invoice, event: e.InvoiceRejectedByAvid, _: Recorded) -> Invoice:
    ended = state.forgotten is not None and state.forgotten.avid_invoice_id == event.avid_invoice_id
    return replace(
        state,
        forgotten=None if ended else state.forgotten,
        stage="void" if event.status == "Void" else "rejected",
        reason=event.status_reason or event.status,
        live=False,
        avid_invoice_id="",
        avid_status=event.status,
        ids=state.ids | {event.avid_invoice_id},
        dead_ids=state.dead_ids | {event.avid_invoice_id},
        risks=(),  # with what was out there; what is found live after it is at risk anew
        twice_ids=(),
        different_id="",
        empty_look=None,
        look_at=None,
    )


def _started(state: Invoice, event: s.InvoiceSubmissionStarted, _: Recorded) -> Invoice:
    attempt = Attempt(
        number=event.attempt,
        attempt_id=event.attempt_id,
        batch=event.batch,
        members=event.members,
        look_at=event.look_at,
        incarnation=event.incarnation,
        content=state.content,
    )
    return replace(
        state,
        stage="sending",
        key=event.key,
        reason="",
        attempt=attempt,
        attempts=max(state.attempts, event.attempt),
        look_at=event.look_at,
        empty_look=None,
        different_id="",  # the look before it found no such one any more
    )


def _not_sent(state: Invoice, event: s.InvoiceNotSent, _: Recorded) -> Invoice:
    answered = state.answered | {event.attempt_id}
    return _not_there(replace(state, stage="waiting", answered=answered, unsent=state.unsent + 1))


def _submitted(state: Invoice, event: s.InvoiceSubmitted | s.InvoiceFoundByLookup, _: Recorded) -> Invoice:
    by_owner = isinstance(event, s.InvoiceSubmitted)
    return replace(
        state,
        stage="submitted",
        key=event.key,
        live=True,
        reason="",
        avid_invoice_id=event.avid_invoice_id,
        avid_status=event.status,
        ids=state.ids | {event.avid_invoice_id},
        twice_ids=(),
        different_id="",
        answered=state.answered | ({event.attempt_id} if by_owner else set()),
        doubts=0,
        unsent=0,
        look_at=None,
        empty_look=None,
    )


def _refused(state: Invoice, event: s.InvoiceSubmissionRefused, _: Recorded) -> Invoice:
    halved = event.whole_batch and event.members > 1
    refused = replace(
        state,
        stage="waiting" if halved else "refused",
        reason="" if halved else event.code,
        answered=state.answered | ({event.attempt_id} if event.attempt_id else set()),
        batch_limit=_half(event.members) if halved else state.batch_limit,
    )
    return _not_there(refused)


def _doubted(state: Invoice, event: s.InvoiceSubmissionDoubted, _: Recorded) -> Invoice:
    return replace(state, stage="doubt", doubts=state.doubts + 1, look_at=event.look_at, empty_look=None)


def _looked_up(state: Invoice, event: s.InvoiceLookedUp, _: Recorded) -> Invoice:
    look = EmptyLook(event.begun_at, event.answered_at) if event.conclusive else None
    return replace(state, empty_look=look, look_at=event.look_at)


def _absent(state: Invoice, event: s.InvoiceAbsentAfterSettling, _: Recorded) -> Invoice:
    limit = state.batch_limit if state.doubts < 2 else _half(event.members)  # noqa: PLR2004 (the second doubt)
    return _not_there(replace(state, stage="waiting", batch_limit=limit))


def _not_there(state: Invoice) -> Invoice:
    """AvidXchange does not hold it: nothing is looked up, and what M3 does with it endangers nothing there."""
    return replace(state, risks=(), look_at=None, empty_look=None)


def _twice(state: Invoice, event: s.InvoiceFoundTwice, _: Recorded) -> Invoice:
    stage = state.stage if state.live else "twice"
    ids = state.ids | set(event.avid_invoice_ids)
    return replace(
        state,
        stage=stage,
        twice_ids=event.avid_invoice_ids,
        different_id="",
        ids=ids,
        look_at=None,
        empty_look=None,
    )


def _different(state: Invoice, event: s.InvoiceFoundDifferent, _: Recorded) -> Invoice:
    ids = state.ids | {event.avid_invoice_id}
    return replace(
        state,
        stage="different",
        reason=event.field,
        twice_ids=(),
        different_id=event.avid_invoice_id,
        ids=ids,
        look_at=None,
        empty_look=None,
    )


def _found_forgotten(state: Invoice, event: s.InvoiceFoundForgotten, _: Recorded) -> Invoice:
    return replace(state, forgotten=as_forgotten(event) if event.live else None)


def _late(state: Invoice, event: s.InvoiceAnsweredLate, _: Recorded) -> Invoice:
    return replace(state, key=event.key, answered=state.answered | {event.attempt_id})


def _resolved(state: Invoice, event: s.InvoiceDoubtResolved, _: Recorded) -> Invoice:
    if event.resolution == "absent":
        return _not_there(replace(state, stage="waiting", doubts=0))
    known = {event.avid_invoice_id} if event.avid_invoice_id else set()
    return replace(
        state,
        stage="submitted",
        live=True,
        avid_invoice_id=event.avid_invoice_id,
        ids=state.ids | known,
        twice_ids=(),
        doubts=0,
        look_at=None,
        empty_look=None,
    )


def _payment_started(state: Invoice, event: e.InvoicePaymentStarted, _: Recorded) -> Invoice:
    return replace(state, payment_in_flight=event.posting)


def _payment_posted(state: Invoice, event: e.InvoicePaymentPosted, recorded: Recorded) -> Invoice:
    payment = PostedPayment(
        posting=event.posting,
        net=event.net,
        discount=event.discount,
        ledger_row=event.ledger_row,
        reversal=event.reversal,
        voucher=event.voucher,
        booked_at=recorded.meta.recorded_at,
    )
    return replace(_payment_over(state, event.posting), posted=(*state.posted, payment), partly_paid=False)


def _payment_ended(state: Invoice, event: e.InvoicePaymentEnded, _: Recorded) -> Invoice:
    return _payment_over(state, event.posting)


def _payment_over(state: Invoice, posting: str) -> Invoice:
    return replace(state, payment_in_flight="") if state.payment_in_flight == posting else state


def _partly_paid(state: Invoice, _event: e.InvoicePartlyPaid, _: Recorded) -> Invoice:
    return replace(state, partly_paid=True)


def _closed(state: Invoice, _event: e.InvoiceClosed, _: Recorded) -> Invoice:
    return replace(state, stage="closed", partly_paid=False, risks=())


def _reopened(state: Invoice, _event: e.InvoiceReopened, _: Recorded) -> Invoice:
    return replace(state, stage="submitted")


def _half(members: int) -> int:
    return max(1, members // 2)


_HANDLERS: dict[type[Event], Handler] = {
    e.InvoiceApproved: _approved,
    e.InvoiceChangedInInfor: _changed,
    e.InvoiceNotEligible: _not_eligible,
    e.InvoiceWithdrawnInInfor: _withdrawn,
    e.InvoiceKeyChanged: _key_changed,
    e.InvoiceAtRiskInInfor: _at_risk,
    e.InvoiceImageFetched: _image_fetched,
    e.InvoiceImageMissing: _image_missing,
    e.InvoiceHeld: _held,
    e.InvoiceReleased: _released,
    e.InvoiceStatusReported: _status,
    e.InvoiceRejectedByAvid: _rejected,
    e.InvoicePaymentStarted: _payment_started,
    e.InvoicePaymentPosted: _payment_posted,
    e.InvoicePaymentEnded: _payment_ended,
    e.InvoicePartlyPaid: _partly_paid,
    e.InvoiceClosed: _closed,
    e.InvoiceReopened: _reopened,
    s.InvoiceSubmissionStarted: _started,
    s.InvoiceNotSent: _not_sent,
    s.InvoiceSubmitted: _submitted,
    s.InvoiceFoundByLookup: _submitted,
    s.InvoiceSubmissionRefused: _refused,
    s.InvoiceSubmissionDoubted: _doubted,
    s.InvoiceLookedUp: _looked_up,
    s.InvoiceAbsentAfterSettling: _absent,
    s.InvoiceFoundTwice: _twice,
    s.InvoiceFoundDifferent: _different,
    s.InvoiceFoundForgotten: _found_forgotten,
    s.InvoiceAnsweredLate: _late,
    s.InvoiceResubmissionOrdered: _released,
    s.InvoiceDoubtResolved: _resolved,
}
