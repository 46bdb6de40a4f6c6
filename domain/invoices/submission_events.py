"""Facts of the submission protocol: intent, outcome, doubt, look-ups (see docs/reliability.md)."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from domain.event import Event, topic
from domain.identifiers import InvoiceKey
from domain.money import Money


@topic
class InvoiceSubmissionStarted(Event, frozen=True, kw_only=True):
    """The intent: whoever appended it and holds `attempt_id` may send until `deadline`, nobody else ever.

    position / members: the invoice's place (from 1) in its batch and the batch's size; record_digest: SHA-256 of
    this invoice's JSON as sent; batch_digest: of the whole body; image: digest of the image sent, "" without;
    incarnation: the store's; look_at: deadline + settle window.
    """

    TOPIC: ClassVar[str] = "invoice.submission-started/1"
    key: InvoiceKey
    batch: str
    position: int
    members: int
    attempt: int
    attempt_id: str
    record_digest: str
    batch_digest: str
    image: str
    deadline: datetime
    look_at: datetime
    incarnation: UUID


@topic
class InvoiceNotSent(Event, frozen=True, kw_only=True):
    """The attempt ended with certainty that nothing was processed: due again at `retry_at`."""

    TOPIC: ClassVar[str] = "invoice.not-sent/1"
    attempt_id: str
    why: str
    retry_at: datetime


@topic
class InvoiceSubmitted(Event, frozen=True, kw_only=True):
    """AvidXchange's receipt."""

    TOPIC: ClassVar[str] = "invoice.submitted/1"
    key: InvoiceKey
    attempt_id: str
    avid_invoice_id: str
    status: str


@topic
class InvoiceSubmissionRefused(Event, frozen=True, kw_only=True):
    """AvidXchange said no, or our own check of its limits did (attempt_id "" then).

    whole_batch: the batch was refused as a whole; with `members` > 1 it is halved and sent again,
    one alone becomes an issue.
    """

    TOPIC: ClassVar[str] = "invoice.submission-refused/1"
    key: InvoiceKey
    attempt_id: str
    code: str
    text: str
    whole_batch: bool = False
    members: int = 1
    field: str = ""
    limit: int | None = None
    length: int | None = None


@topic
class InvoiceSubmissionDoubted(Event, frozen=True, kw_only=True):
    """Nobody knows whether AvidXchange took the invoice; it is looked up from `look_at` on."""

    TOPIC: ClassVar[str] = "invoice.submission-doubted/1"
    attempt_id: str
    why: str
    look_at: datetime


@topic
class InvoiceLookedUp(Event, frozen=True, kw_only=True):
    """A look-up after a doubt found nothing.

    conclusive: the batch was unknown or Closed (read before the invoices); one that saw Received or Processing is
    not, and restarts the count. look_at: when the next one may begin.
    """

    TOPIC: ClassVar[str] = "invoice.looked-up/1"
    attempt_id: str
    begun_at: datetime
    answered_at: datetime
    conclusive: bool
    batch_status: str
    look_at: datetime


@topic
class InvoiceAbsentAfterSettling(Event, frozen=True, kw_only=True):
    """Two conclusive empty look-ups: the attempt never arrived. `members`: size of the doubted batch."""

    TOPIC: ClassVar[str] = "invoice.absent-after-settling/1"
    attempt_id: str
    members: int


@topic
class InvoiceFoundByLookup(Event, frozen=True, kw_only=True):
    """A look-up found exactly one live invoice that agrees in vendor, number and gross: it is ours.

    attempt_id "" when it was found before any send (a restored store, a predecessor).
    """

    TOPIC: ClassVar[str] = "invoice.found-by-lookup/1"
    key: InvoiceKey
    attempt_id: str
    avid_invoice_id: str
    status: str


@topic
class InvoiceFoundTwice(Event, frozen=True, kw_only=True):
    """Two live invoices under one ExternalId, or two receipts: urgent, a person voids one."""

    TOPIC: ClassVar[str] = "invoice.found-twice/1"
    key: InvoiceKey
    avid_invoice_ids: tuple[str, ...]


@topic
class InvoiceFoundDifferent(Event, frozen=True, kw_only=True):
    """What AvidXchange holds under our ExternalId differs from ours: an issue, nothing is sent."""

    TOPIC: ClassVar[str] = "invoice.found-different/1"
    key: InvoiceKey
    avid_invoice_id: str
    field: str
    ours: str
    theirs: str


@topic
class InvoiceFoundForgotten(Event, frozen=True, kw_only=True):
    """After the store went back, AvidXchange reports an invoice under a name of ours that Infor never named to us.

    It says nothing of the invoice in Infor: one that is listed there later is found by its first look-up as ever.
    live: neither Rejected nor Void; a later fact says that it no longer is.
    """

    TOPIC: ClassVar[str] = "invoice.found-forgotten/1"
    key: InvoiceKey
    avid_invoice_id: str
    vendor_external_id: str
    invoice_number: str
    gross: Money
    status: str
    live: bool


@topic
class InvoiceAnsweredLate(Event, frozen=True, kw_only=True):
    """An answer came after the doubt, or under another incarnation of the store; receipts are attributed.

    verdict: confirmed, refused, not sent or doubt.
    """

    TOPIC: ClassVar[str] = "invoice.answered-late/1"
    key: InvoiceKey
    attempt_id: str
    verdict: str
    avid_invoice_id: str = ""
    text: str = ""


@topic
class InvoiceResubmissionOrdered(Event, frozen=True, kw_only=True):
    """A person ordered the submission again; ids tied to earlier attempts are ignored from here on."""

    TOPIC: ClassVar[str] = "invoice.resubmission-ordered/1"
    person: str
    reason: str
    ignore_ids: tuple[str, ...] = ()


@topic
class InvoiceDoubtResolved(Event, frozen=True, kw_only=True):
    """A person settled the doubt. resolution: posted (it is there) or absent."""

    TOPIC: ClassVar[str] = "invoice.doubt-resolved/1"
    key: InvoiceKey
    attempt_id: str
    resolution: str
    person: str
    reason: str
    avid_invoice_id: str = ""
