"""Facts about an invoice's content and standing in Infor and AvidXchange; one stream per natural key."""

from datetime import date
from typing import ClassVar

from domain.event import Event, topic
from domain.identifiers import InvoiceKey, LedgerRow
from domain.invoices.content import ImageRef, InvoiceContent
from domain.money import Money


@topic
class LedgerRowNamed(Event, frozen=True, kw_only=True):
    """A ledger row carries this invoice key (a stream of its own, so that a changed key is noticed)."""

    TOPIC: ClassVar[str] = "ledger-row.named/1"
    row: LedgerRow
    key: InvoiceKey


@topic
class InvoiceApproved(Event, frozen=True, kw_only=True):
    """Infor approved the invoice for payment and it is eligible; the whole content as read."""

    TOPIC: ClassVar[str] = "invoice.approved/1"
    content: InvoiceContent
    digest: str


@topic
class InvoiceNotEligible(Event, frozen=True, kw_only=True):
    """The invoice does not go to AvidXchange, for this reason; it is looked at again on later polls.

    reason: IN_M3_PROPOSAL, PAID_IN_M3, PAYMENT_STOP, CURRENCY, PARTLY_PAID_IN_M3, PAYMENT_METHOD or NOT_APPROVED.
    voucher .. accounting_date: what the invoice's coding is read by once it becomes eligible.
    """

    TOPIC: ClassVar[str] = "invoice.not-eligible/1"
    key: InvoiceKey
    row: LedgerRow
    gross: Money
    reason: str
    detail: str = ""
    voucher: int = 0
    series: str = ""
    invoice_date: date | None = None
    due_date: date | None = None
    accounting_date: date | None = None


@topic
class InvoiceChangedInInfor(Event, frozen=True, kw_only=True):
    """The content in Infor differs from what we knew, or a restored store knew none; `live`: submitted or in doubt."""

    TOPIC: ClassVar[str] = "invoice.changed-in-infor/1"
    content: InvoiceContent
    digest: str
    live: bool


@topic
class InvoiceKeyChanged(Event, frozen=True, kw_only=True):
    """A ledger row known under this invoice's key came back under another: an issue, never a submission."""

    TOPIC: ClassVar[str] = "invoice.key-changed/1"
    row: LedgerRow
    old_key: InvoiceKey
    new_key: InvoiceKey


@topic
class InvoiceWithdrawnInInfor(Event, frozen=True, kw_only=True):
    """The approval was taken back, or the invoice is gone, before it was submitted."""

    TOPIC: ClassVar[str] = "invoice.withdrawn-in-infor/1"
    key: InvoiceKey
    detail: str


@topic
class InvoiceAtRiskInInfor(Event, frozen=True, kw_only=True):
    """Live at AvidXchange and meanwhile proposed, paid, stopped, un-approved or gone in M3.

    risks: PROPOSED, PAID, UNDERPAID, STOPPED, NOT_APPROVED, GONE; empty when the risk has passed.
    """

    TOPIC: ClassVar[str] = "invoice.at-risk-in-infor/1"
    key: InvoiceKey
    risks: tuple[str, ...]
    detail: str = ""


@topic
class InvoiceImageFetched(Event, frozen=True, kw_only=True):
    """The image is in the blob store."""

    TOPIC: ClassVar[str] = "invoice.image-fetched/1"
    key: InvoiceKey
    image: ImageRef


@topic
class InvoiceImageMissing(Event, frozen=True, kw_only=True):
    """Infor has no usable image; `hold`: the settings let the invoice wait for it.

    reason: NO_IMAGE, IMAGE_TOO_LARGE, IMAGE_TYPE.
    """

    TOPIC: ClassVar[str] = "invoice.image-missing/1"
    key: InvoiceKey
    reason: str
    hold: bool
    detail: str = ""


@topic
class InvoiceHeld(Event, frozen=True, kw_only=True):
    """The gate is shut; `waits_for` is the key whose opening releases it, None when a person must act."""

    TOPIC: ClassVar[str] = "invoice.held/1"
    key: InvoiceKey
    reason: str
    detail: str
    waits_for: str | None = None


@topic
class InvoiceReleased(Event, frozen=True, kw_only=True):
    """What the invoice was held for has passed (content mended, risk gone) or a person released it."""

    TOPIC: ClassVar[str] = "invoice.released/1"
    key: InvoiceKey
    why: str


@topic
class InvoiceStatusReported(Event, frozen=True, kw_only=True):
    """AvidXchange reports a new status of a live invoice."""

    TOPIC: ClassVar[str] = "invoice.status-reported/1"
    key: InvoiceKey
    avid_invoice_id: str
    status: str
    status_reason: str = ""


@topic
class InvoiceRejectedByAvid(Event, frozen=True, kw_only=True):
    """AvidXchange rejected or voided the invoice; only a person orders it again. status: Rejected or Void."""

    TOPIC: ClassVar[str] = "invoice.rejected-by-avid/1"
    key: InvoiceKey
    avid_invoice_id: str
    status: str
    status_reason: str = ""


@topic
class InvoicePaymentStarted(Event, frozen=True, kw_only=True):
    """A posting that pays this invoice began; while it is in flight no other may."""

    TOPIC: ClassVar[str] = "invoice.payment-started/1"
    posting: str
    payment_id: str
    net: Money


@topic
class InvoicePaymentPosted(Event, frozen=True, kw_only=True):
    """Infor shows the payment row: voucher and ledger row are its proof (`ledger_row` is attributed once)."""

    TOPIC: ClassVar[str] = "invoice.payment-posted/1"
    posting: str
    payment_id: str
    net: Money
    discount: Money
    voucher: str
    ledger_row: str
    reversal: bool = False


@topic
class InvoicePaymentEnded(Event, frozen=True, kw_only=True):
    """The posting ended without booking anything (refused before handover, abandoned, proven absent)."""

    TOPIC: ClassVar[str] = "invoice.payment-ended/1"
    posting: str
    payment_id: str
    why: str


@topic
class InvoicePartlyPaid(Event, frozen=True, kw_only=True):
    """Infor still shows something outstanding after the posted payment."""

    TOPIC: ClassVar[str] = "invoice.partly-paid/1"
    key: InvoiceKey
    outstanding: Money


@topic
class InvoiceClosed(Event, frozen=True, kw_only=True):
    """Infor says so: OCUA 0 and RECO 1."""

    TOPIC: ClassVar[str] = "invoice.closed/1"
    key: InvoiceKey


@topic
class InvoiceReopened(Event, frozen=True, kw_only=True):
    """Infor shows the closed invoice open again (a reversal)."""

    TOPIC: ClassVar[str] = "invoice.reopened/1"
    key: InvoiceKey
    outstanding: Money


@topic
class InvoicesTracked(Event, frozen=True, kw_only=True):
    """Which invoices of a division each poll looks at again changed; ExternalIds (see domain/invoices/index.py)."""

    TOPIC: ClassVar[str] = "invoice-index.tracked/1"
    division: str
    added: tuple[str, ...]
    dropped: tuple[str, ...]


@topic
class InvoiceIndexTurned(Event, frozen=True, kw_only=True):
    """The division's index goes on in a fresh stream, so that reading it never grows with the years."""

    TOPIC: ClassVar[str] = "invoice-index.turned/1"
    division: str
    generation: int
