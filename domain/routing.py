"""Routing: what each event makes due. Pure, one table; every event type has a row or an explicit nothing.

A row in `NOTHING` is a decision too: such an event moves no work (a projection may still raise an issue).
"""

from collections.abc import Callable
from typing import Any

from domain import keys
from domain.connections import events as connection
from domain.effects import Done, Due, Effect, Open, Shut, Wait, Wake
from domain.errands import events as work
from domain.event import Event, Recorded
from domain.identifiers import code_key, supplier_key
from domain.invoices import events as invoice
from domain.invoices import submission_events as submission
from domain.issues import events as issue
from domain.ledger_codes import events as code
from domain.payments import events as payment
from domain.polls import events as poll
from domain.postings import events as posting
from domain.suppliers import events as supplier

Route = Callable[[Any, Recorded], tuple[Effect, ...]]


def route(recorded: Recorded) -> tuple[Effect, ...]:
    """Give the effects of one recorded event, in the order they apply."""
    event_type = type(recorded.event)
    if event_type in NOTHING:
        return ()
    return ROUTES[event_type](recorded.event, recorded)


def _due(errand: str) -> Route:
    return lambda _, r: (Due(errand, r.stream),)


def _done(*errands: str) -> Route:
    return lambda _, r: tuple(Done(errand, r.stream) for errand in errands)


def _supplier_seen(e: Any, r: Recorded) -> tuple[Effect, ...]:
    key = f"supplier:{supplier_key(e.content.company, e.content.number)}"
    return _seen(key, "send_suppliers", e, r)


def _code_seen(e: Any, r: Recorded) -> tuple[Effect, ...]:
    key = f"code:{code_key(e.content.company, e.content.dimension, e.content.value)}"
    return _seen(key, "send_ledger_codes", e, r)


def _seen(key: str, errand: str, e: Any, r: Recorded) -> tuple[Effect, ...]:
    """Send it, and wake what waits for it: why the gate is shut may be another now, and is judged anew."""
    gate = (Wake(key),) if e.content.active else (Shut(key), Wake(key))
    return (*gate, Due(errand, r.stream)) if e.to_send else gate


def _upserted(errand: str, kind: str) -> Route:
    def effects(e: Any, r: Recorded) -> tuple[Effect, ...]:
        key = f"{kind}:{e.key}"
        return (Done(errand, r.stream, e.of_version), *((Open(key),) if e.opens_gate else (Shut(key), Wake(key))))

    return effects


def _held(errand: str) -> Route:
    return lambda e, r: (Wait(errand, r.stream, e.waits_for) if e.waits_for else Done(errand, r.stream),)


def _invoice_held(e: invoice.InvoiceHeld, r: Recorded) -> tuple[Effect, ...]:
    """Search the image one waits for: one that was live when Infor named it was never searched for."""
    search = (Due("fetch_images", r.stream),) if e.waits_for == keys.image(e.key.external_id) else ()
    return (*_held("submit_invoices")(e, r), *search)


def _live(e: Any, r: Recorded) -> tuple[Effect, ...]:
    done = (Done("look_up_invoices", r.stream), Done("submit_invoices", r.stream))
    return (*done, Open(keys.invoice(e.key.external_id)))


def _image_missing(e: invoice.InvoiceImageMissing, r: Recorded) -> tuple[Effect, ...]:
    if e.hold:
        return (Shut(keys.image(e.key.external_id)), Due("submit_invoices", r.stream))
    return (Done("fetch_images", r.stream), Due("submit_invoices", r.stream))


def _submission_refused(e: submission.InvoiceSubmissionRefused, r: Recorded) -> tuple[Effect, ...]:
    halved = e.whole_batch and e.members > 1
    after: Effect = Due("submit_invoices", r.stream) if halved else Done("submit_invoices", r.stream)
    return (Done("look_up_invoices", r.stream), after)


def _doubt_resolved(e: submission.InvoiceDoubtResolved, r: Recorded) -> tuple[Effect, ...]:
    if e.resolution == "absent":
        return (Done("look_up_invoices", r.stream), Due("submit_invoices", r.stream))
    return _live(e, r)


def _posting_ended(*, key1: str, r: Recorded) -> tuple[Effect, ...]:
    errands = ("send_postings", "resume_posting", "confirm_posting")
    return (*(Done(errand, r.stream) for errand in errands), Open(keys.posting(key1)))


def _posting_came_to_nothing(e: posting.PostingRefused | posting.PostingAbandoned, r: Recorded) -> tuple[Effect, ...]:
    """If it was the one that goes first, another may: what waits for the first posting's approval decides anew."""
    return (*_posting_ended(key1=e.key1, r=r), Wake(keys.FIRST_POSTING))


def _posting_held(e: posting.PostingHeld, r: Recorded) -> tuple[Effect, ...]:
    """A held posting is in nobody's way: what queues behind it goes on (a reissue waits for its reversal's end)."""
    free: tuple[Effect, ...] = (Open(keys.posting(e.key1)),) if e.key1.startswith("T") else ()
    if e.waits_for != keys.FIRST_POSTING:
        free = (*free, Wake(keys.FIRST_POSTING))
    return (*_held("send_postings")(e, r), Done("resume_posting", r.stream), *free)


def _posting_doubted(e: posting.PostingDoubted, r: Recorded) -> tuple[Effect, ...]:
    if not e.after_handover:
        return (Due("resume_posting", r.stream, e.look_at),)
    done = (Done("send_postings", r.stream), Done("resume_posting", r.stream))
    return (*done, Due("confirm_posting", r.stream, e.look_at))


def _posting_resolved(e: posting.PostingDoubtResolved, r: Recorded) -> tuple[Effect, ...]:
    ended = _posting_ended(key1=e.key1, r=r)
    if e.resolution == "absent":
        return (*ended, Wake(keys.FIRST_POSTING))
    return (*ended, *_taken_back(e))


def _posting_confirmed(e: posting.PostingConfirmed, r: Recorded) -> tuple[Effect, ...]:
    return (*_posting_ended(key1=e.key1, r=r), *_taken_back(e))


def _taken_back(e: posting.PostingConfirmed | posting.PostingDoubtResolved) -> tuple[Effect, ...]:
    """A booked reversal frees its reissue: the payment's key opens with the first leg, a leg's with its own."""
    if not e.key1.startswith("R"):
        return ()
    return (Open(keys.reversed_payment(e.payment_id)), Open(keys.taken_back(e.key1)))


def _reversal_planned(e: payment.PaymentReversalPlanned, r: Recorded) -> tuple[Effect, ...]:
    done: tuple[Effect, ...] = (Done("plan_reversal", r.stream),)
    return done if e.reversing or e.tasks else (*done, Open(keys.reversed_payment(e.payment_id)))


def _forgotten_sought(e: connection.ForgottenInvoicesSought, _: Recorded) -> tuple[Effect, ...]:
    effects: list[Effect] = [Shut(keys.forgotten(name)) for name in e.forgotten]
    effects += [Open(keys.forgotten(name)) for name in e.cleared]
    return (*effects, Open(keys.FORGOTTEN_SOUGHT)) if e.complete else tuple(effects)


ROUTES: dict[type[Event], Route] = {
    supplier.SupplierRecorded: _supplier_seen,
    supplier.SupplierChanged: _supplier_seen,
    supplier.SupplierBlocked: _supplier_seen,
    supplier.SupplierUnblocked: _supplier_seen,
    supplier.SupplierConfirmed: _upserted("send_suppliers", "supplier"),
    supplier.SupplierRefused: lambda e, r: (
        Done("send_suppliers", r.stream, e.of_version),
        Wake(f"supplier:{e.key}"),
    ),
    supplier.SupplierRetryOrdered: _due("send_suppliers"),
    code.LedgerCodeRecorded: _code_seen,
    code.LedgerCodeChanged: _code_seen,
    code.LedgerCodeBlocked: _code_seen,
    code.LedgerCodeConfirmed: _upserted("send_ledger_codes", "code"),
    code.LedgerCodeRefused: lambda e, r: (
        Done("send_ledger_codes", r.stream, e.of_version),
        *((Shut(f"code:{e.key}"),) if e.shuts_gate else ()),
        Wake(f"code:{e.key}"),
    ),
    code.LedgerCodeRetryOrdered: _due("send_ledger_codes"),
    invoice.InvoiceApproved: _due("fetch_images"),
    invoice.InvoiceChangedInInfor: lambda e, r: () if e.live else (Due("fetch_images", r.stream),),
    invoice.InvoiceImageFetched: lambda e, r: (
        Done("fetch_images", r.stream),
        Open(keys.image(e.key.external_id)),
        Due("submit_invoices", r.stream),
    ),
    invoice.InvoiceImageMissing: _image_missing,
    invoice.InvoiceNotEligible: _done("fetch_images", "submit_invoices"),
    invoice.InvoiceWithdrawnInInfor: _done("fetch_images", "submit_invoices"),
    invoice.InvoiceKeyChanged: _done("fetch_images", "submit_invoices"),
    invoice.InvoiceHeld: _invoice_held,
    invoice.InvoiceReleased: _due("submit_invoices"),
    submission.InvoiceResubmissionOrdered: _due("submit_invoices"),
    submission.InvoiceSubmissionStarted: lambda e, r: (
        Done("submit_invoices", r.stream),
        Due("look_up_invoices", r.stream, e.look_at),
    ),
    submission.InvoiceNotSent: lambda e, r: (
        Done("look_up_invoices", r.stream),
        Due("submit_invoices", r.stream, e.retry_at),
    ),
    submission.InvoiceSubmitted: _live,
    submission.InvoiceFoundByLookup: _live,
    submission.InvoiceSubmissionRefused: _submission_refused,
    submission.InvoiceSubmissionDoubted: lambda e, r: (Due("look_up_invoices", r.stream, e.look_at),),
    submission.InvoiceLookedUp: lambda e, r: (Due("look_up_invoices", r.stream, e.look_at),),
    submission.InvoiceAbsentAfterSettling: lambda _, r: (
        Done("look_up_invoices", r.stream),
        Due("submit_invoices", r.stream),
    ),
    submission.InvoiceFoundTwice: _done("look_up_invoices", "submit_invoices"),
    submission.InvoiceFoundDifferent: _done("look_up_invoices", "submit_invoices"),
    submission.InvoiceDoubtResolved: _doubt_resolved,
    invoice.InvoiceRejectedByAvid: lambda e, r: (
        Done("look_up_invoices", r.stream),
        Done("submit_invoices", r.stream),
        Shut(keys.invoice(e.key.external_id)),
    ),
    # One that is only looked up begins no chain, and has let others pass while it was held.
    invoice.InvoicePaymentStarted: lambda e, _: (Shut(keys.posting(e.posting)),),
    invoice.InvoicePaymentPosted: _due("close_invoices"),
    invoice.InvoicePartlyPaid: _done("close_invoices"),
    invoice.InvoiceClosed: _done("close_invoices"),
    # What M3 paid beside us closes nothing; polls look at it until the danger has passed, and close it then.
    invoice.InvoiceAtRiskInInfor: lambda e, r: (Done("close_invoices", r.stream),) if "PAID" in e.risks else (),
    payment.PaymentSettled: _due("post_payment"),
    payment.PaymentPostingOrdered: _due("post_payment"),
    payment.PaymentHeld: _held("post_payment"),
    payment.PaymentIgnored: _done("post_payment"),
    payment.PaymentPostingsPlanned: _done("post_payment"),
    payment.PaymentStatusUnknown: _done("post_payment"),
    payment.PaymentReversed: lambda _, r: (Done("post_payment", r.stream), Due("plan_reversal", r.stream)),
    payment.PaymentReversalHeld: lambda e, r: (Wait("plan_reversal", r.stream, e.waits_for),),
    payment.PaymentReversalPlanned: _reversal_planned,
    payment.ReversalDoneByHand: lambda e, _: (Open(keys.reversed_payment(e.payment_id)),),
    posting.PostingPlanned: _due("send_postings"),
    posting.PostingReleased: _due("send_postings"),
    posting.PostingHeld: _posting_held,
    posting.PostingStarted: lambda e, r: (
        Shut(keys.posting(e.key1)),
        Done("send_postings", r.stream),
        Due("resume_posting", r.stream, e.look_at),
    ),
    posting.PostingNotSent: lambda e, r: (
        Due("confirm_posting" if e.after_handover else "resume_posting", r.stream, e.retry_at),
    ),
    posting.PostingHandoverStarted: lambda e, r: (
        Done("send_postings", r.stream),
        Done("resume_posting", r.stream),
        Due("confirm_posting", r.stream, e.look_at),
    ),
    posting.PostingHandedOver: lambda e, r: (Due("confirm_posting", r.stream, e.look_at),),
    posting.PostingDoubted: _posting_doubted,
    posting.PostingWaitsInInfor: lambda e, r: (Due("confirm_posting", r.stream, e.look_at),),
    posting.PostingRefused: _posting_came_to_nothing,
    posting.PostingAbandoned: _posting_came_to_nothing,
    posting.PostingConfirmed: _posting_confirmed,
    posting.PostingDoubtResolved: _posting_resolved,
    posting.PostingToDesk: _done("send_postings", "resume_posting", "confirm_posting"),
    connection.FirstPostingApproved: lambda _, __: (Open(keys.FIRST_POSTING),),
    connection.StoreWentBack: lambda _, __: (Shut(keys.FORGOTTEN_SOUGHT),),
    connection.ForgottenInvoicesSought: _forgotten_sought,
}

NOTHING: frozenset[type[Event]] = frozenset(
    {
        code.LedgerCodesListed,
        code.LedgerCodesOnlyThere,
        invoice.LedgerRowNamed,
        invoice.InvoicesTracked,
        invoice.InvoiceIndexTurned,
        invoice.InvoiceStatusReported,
        invoice.InvoicePaymentEnded,
        invoice.InvoiceReopened,
        submission.InvoiceAnsweredLate,
        submission.InvoiceFoundForgotten,
        payment.PaymentReported,
        payment.PaymentChangedAfterSettling,
        payment.PaymentCleared,
        payment.PaymentReplaced,
        payment.PaymentCardNumberDropped,
        posting.PostingStepTaken,
        posting.PostingAnsweredLate,
        work.ErrandFailed,  # its rows are due again by themselves
        work.ErrandRecovered,
        poll.PollCompleted,
        poll.PollRecordMalformed,
        poll.PollRecordRead,
        poll.PollFailed,
        connection.ConnectionAdded,
        connection.NothingBookedByHand,
        connection.CredentialsImported,
        connection.CredentialsRotated,
        connection.ConnectionPaused,
        connection.ConnectionResumed,
        connection.ConnectionRemoved,  # rows stay for who adds it again; the gate lets nobody take them meanwhile
        connection.RemotesTested,
        connection.RestorePointDeclared,
        connection.SettingsChanged,
        connection.DeadLetterFound,
        connection.FirstPostingChosen,
        issue.IssueRetried,
        issue.IssueResolved,
    }
)
