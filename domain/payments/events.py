"""Facts about a payment; one stream per PaymentId."""

from datetime import date
from typing import ClassVar

import msgspec

from domain.event import Event, topic
from domain.money import Money


class Remittance(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment pays of one invoice; gross = net + discount."""

    invoice_external_id: str
    invoice_number: str
    gross: Money
    discount: Money
    net: Money


class PaymentContent(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as AvidXchange reports it; `status` and `method` are its raw words.

    standing: our reading of the status by the settings: settled, reversed, open or unknown.
    number: check number or ACH trace, "" when absent and for cards; modified: LastModifiedDate (UTC, ISO).
    """

    payment_id: str
    batch_id: str
    status: str
    status_id: str
    standing: str
    method: str
    amount: Money
    payment_date: date | None
    settled_date: date | None
    cleared_date: date | None
    vendor_external_id: str
    number: str
    card_last4: str
    card_number_dropped: bool
    return_code: str
    replaces_payment_id: str
    modified: str
    remittances: tuple[Remittance, ...]
    problems: tuple[str, ...] = ()


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """A division's part of a payment and the posting made for it."""

    division: str
    posting: str
    net: Money


@topic
class PaymentReported(Event, frozen=True, kw_only=True):
    """AvidXchange reports the payment in a status that is not settled (raw status kept)."""

    TOPIC: ClassVar[str] = "payment.reported/1"
    content: PaymentContent


@topic
class PaymentSettled(Event, frozen=True, kw_only=True):
    """The payment is settled: method, number, date and remittances are final enough to post."""

    TOPIC: ClassVar[str] = "payment.settled/1"
    content: PaymentContent


@topic
class PaymentChangedAfterSettling(Event, frozen=True, kw_only=True):
    """Something that matters for the books changed after settling; `changes` names the fields."""

    TOPIC: ClassVar[str] = "payment.changed-after-settling/1"
    content: PaymentContent
    changes: tuple[str, ...]


@topic
class PaymentCleared(Event, frozen=True, kw_only=True):
    """A settled payment moved on (Cleared, dates) without a change for the books."""

    TOPIC: ClassVar[str] = "payment.cleared/1"
    content: PaymentContent


@topic
class PaymentReversed(Event, frozen=True, kw_only=True):
    """The payment was voided, stopped, refunded or returned. kind: the raw status."""

    TOPIC: ClassVar[str] = "payment.reversed/1"
    content: PaymentContent
    kind: str
    return_code: str = ""


@topic
class PaymentReplaced(Event, frozen=True, kw_only=True):
    """A reissue names this payment as the one it replaces."""

    TOPIC: ClassVar[str] = "payment.replaced/1"
    by_payment_id: str


@topic
class PaymentStatusUnknown(Event, frozen=True, kw_only=True):
    """A status or method we do not know: recorded, raised, nothing posted for it."""

    TOPIC: ClassVar[str] = "payment.status-unknown/1"
    content: PaymentContent
    field: str


@topic
class PaymentCardNumberDropped(Event, frozen=True, kw_only=True):
    """A card field carried something that looks like a full card number; it was dropped at the edge."""

    TOPIC: ClassVar[str] = "payment.card-number-dropped/1"
    payment_id: str


@topic
class PaymentHeld(Event, frozen=True, kw_only=True):
    """The payment cannot be planned yet; `waits_for` is the key whose opening releases it, None for a person."""

    TOPIC: ClassVar[str] = "payment.held/1"
    payment_id: str
    reason: str
    detail: str
    waits_for: str | None = None


@topic
class PaymentIgnored(Event, frozen=True, kw_only=True):
    """The payment pays only invoices we never submitted, and the settings say to ignore such."""

    TOPIC: ClassVar[str] = "payment.ignored/1"
    payment_id: str
    detail: str


@topic
class PaymentPostingsPlanned(Event, frozen=True, kw_only=True):
    """The payment was split by division; each leg is a Posting of its own. generation counts from 1."""

    TOPIC: ClassVar[str] = "payment.postings-planned/1"
    payment_id: str
    generation: int
    legs: tuple[Leg, ...]


@topic
class PaymentReversalPlanned(Event, frozen=True, kw_only=True):
    """What is done about the reversal, per leg.

    abandoned: postings given up before handover; reversing: legs with reversal postings (void interface);
    tasks: postings a person reverses by hand in M3.
    """

    TOPIC: ClassVar[str] = "payment.reversal-planned/1"
    payment_id: str
    abandoned: tuple[str, ...]
    reversing: tuple[Leg, ...]
    tasks: tuple[str, ...]


@topic
class PaymentReversalHeld(Event, frozen=True, kw_only=True):
    """The reversal queues behind a posting that is under way: `waits_for` is the key of its end."""

    TOPIC: ClassVar[str] = "payment.reversal-held/1"
    payment_id: str
    detail: str
    waits_for: str


@topic
class PaymentPostingOrdered(Event, frozen=True, kw_only=True):
    """A person ordered the posting to be tried again."""

    TOPIC: ClassVar[str] = "payment.posting-ordered/1"
    payment_id: str
    person: str
    reason: str


@topic
class ReversalDoneByHand(Event, frozen=True, kw_only=True):
    """A person reversed the posting in M3 and says so."""

    TOPIC: ClassVar[str] = "payment.reversal-done-by-hand/1"
    payment_id: str
    person: str
    reason: str
