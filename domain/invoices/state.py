"""The shape of an invoice's state: where it stands in Infor, at AvidXchange, and in the doubt protocol."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.identifiers import InvoiceKey
from domain.invoices.content import ImageRef, InvoiceContent
from domain.money import Money, total
from domain.ports.ledger import InvoiceHead

BATCH_LIMIT = 50
DOUBTED_ALONE = "DOUBTED_ALONE"  # a hold that only a person ends: two doubts, the last one of a batch of one
MAY_BE_FORGOTTEN = "MAY_BE_FORGOTTEN"  # a hold for a person: AvidXchange may hold it under the key it had before

PHASES = {
    "not_eligible": "not_eligible",
    "waiting": "waiting",
    "held": "held",
    "withdrawn": "held",
    "key_changed": "held",
    "void": "held",
    "different": "held",
    "twice": "held",
    "sending": "in_doubt",
    "doubt": "in_doubt",
    "submitted": "submitted",
    "closed": "closed",
    "refused": "refused",
    "rejected": "refused",
}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """The last intent to send; `content` as it was sent, whatever Infor says later."""

    number: int
    attempt_id: str
    batch: str
    members: int
    look_at: datetime
    incarnation: UUID
    content: InvoiceContent | None


class EmptyLook(msgspec.Struct, frozen=True):
    """A conclusive look-up that found nothing."""

    begun_at: datetime
    answered_at: datetime


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """A live invoice at AvidXchange that a restored store forgot, as it stands there."""

    avid_invoice_id: str
    vendor_external_id: str
    invoice_number: str
    gross: Money


class PostedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment row of ours; a reversal takes back what its posting booked. booked_at: when this log learned of it."""

    posting: str
    net: Money
    discount: Money
    ledger_row: str
    reversal: bool = False
    voucher: str = ""
    booked_at: datetime | None = None


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """What the log says of an invoice.

    stage: "" (unknown) or a key of PHASES; `sending` is an intent without an outcome, `doubt` a doubted one.
    moved_to: the key it got in M3, None when it bears this one (again); moved: (ledger row, ExternalId) of every row
    that bore this key and bears another: a row entered anew under it is another invoice.
    live: AvidXchange holds it for certain (exactly while the key `invoice:…` is open).
    digest, head, read_at: content as last recorded, the facts to read it by, and when.
    risks, risk_detail: what was raised last of it in M3, and the amounts as they were then.
    image_due: an image search is under way, nothing is sent before it ends; image_missing: (reason, hold).
    ids: every InvoiceId seen; dead_ids: those rejected or voided; ignored_ids: those tied to earlier attempts.
    twice_ids: the live ids found under one ExternalId, () when there is one at most.
    different_id: the id AvidXchange was found to hold live, otherwise than we know the invoice, until that ends.
    answered: attempts whose owner's answer stands here.  doubts, unsent: in a row.
    forgotten: what AvidXchange holds live though Infor never named it to this store.
    resembles: the ExternalId of the forgotten invoice it is held for; distinct: a person released it from that.
    """

    version: int = 0
    stage: str = ""
    key: InvoiceKey | None = None
    content: InvoiceContent | None = None
    digest: str = ""
    head: InvoiceHead | None = None
    read_at: datetime | None = None
    reason: str = ""
    desk: str = ""
    image: ImageRef | None = None
    image_due: bool = False
    image_missing: tuple[str, bool] | None = None
    risks: tuple[str, ...] = ()
    risk_detail: str = ""
    moved_to: InvoiceKey | None = None
    moved: tuple[tuple[str, str], ...] = ()
    live: bool = False
    avid_invoice_id: str = ""
    avid_status: str = ""
    ids: frozenset[str] = frozenset()
    dead_ids: frozenset[str] = frozenset()
    ignored_ids: frozenset[str] = frozenset()
    twice_ids: tuple[str, ...] = ()
    different_id: str = ""
    attempt: Attempt | None = None
    attempts: int = 0
    answered: frozenset[str] = frozenset()
    doubts: int = 0
    unsent: int = 0
    look_at: datetime | None = None
    empty_look: EmptyLook | None = None
    batch_limit: int = BATCH_LIMIT
    payment_in_flight: str = ""
    posted: tuple[PostedPayment, ...] = ()
    partly_paid: bool = False
    forgotten: Forgotten | None = None
    resembles: str = ""
    distinct: bool = False

    @property
    def unnamed(self) -> bool:
        """Whether Infor never named it to this store; a late answer may have told of it all the same."""
        return self.head is None and self.moved_to is None and self.stage != "not_eligible"

    @property
    def is_forgotten(self) -> bool:
        """Whether AvidXchange holds it live, and no look-up under its name has told this store so.

        Once Infor names it polls look it up, whatever it is there: what is to be sent is looked up before, too, but may
        be cancelled or get another key before its gate opens. One in doubt has look-ups of its own.
        """
        if self.forgotten is None:
            return False
        unattributed = self.forgotten.avid_invoice_id not in self.ids and not self.in_doubt and not self.closed
        return self.unnamed or self.stage == "not_eligible" or unattributed

    @property
    def phase(self) -> str:
        """One word for lists and counts: see the values of PHASES ("" for an unknown invoice)."""
        return PHASES.get(self.stage, "")

    @property
    def in_doubt(self) -> bool:
        """Whether an attempt to send has no known outcome."""
        return self.stage in ("sending", "doubt")

    @property
    def closed(self) -> bool:
        """Whether Infor said that it is closed."""
        return self.stage == "closed"

    @property
    def found_twice(self) -> bool:
        """Whether AvidXchange holds it twice."""
        return bool(self.twice_ids)

    @property
    def at_large(self) -> bool:
        """Whether AvidXchange has it or may have it."""
        return self.live or self.in_doubt or self.found_twice

    @property
    def held_there(self) -> bool:
        """Whether AvidXchange holds it otherwise than we know it: nobody sends it, and M3 may pay it, too."""
        return bool(self.different_id) and not self.at_large and not self.closed

    @property
    def sendable(self) -> bool:
        """Whether it is to be sent as soon as its gate is open."""
        return self.stage in ("waiting", "held")

    @property
    def sent_content(self) -> InvoiceContent | None:
        """The content AvidXchange was sent last, else what would be sent."""
        return self.attempt.content if self.attempt and self.attempt.content else self.content

    @property
    def known_gross(self) -> Money | None:
        """The gross as read in Infor, else as AvidXchange holds it, else as Infor named it; None if nobody did."""
        for source in (self.content, self.forgotten, self.head):
            if source is not None:
                return source.gross
        return None

    @property
    def attributed_rows(self) -> frozenset[str]:
        """Ledger rows in Infor that prove a posting of ours."""
        return frozenset(p.ledger_row for p in self.posted if p.ledger_row)

    @property
    def booked(self) -> tuple[str, ...]:
        """KEY1s of the postings booked on it and not taken back; a reversal shares all of it but the first letter."""
        taken_back = {p.posting[1:] for p in self.posted if p.reversal}
        return tuple(p.posting for p in self.posted if not p.reversal and p.posting[1:] not in taken_back)

    @property
    def booked_net(self) -> Money | None:
        """Nets of the postings that stand booked on it; None when nothing of ours does."""
        standing = set(self.booked)
        nets = [p.net for p in self.posted if not p.reversal and p.posting in standing]
        return total(nets, nets[0].currency) if nets else None

    @property
    def booked_last_at(self) -> datetime | None:
        """When this log learned last that something of ours was booked on it."""
        return max((p.booked_at for p in self.posted if p.booked_at is not None), default=None)

    @property
    def posted_total(self) -> Money:
        """Net and discount that our postings took off, with the invoice's sign; reversals taken back."""
        gross = self.known_gross or Money(0)
        sign = -1 if gross.minor < 0 else 1
        return total((_effect(p, sign) for p in self.posted), gross.currency)


def _effect(payment: PostedPayment, sign: int) -> Money:
    """Give what a payment row took off the invoice; a reversal gives it back, whatever sign its amounts carry."""
    off = payment.net + payment.discount
    return Money(-sign * abs(off.minor), off.currency) if payment.reversal else off
