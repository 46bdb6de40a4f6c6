"""Facts of the posting protocol; one stream per KEY1 (see docs/reliability.md)."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from domain.event import Event, topic
from domain.identifiers import InvoiceKey
from domain.money import Money


class PostingLine(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice paid by the posting; net is what M3 books, discount what it writes off."""

    line: int
    invoice: InvoiceKey
    net: Money
    discount: Money


class PostingPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What shall be booked. kind: `T` posting, `R` reversal; number: the text for CKNO; interface: INTN.

    read_back_only: the payment may be booked without a word in this log, before the store went back in time or by hand
    while the connection was removed: look, never write.
    """

    key1: str
    kind: str
    payment_id: str
    division: str
    company: int
    generation: int
    interface: str
    number: str
    payment_date: date
    accounting_date: date
    bank_id: str
    lines: tuple[PostingLine, ...]
    read_back_only: bool = False


class EvidenceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A payment row (TRCD 50) read back from Infor; `ledger_row` identifies it, so that it proves one posting only."""

    invoice: InvoiceKey
    ledger_row: str
    voucher: str
    amount: Money
    accounting_date: date | None
    text: str


@topic
class PostingPlanned(Event, frozen=True, kw_only=True):
    """The posting exists and is due."""

    TOPIC: ClassVar[str] = "posting.planned/1"
    plan: PostingPlan


@topic
class PostingHeld(Event, frozen=True, kw_only=True):
    """Nothing was handed over; it waits for a key, or for a person (`waits_for` None)."""

    TOPIC: ClassVar[str] = "posting.held/1"
    key1: str = ""
    payment_id: str
    reason: str
    detail: str
    waits_for: str | None = None


@topic
class PostingReleased(Event, frozen=True, kw_only=True):
    """What it was held for has passed, or a person said go on."""

    TOPIC: ClassVar[str] = "posting.released/1"
    payment_id: str
    why: str


@topic
class PostingStarted(Event, frozen=True, kw_only=True):
    """The first intent freezes every PARM byte; a later attempt repeats them unchanged.

    parms: PARM per line, in LINE order; look_at: deadline + settle window.
    """

    TOPIC: ClassVar[str] = "posting.started/1"
    key1: str
    attempt: int
    attempt_id: str
    description: str
    parms: tuple[str, ...]
    deadline: datetime
    look_at: datetime
    incarnation: UUID


@topic
class PostingStepTaken(Event, frozen=True, kw_only=True):
    """A step before handover is known to be done. step: AddBatchHead, AddBatchLine or CtrlBatch.

    found: it was there already (XRE0104 or seen by a look-up).
    """

    TOPIC: ClassVar[str] = "posting.step-taken/1"
    attempt_id: str
    step: str
    lines: int = 0
    found: bool = False


@topic
class PostingNotSent(Event, frozen=True, kw_only=True):
    """The attempt ended and its last step was certainly not processed: due again at `retry_at`.

    unknown_code: M3 refused with a code we do not know, which may mean "locked": a bounded number of tries.
    """

    TOPIC: ClassVar[str] = "posting.not-sent/1"
    attempt_id: str
    step: str
    after_handover: bool
    why: str
    retry_at: datetime
    unknown_code: bool = False


@topic
class PostingRefused(Event, frozen=True, kw_only=True):
    """M3 refused a step before handover; nothing was booked."""

    TOPIC: ClassVar[str] = "posting.refused/1"
    key1: str
    attempt_id: str
    payment_id: str
    step: str
    code: str
    text: str


@topic
class PostingAbandoned(Event, frozen=True, kw_only=True):
    """Given up before handover (the payment was reversed, or its content changed)."""

    TOPIC: ClassVar[str] = "posting.abandoned/1"
    key1: str
    payment_id: str
    why: str


@topic
class PostingHandoverStarted(Event, frozen=True, kw_only=True):
    """The point of no return: UpdBatch goes out under this intent."""

    TOPIC: ClassVar[str] = "posting.handover-started/1"
    key1: str
    attempt_id: str
    handover: int
    deadline: datetime
    look_at: datetime
    incarnation: UUID


@topic
class PostingHandedOver(Event, frozen=True, kw_only=True):
    """M3 accepted the batch for posting; accepted is not posted."""

    TOPIC: ClassVar[str] = "posting.handed-over/1"
    attempt_id: str
    look_at: datetime


@topic
class PostingDoubted(Event, frozen=True, kw_only=True):
    """Nobody knows whether the step was done. after_handover: only look-ups from here on."""

    TOPIC: ClassVar[str] = "posting.doubted/1"
    attempt_id: str
    step: str
    why: str
    after_handover: bool
    look_at: datetime


@topic
class PostingAnsweredLate(Event, frozen=True, kw_only=True):
    """An answer came after the doubt or under another incarnation; it is evidence, not an outcome."""

    TOPIC: ClassVar[str] = "posting.answered-late/1"
    attempt_id: str
    step: str
    verdict: str
    text: str = ""


@topic
class PostingWaitsInInfor(Event, frozen=True, kw_only=True):
    """No payment row after the patience of the settings; `by_hand`: an unattributed row explains a fallen balance."""

    TOPIC: ClassVar[str] = "posting.waits-in-infor/1"
    payment_id: str
    detail: str
    by_hand: bool
    look_at: datetime


@topic
class PostingToDesk(Event, frozen=True, kw_only=True):
    """A person must decide: the doubt desk. `what`: the sentence that says what to look at in M3."""

    TOPIC: ClassVar[str] = "posting.to-desk/1"
    payment_id: str
    why: str
    what: str


@topic
class PostingConfirmed(Event, frozen=True, kw_only=True):
    """The read-back shows every line's payment row: the only proof there is."""

    TOPIC: ClassVar[str] = "posting.confirmed/1"
    key1: str
    payment_id: str
    rows: tuple[EvidenceRow, ...]


@topic
class PostingDoubtResolved(Event, frozen=True, kw_only=True):
    """A person settled it. resolution: posted, posted-by-hand (with `voucher`) or absent."""

    TOPIC: ClassVar[str] = "posting.doubt-resolved/1"
    key1: str
    payment_id: str
    resolution: str
    voucher: str
    person: str
    reason: str
