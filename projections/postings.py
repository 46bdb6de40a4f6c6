"""Postings: how far did each one come in Infor? One row per KEY1, payments and reversals alike."""

from datetime import datetime
from uuid import UUID

import msgspec

from domain.event import Event, Recorded
from domain.money import Money, total
from domain.postings import events as e
from domain.postings.posting import Posting, evolve
from projections.projection import Index, Projection

STATES = {
    "": "waiting",
    "planned": "waiting",
    "queued": "waiting",
    "started": "waiting",
    "not_sent": "waiting",
    "handing_over": "waiting",
    "handed_over": "waiting",
    "handover_not_sent": "waiting",
    "waits": "waiting",
    "doubted": "in_doubt",
    "handover_doubted": "in_doubt",
    "desk": "in_doubt",
    "held": "held",
    # Given up though the payment was not reversed, or proven absent: a person sees to it.
    "abandoned": "held",
    "settled_absent": "held",
    "refused": "refused",
    "confirmed": "posted",
    "settled_posted": "posted",
}
HANDLES: frozenset[type[Event]] = frozenset(
    {
        e.PostingPlanned,
        e.PostingHeld,
        e.PostingReleased,
        e.PostingStarted,
        e.PostingStepTaken,
        e.PostingNotSent,
        e.PostingRefused,
        e.PostingAbandoned,
        e.PostingHandoverStarted,
        e.PostingHandedOver,
        e.PostingDoubted,
        e.PostingAnsweredLate,
        e.PostingWaitsInInfor,
        e.PostingToDesk,
        e.PostingConfirmed,
        e.PostingDoubtResolved,
    }
)


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What the posting books on one invoice."""

    invoice: str
    net: Money
    discount: Money


class PostingRow(msgspec.Struct, frozen=True, kw_only=True):
    """A posting now.

    kind: T, or R for a reversal (its nets carry the other sign); phase: the domain's word; state: one of STATES'
    values; vouchers: from the read-back or from a person.
    """

    stream: UUID
    key1: str = ""
    payment_id: str = ""
    division: str = ""
    kind: str = "T"
    generation: int = 0
    state: str = "waiting"
    phase: str = ""
    reason: str = ""
    detail: str = ""
    net: Money = Money(0)
    lines: tuple[Applied, ...] = ()
    vouchers: tuple[str, ...] = ()
    updated_at: datetime
    folded: Posting = Posting()


def evolve_row(row: PostingRow | None, recorded: Recorded) -> PostingRow:
    """Fold one fact in."""
    at = recorded.meta.recorded_at
    if row is None:
        row = PostingRow(stream=recorded.stream, updated_at=at)
    state = evolve(row.folded, recorded)
    return msgspec.structs.replace(
        _facts(row, recorded.event),
        state=STATES[state.phase],
        phase=state.phase,
        reason=state.reason,
        detail=_detail(recorded.event, row.detail if state.phase == row.phase else ""),
        updated_at=at,
        folded=msgspec.structs.replace(state, plan=None, parms=(), rows=()),
    )


def index(row: PostingRow) -> Index:
    """List postings by KEY1."""
    return Index(state=row.state, sort_key=row.key1, amount=row.net.minor, terms=(row.key1,))


PROJECTION = Projection("postings", data=PostingRow, evolve=evolve_row, index=index, handles=HANDLES)


def _facts(row: PostingRow, event: Event) -> PostingRow:
    replace = msgspec.structs.replace
    match event:
        case e.PostingPlanned(plan=plan):
            return replace(
                row,
                key1=plan.key1,
                payment_id=plan.payment_id,
                division=plan.division,
                kind=plan.kind,
                generation=plan.generation,
                net=total(line.net for line in plan.lines),
                lines=tuple(
                    Applied(invoice=line.invoice.external_id, net=line.net, discount=line.discount)
                    for line in plan.lines
                ),
            )
        case e.PostingConfirmed(rows=rows):
            return replace(row, vouchers=tuple(dict.fromkeys(evidence.voucher for evidence in rows)))
        case e.PostingDoubtResolved(voucher=voucher):
            return replace(row, vouchers=(voucher,) if voucher else ())
        case _:
            return row


def _detail(event: Event, before: str) -> str:
    match event:
        case e.PostingHeld(detail=text) | e.PostingWaitsInInfor(detail=text):
            return text
        case e.PostingRefused(text=text) | e.PostingToDesk(what=text):
            return text
        case e.PostingDoubted(why=text) | e.PostingNotSent(why=text) | e.PostingAbandoned(why=text):
            return text
        case _:
            return before
