"""Which facts open an issue, and which end one; every type of fact opens, ends, or does nothing by name."""

from collections.abc import Callable
from typing import Any

import msgspec

from domain import keys
from domain.connections import events as c
from domain.errands import events as w
from domain.event import Event
from domain.invoices import events as i
from domain.invoices import submission_events as s
from domain.invoices.persons import ABSENT
from domain.invoices.state import MAY_BE_FORGOTTEN, PHASES
from domain.issues import events as u
from domain.ledger_codes import events as g
from domain.payments import events as y
from domain.polls import events as o
from domain.postings import events as p
from domain.suppliers import events as v
from domain.suppliers.supplier import EXCLUDED


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A record joins an issue. parts: what tells causes of one kind apart; why: the sentence a person reads.

    repeats: whether an earlier fact says why in better words, if its issue still stands.
    """

    kind: str
    parts: tuple[str, ...] = ()
    record: str
    why: str
    repeats: bool = False

    @property
    def cause(self) -> str:
        """The key of the issue."""
        return ":".join((self.kind, *(part for part in self.parts if part)))


FEW = 5  # codes named in a sentence
Opens = Callable[[Any], tuple[Opening, ...]]
_TAKEN_BACK = (keys.reversed_payment(""), keys.taken_back(""))
# Holds whose key takes a person: a supplier or code that is not in use or unknown in Infor opens no gate by itself,
# nor does an invoice at AvidXchange that a restored store forgot end by itself.
_HOPELESS = ("SUPPLIER_INACTIVE", "SUPPLIER_UNKNOWN", "CODE_BLOCKED", "CODE_UNKNOWN", MAY_BE_FORGOTTEN)


def _opens(kind: str, record: Callable[[Any], str], why: Callable[[Any], str], *parts: Callable[[Any], str]) -> Opens:
    return lambda e: (Opening(kind=kind, parts=tuple(part(e) for part in parts), record=record(e), why=why(e)),)


def _invoice(e: Any) -> str:
    key: str = e.key.external_id
    return key


def _refusal(kind: str, record: Callable[[Any], str]) -> Opens:
    return _opens(kind, record, _refusal_why, lambda e: e.code, lambda e: e.field)


def _refusal_why(e: Any) -> str:
    return f"{e.code}: {e.text}" if e.text and e.text != e.code else str(e.code)


def _excluded(e: v.SupplierConfirmed) -> tuple[Opening, ...]:
    if e.enrolment != EXCLUDED:
        return ()
    return (Opening(kind="supplier-excluded", record=e.key, why=f"vendor {e.vendor_id} is Excluded at AvidXchange"),)


def _invoice_held(e: i.InvoiceHeld) -> tuple[Opening, ...]:
    if e.waits_for == keys.image(e.key.external_id):  # ordered again after it was out there: the search stays silent
        kind = "invoice-image-missing"
        return (Opening(kind=kind, parts=(e.reason,), record=_invoice(e), why=e.detail, repeats=True),)
    hopeless = e.reason in _HOPELESS
    settled = e.reason == "UNKNOWN" or e.reason.lower() in PHASES  # a due row without reason, not a hold
    if settled or (e.waits_for is not None and not hopeless):
        return ()
    return (Opening(kind="invoice-held", parts=(e.reason,), record=_invoice(e), why=e.detail),)


def _image_missing(e: i.InvoiceImageMissing) -> tuple[Opening, ...]:
    why = e.detail or "Infor Document Management has no usable image"
    opening = Opening(kind="invoice-image-missing", parts=(e.reason,), record=_invoice(e), why=why)
    return (opening,) if e.hold or e.reason != "NO_IMAGE" else ()


def _invoice_refused(e: s.InvoiceSubmissionRefused) -> tuple[Opening, ...]:
    halved = e.whole_batch and e.members > 1
    return () if halved else _refusal("invoice-refused", _invoice)(e)


def _at_risk(e: i.InvoiceAtRiskInInfor) -> tuple[Opening, ...]:
    return tuple(
        Opening(kind="invoice-at-risk", parts=(risk,), record=_invoice(e), why=f"{risk} in M3 ({e.detail})")
        for risk in e.risks
    )


def _changed(e: i.InvoiceChangedInInfor) -> tuple[Opening, ...]:
    why = "Infor shows it otherwise than we knew it, or a restored store forgot what was sent"
    opening = Opening(kind="invoice-changed-live", record=e.content.key.external_id, why=why)
    return (opening,) if e.live else ()


def _forgotten(e: s.InvoiceFoundForgotten) -> tuple[Opening, ...]:
    why = f"invoice {e.avid_invoice_id} ({e.status}) is live there, and Infor names none of this key"
    return (Opening(kind="invoice-forgotten", record=_invoice(e), why=why),) if e.live else ()


def _late(e: s.InvoiceAnsweredLate) -> tuple[Opening, ...]:
    if not e.avid_invoice_id:
        return ()
    why = f"a late receipt names invoice {e.avid_invoice_id}"
    return (Opening(kind="invoice-answered-late", record=_invoice(e), why=why),)


def _payment_held(e: y.PaymentHeld) -> tuple[Opening, ...]:
    """What waits for AvidXchange or for a person is an issue; what waits for a posting under way is none."""
    opening = Opening(kind="payment-held", parts=(e.reason,), record=e.payment_id, why=e.detail)
    by_others = e.waits_for is None or e.waits_for.startswith(_TAKEN_BACK) or e.reason == "UNKNOWN_INVOICE"
    return (opening,) if by_others else ()


def _status_unknown(e: y.PaymentStatusUnknown) -> tuple[Opening, ...]:
    word = e.content.method if e.field == "method" else e.content.status
    why = f"the {e.field} {word!r} is not known" if word else f"AvidXchange names no {e.field} for it"
    return (Opening(kind="payment-status-unknown", parts=(e.field, word), record=e.content.payment_id, why=why),)


def _only_there(e: g.LedgerCodesOnlyThere) -> tuple[Opening, ...]:
    if not e.values:
        return ()
    more = f" and {len(e.values) - FEW} more" if len(e.values) > FEW else ""
    why = f"{e.group}: Infor does not list " + ", ".join(e.values[:FEW]) + more
    return (
        Opening(kind="ledger-code-only-there", parts=(str(e.dimension),), record=f"dimension {e.dimension}", why=why),
    )


def _poll_why(e: o.PollFailed) -> str:
    return f"{e.flow.replace('_', ' ')}: {e.text}"  # one remote's text may stand for several flows


def _reversal(e: y.PaymentReversalPlanned) -> tuple[Opening, ...]:
    why = "reverse in M3: " + ", ".join(e.tasks)
    # One issue each: a voucher and a word belong to one payment.
    opening = Opening(kind="reversal-by-hand", parts=(e.payment_id,), record=e.payment_id, why=why)
    return (opening,) if e.tasks else ()


def _posting_held(e: p.PostingHeld) -> tuple[Opening, ...]:
    opening = Opening(kind="posting-held", parts=(e.reason,), record=e.payment_id, why=e.detail)
    by_others = e.waits_for is None or e.waits_for.startswith(keys.taken_back(""))
    return (opening,) if by_others else ()


def _reversal_absent(e: p.PostingDoubtResolved) -> tuple[Opening, ...]:
    """A reversal that a person found absent leaves the voucher in M3: no errand goes on from there."""
    if e.resolution != "absent" or not e.key1.startswith("R"):
        return ()
    why = f"reversal {e.key1} is not in M3: reverse there what T{e.key1[1:]} booked"
    # One issue each: a person takes every voucher back with one of its own.
    return (Opening(kind="posting-reversal-absent", parts=(e.key1,), record=e.payment_id, why=why),)


OPENS: dict[type[Event], Opens] = {
    v.SupplierRefused: _refusal("supplier-refused", lambda e: e.key),
    v.SupplierConfirmed: _excluded,
    g.LedgerCodeRefused: _refusal("ledger-code-refused", lambda e: e.key),
    g.LedgerCodesOnlyThere: _only_there,
    i.InvoiceHeld: _invoice_held,
    i.InvoiceImageMissing: _image_missing,
    i.InvoiceAtRiskInInfor: _at_risk,
    i.InvoiceChangedInInfor: _changed,
    i.InvoiceKeyChanged: _opens(
        "invoice-key-changed",
        lambda e: e.old_key.external_id,
        lambda e: f"ledger row {e.row.natural_key} is {e.new_key.external_id} now",
    ),
    i.InvoiceRejectedByAvid: _opens(
        "invoice-rejected",
        _invoice,
        lambda e: f"{e.status}: {e.status_reason or 'no reason given'}",
        lambda e: e.status,
        lambda e: e.status_reason,
    ),
    s.InvoiceSubmissionRefused: _invoice_refused,
    s.InvoiceFoundTwice: _opens(
        "invoice-found-twice", _invoice, lambda e: "live as " + " and ".join(e.avid_invoice_ids)
    ),
    s.InvoiceFoundDifferent: _opens(
        "invoice-found-different",
        _invoice,
        lambda e: f"invoice {e.avid_invoice_id}: {e.field} is {e.theirs} there, {e.ours} here",
        lambda e: e.field,
    ),
    s.InvoiceFoundForgotten: _forgotten,
    s.InvoiceAnsweredLate: _late,
    y.PaymentHeld: _payment_held,
    y.PaymentStatusUnknown: _status_unknown,
    y.PaymentChangedAfterSettling: _opens(
        "payment-changed",
        lambda e: e.content.payment_id,
        lambda e: "changed: " + ", ".join(e.changes),
        lambda e: "+".join(e.changes),
    ),
    y.PaymentCardNumberDropped: _opens(
        "payment-card-number-dropped", lambda e: e.payment_id, lambda _: "a number was dropped where it arrived"
    ),
    y.PaymentReversalPlanned: _reversal,
    p.PostingRefused: _opens(
        "posting-refused", lambda e: e.payment_id, lambda e: f"{e.step}: {e.text}", lambda e: e.code
    ),
    p.PostingHeld: _posting_held,
    p.PostingWaitsInInfor: _opens("posting-waits-in-infor", lambda e: e.payment_id, lambda e: e.detail),
    p.PostingToDesk: _opens("posting-at-desk", lambda e: e.payment_id, lambda e: e.what, lambda e: e.why),
    p.PostingDoubtResolved: _reversal_absent,
    c.FirstPostingChosen: _opens(
        "first-posting", lambda e: e.posting, lambda e: f"posting {e.posting} goes first, the others wait for it"
    ),
    c.StoreWentBack: _opens("store-went-back", lambda _: "store", lambda e: e.detail),
    c.DeadLetterFound: _opens(
        "dead-letter",
        lambda e: e.queue,
        lambda e: f"the broker gave a message in {e.queue} up: {e.cause} ({e.text})",
        lambda e: e.queue,
        lambda e: e.cause,
    ),
    w.ErrandFailed: _opens("errand-failed", lambda e: e.errand, lambda e: e.text, lambda e: e.errand),
    o.PollFailed: _opens("poll-failed", lambda e: e.flow, _poll_why, lambda e: e.flow),
    o.PollRecordMalformed: _opens("poll-record-malformed", lambda e: e.record, lambda e: e.text, lambda e: e.flow),
}

_SUPPLIER = frozenset({"supplier-refused", "supplier-excluded"})
_UNSENT = frozenset({"invoice-held", "invoice-refused"})
_GATE = _UNSENT | {"invoice-image-missing"}
_OUT_THERE = frozenset({"invoice-found-twice", "invoice-found-different", "invoice-rejected", "invoice-answered-late"})
_FORGOTTEN = frozenset({"invoice-forgotten"})
_FOUND = _GATE | _OUT_THERE
_WHILE_THERE = frozenset({"invoice-at-risk", "invoice-changed-live"})  # over when AvidXchange does not hold it
_REPORT = frozenset({"payment-status-unknown"})
_POSTING = frozenset({"posting-refused", "posting-held", "posting-waits-in-infor", "posting-at-desk"})

ENDS: dict[type[Event], frozenset[str]] = {
    v.SupplierConfirmed: _SUPPLIER,
    v.SupplierRefused: _SUPPLIER,
    g.LedgerCodeConfirmed: frozenset({"ledger-code-refused"}),
    g.LedgerCodeRefused: frozenset({"ledger-code-refused"}),
    g.LedgerCodesOnlyThere: frozenset({"ledger-code-only-there"}),
    i.InvoiceApproved: _GATE | _FORGOTTEN | {"invoice-rejected", "invoice-key-changed"},
    i.InvoiceChangedInInfor: _UNSENT | _FORGOTTEN | {"invoice-changed-live"},
    i.InvoiceNotEligible: _GATE | _FORGOTTEN | {"invoice-rejected", "invoice-key-changed"},
    i.InvoiceWithdrawnInInfor: _GATE | {"invoice-rejected", "invoice-key-changed"},
    i.InvoiceImageFetched: frozenset({"invoice-image-missing"}),
    i.InvoiceImageMissing: frozenset({"invoice-image-missing"}),
    i.InvoiceHeld: frozenset({"invoice-held"}),
    i.InvoiceReleased: frozenset({"invoice-held"}),
    i.InvoiceAtRiskInInfor: frozenset({"invoice-at-risk"}),
    i.InvoiceKeyChanged: _GATE,
    i.InvoiceRejectedByAvid: _FOUND | _FORGOTTEN | _WHILE_THERE,
    i.InvoiceClosed: _WHILE_THERE,
    s.InvoiceSubmissionStarted: frozenset({"invoice-held", "invoice-changed-live"}),
    s.InvoiceNotSent: _WHILE_THERE,
    s.InvoiceSubmissionRefused: _UNSENT | _WHILE_THERE,
    s.InvoiceAbsentAfterSettling: _WHILE_THERE,
    s.InvoiceSubmitted: _FOUND,
    s.InvoiceFoundByLookup: _FOUND,
    s.InvoiceFoundDifferent: frozenset({"invoice-found-different", "invoice-found-twice"}),
    s.InvoiceFoundForgotten: _FORGOTTEN,
    s.InvoiceDoubtResolved: _OUT_THERE,
    y.PaymentReported: _REPORT,
    y.PaymentSettled: _REPORT | {"payment-held"},
    y.PaymentStatusUnknown: _REPORT,
    y.PaymentCleared: _REPORT | {"payment-changed"},
    y.PaymentChangedAfterSettling: _REPORT | {"payment-changed"},
    y.PaymentReversed: _REPORT | {"payment-held", "payment-changed", "reversal-by-hand"},
    y.PaymentHeld: frozenset({"payment-held"}),
    y.PaymentIgnored: frozenset({"payment-held"}),
    y.PaymentPostingsPlanned: frozenset({"payment-held"}),
    y.ReversalDoneByHand: frozenset({"reversal-by-hand"}),
    p.PostingHeld: frozenset({"posting-held", "posting-refused"}),
    p.PostingReleased: frozenset({"posting-held"}),
    p.PostingStarted: frozenset({"posting-held"}),
    p.PostingRefused: frozenset({"posting-held", "posting-refused"}),
    p.PostingHandoverStarted: frozenset({"posting-held", "posting-refused"}),
    p.PostingWaitsInInfor: frozenset({"posting-waits-in-infor"}),
    p.PostingAbandoned: _POSTING,
    p.PostingConfirmed: _POSTING,
    p.PostingDoubtResolved: _POSTING | {"posting-reversal-absent"},
    c.FirstPostingChosen: frozenset({"first-posting"}),
    c.FirstPostingApproved: frozenset({"first-posting"}),
    w.ErrandFailed: frozenset({"errand-failed"}),
    w.ErrandRecovered: frozenset({"errand-failed"}),
    o.PollCompleted: frozenset({"poll-failed"}),
    o.PollFailed: frozenset({"poll-failed"}),
    o.PollRecordRead: frozenset({"poll-record-malformed"}),
}


def kinds_ended(event: Event) -> frozenset[str]:
    """Name the kinds of issue that a fact ends for its record."""
    absent = isinstance(event, s.InvoiceDoubtResolved) and event.resolution == ABSENT
    return ENDS.get(type(event), frozenset()) | (_WHILE_THERE if absent else frozenset())


ACTS: frozenset[type[Event]] = frozenset({u.IssueRetried, u.IssueResolved})
REMEMBERED: frozenset[type[Event]] = frozenset({s.InvoiceSubmissionDoubted})  # from here on receipts are compared

NOTHING: frozenset[type[Event]] = frozenset(
    {
        # A record that a person ordered again stays under its issue until its outcome mends or renews it.
        v.SupplierRetryOrdered,
        g.LedgerCodeRetryOrdered,
        s.InvoiceResubmissionOrdered,
        y.PaymentPostingOrdered,
        v.SupplierRecorded,
        v.SupplierChanged,
        v.SupplierBlocked,
        v.SupplierUnblocked,
        g.LedgerCodeRecorded,
        g.LedgerCodeChanged,
        g.LedgerCodeBlocked,
        g.LedgerCodesListed,
        i.LedgerRowNamed,
        i.InvoicesTracked,
        i.InvoiceIndexTurned,
        i.InvoiceStatusReported,
        i.InvoicePaymentStarted,
        i.InvoicePaymentPosted,
        i.InvoicePaymentEnded,
        i.InvoicePartlyPaid,
        i.InvoiceReopened,
        s.InvoiceLookedUp,
        y.PaymentReplaced,
        y.PaymentReversalHeld,
        p.PostingPlanned,
        p.PostingStepTaken,
        p.PostingNotSent,
        p.PostingHandedOver,
        p.PostingDoubted,
        p.PostingAnsweredLate,
        c.ConnectionAdded,
        c.NothingBookedByHand,
        c.CredentialsImported,
        c.CredentialsRotated,
        c.ConnectionPaused,
        c.ConnectionResumed,
        c.ConnectionRemoved,  # what ends with it is left out when issues are read
        c.RemotesTested,
        c.RestorePointDeclared,
        c.SettingsChanged,
        c.ForgottenInvoicesSought,
    }
)
