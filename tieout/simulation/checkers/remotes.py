"""I1, I2, I3, I5: what both remotes' books hold, against each other and against what the log claims."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from domain.event import Recorded
from domain.invoices import submission_events as s
from domain.money import Money, total
from domain.payments.events import PaymentContent, PaymentPostingsPlanned, PaymentSettled
from domain.postings import events as p
from projections import invoices, payments
from projections.postings import PostingRow
from tieout.simulation.checkers.known import under_issues
from tieout.simulation.fakes.payables_books import Held
from tieout.simulation.fakes.postings import Booking
from tieout.simulation.hands import generations_of, reversal_of, rows_by_name
from tieout.simulation.world import World

DEAD = ("Rejected", "Void")


def one_live_invoice(world: World) -> Iterator[str]:
    """I1: at no time are two invoices of one row of M3's ledger live at AvidXchange, however they are named."""
    rows = rows_by_name(world)
    by_row: dict[str, list[Held]] = defaultdict(list)
    for held in world.payables.invoices:
        by_row[rows.get(held.sent.external_id, held.sent.external_id)].append(held)
    for records in by_row.values():
        spans = sorted(((*_live_span(held), held) for held in records), key=lambda span: span[0])
        for (_, until, first), (since, _, second) in pairwise(spans):
            if until is None or since < until:
                names = " and ".join(dict.fromkeys((first.sent.external_id, second.sent.external_id)))
                yield f"{names} is live twice at AvidXchange: {', '.join(r.invoice_id for r in records)}"


def _live_span(held: Held) -> tuple[datetime, datetime | None]:
    dead = [at for at, status, _ in held.history if status in DEAD]
    return held.history[0][0], dead[0] if dead else None


def one_live_posting(world: World) -> Iterator[str]:
    """I2: at no time are two postings of one payment, division and invoice live in Infor."""
    live: dict[tuple[str, str], int] = defaultdict(int)
    for booking in world.ledger.booked:
        key = (booking.payment_id, booking.row.invoice.external_id)
        live[key] += -1 if booking.taken_back else 1
        if live[key] > 1:
            yield f"payment {key[0]} is booked {live[key]} times on invoice {key[1]}"
        if live[key] < 0:
            yield f"payment {key[0]} is taken back more often than booked on invoice {key[1]}"


def reissues_wait(world: World) -> Iterator[str]:
    """I2 for reissues: nothing is booked for a payment while the one it replaces stands on the same invoice."""
    live: dict[tuple[str, str], int] = defaultdict(int)
    replaces = {one: world.payables.payment(one).replaces_payment_id for one in world.payables.payment_ids()}
    for booking in world.ledger.booked:
        external_id = booking.row.invoice.external_id
        live[booking.payment_id, external_id] += -1 if booking.taken_back else 1
        old = replaces.get(booking.payment_id, "")
        if old and not booking.taken_back and live[old, external_id] > 0:
            yield f"payment {booking.payment_id} is booked on {external_id} while {old}, replaced by it, stands there"


def nothing_claimed_that_is_not_there(world: World) -> Iterator[str]:
    """I3: every invoice called submitted and every posting called posted is in its remote's books."""
    yield from claims(world, world.all_ever())


def claims(world: World, events: Iterable[Recorded]) -> Iterator[str]:
    """Judge what facts claim of the remotes."""
    ids = {held.invoice_id: held.sent.external_id for held in world.payables.invoices}
    booked = {b.row.ledger_row: b for b in world.ledger.booked}
    proven: dict[str, str] = {}
    for recorded in events:
        match recorded.event:
            case s.InvoiceSubmitted() | s.InvoiceFoundByLookup() as live:
                if ids.get(live.avid_invoice_id) != live.key.external_id:
                    yield f"{live.key.external_id} is called live as {live.avid_invoice_id}, which is not it"
            case s.InvoiceDoubtResolved(resolution="posted") as word:
                if word.key.external_id not in ids.values():
                    yield f"{word.key.external_id} is called live, AvidXchange never had it"
            case p.PostingConfirmed() as confirmed:
                yield from _claims_of(world, confirmed, booked, proven)
            case p.PostingDoubtResolved(resolution="posted") as word:
                if not any(b.key1 == word.key1 for b in world.ledger.booked):
                    yield f"posting {word.key1} is called posted, Infor never booked it"


def _claims_of(
    world: World, confirmed: p.PostingConfirmed, booked: Mapping[str, Booking], proven: dict[str, str]
) -> Iterator[str]:
    for row in confirmed.rows:
        one = booked.get(row.ledger_row)
        same = frozenset({one.key1}) | _other_generations(world, one) if one is not None else frozenset()
        if confirmed.key1 not in same:
            yield f"posting {confirmed.key1} is called posted by row {row.ledger_row}, which is not its own"
        if proven.setdefault(row.ledger_row, confirmed.key1) not in {confirmed.key1} | same:
            yield f"row {row.ledger_row} proves {confirmed.key1} and {proven[row.ledger_row]}"


def ledgers_agree(world: World) -> Iterator[str]:
    """I5: submitted, settled and posted agree with both remotes' books to the cent."""
    yield from _submitted_agrees(world)
    views = payments.listed(world.projections, world.connection)
    known = set(world.payables.payment_ids())
    for view in views:
        if view.payment.payment_id not in known:
            yield f"the log has payment {view.payment.payment_id}, AvidXchange never reported it"
            continue
        there = world.payables.payment(view.payment.payment_id)
        if there.amount != view.payment.amount:
            yield f"payment {there.payment_id} is {view.payment.amount} by the log, {there.amount} at AvidXchange"
    unseen = known - {view.payment.payment_id for view in views}
    if unseen:
        yield f"AvidXchange reports payments {', '.join(sorted(unseen))}, the log never saw them"
    yield from _posted_agrees(world, views)
    yield from _reversed_agrees(world, views)
    yield from _planned_whole(world)


def _planned_whole(world: World) -> Iterator[str]:
    """The legs of a plan sum to the payment they were planned from, and its lines take the discounts it took."""
    settled: dict[str, PaymentContent] = {}
    for recorded in world.history():
        match recorded.event:
            case PaymentSettled(content=content):
                settled[content.payment_id] = content
            case PaymentPostingsPlanned() as plan:
                legs = total((leg.net for leg in plan.legs), "USD")
                if plan.payment_id in settled and legs != settled[plan.payment_id].amount:
                    yield f"payment {plan.payment_id} of {settled[plan.payment_id].amount} was planned as {legs}"
            case p.PostingPlanned(plan=posting) if posting.kind == "T" and posting.payment_id in settled:
                yield from _planned_discounts(posting, settled[posting.payment_id])


def _planned_discounts(plan: p.PostingPlan, content: PaymentContent) -> Iterator[str]:
    for line in plan.lines:
        name = line.invoice.external_id
        taken = total((paid.discount for paid in content.remittances if paid.invoice_external_id == name), "USD")
        if line.discount != taken:
            yield f"posting {plan.key1} plans a discount of {line.discount} on {name}, the payment took {taken}"


def _reversed_agrees(world: World, views: Sequence[payments.PaymentView]) -> Iterator[str]:
    """What Infor booked of a payment that came back is taken back, or is on its way, or a person has it."""
    known = under_issues(world)
    for view in views:
        paid = view.payment.folded
        asked = paid.reversal is not None and paid.reversal.tasks and not paid.by_hand
        mine = [b for b in world.ledger.booked if b.payment_id == view.payment.payment_id]
        left = sum(-1 if b.taken_back else 1 for b in mine)
        under_way = any(
            row.state in ("waiting", "held", "refused", "in_doubt")
            and (row.phase != "settled_absent" or row.stream in known)
            for row in view.postings
        )
        if view.state == "reversed" and left > 0 and not under_way and not asked:
            yield f"payment {view.payment.payment_id} came back, and Infor still has {left} of its rows"


def _submitted_agrees(world: World) -> Iterator[str]:
    """Compare which invoices are out there; their amounts are judged in `amounts`."""
    rows = invoices.listed(world.projections, world.connection, states=("submitted", "closed"))
    ours = {row.avid_invoice_id for row in rows if row.avid_invoice_id}
    names = {
        held.invoice_id: held.sent.external_id for held in world.payables.invoices if held.history[-1][1] not in DEAD
    }
    # What a person is asked to compare, and what a restored store never saw in Infor, is known to be unknown.
    known = invoices.listed(world.projections, world.connection)
    raised = {row.external_id for row in known if row.folded.held_there or (row.folded.forgotten and not row.state)}
    theirs = {invoice_id for invoice_id, name in names.items() if name not in raised}
    if ours != theirs:
        yield f"live by the log {sorted(ours)}, at AvidXchange {sorted(theirs)}"


def _posted_agrees(world: World, views: Sequence[payments.PaymentView]) -> Iterator[str]:
    """Compare posting by posting which vouchers there are; their amounts are judged in `amounts`."""
    known = {row.key1: row for view in views for row in view.postings}
    booked: dict[str, Money] = defaultdict(lambda: Money(0))
    for booking in world.ledger.booked:
        booked[booking.key1] += booking.net
    posted = {(row.payment_id, row.division) for row in known.values() if row.state == "posted" and row.kind == "T"}
    for key1, row in known.items():
        if row.state == "posted" and key1 not in booked and not _booked_otherwise(world, row, booked):
            yield f"posting {key1} is posted by the log, Infor has no voucher of it"
    held = {view.payment.payment_id for view in views if view.state == "held" and world.restored_at}
    for key1, net in booked.items():
        row_ = known.get(key1)
        if net.is_zero or (row_ is None and world.restored_at and _names(world, key1) in posted):
            continue
        if row_ is None and not (_is_given_to_a_person(world, key1, views) or _payment_of(world, key1) in held):
            yield f"Infor has a voucher of posting {key1}, the log knows no such posting"
        elif row_ is not None and row_.state not in ("posted", "in_doubt", "waiting"):
            yield f"Infor has a voucher of posting {key1}, the log calls it {row_.state} ({row_.reason})"


def _booked_otherwise(world: World, row: PostingRow, booked: Iterable[str]) -> bool:
    """Whether the voucher of a generation that a restored store forgot is what it was settled by."""
    names = generations_of(world, row.key1, row.payment_id, row.division)
    return bool(world.restored_at) and not names.isdisjoint(booked)


def _other_generations(world: World, booking: Booking) -> frozenset[str]:
    """Give the KEY1s it proves besides its own: a restored store may know the payment under an older generation."""
    if not world.restored_at:
        return frozenset()
    return generations_of(world, booking.key1, booking.payment_id, booking.row.invoice.division)


def _names(world: World, key1: str) -> tuple[str, str]:
    """Give the payment and the division a KEY1 was booked for."""
    one = next(booking for booking in world.ledger.booked if booking.key1 == key1)
    return one.payment_id, one.row.invoice.division


def _payment_of(world: World, key1: str) -> str:
    return _names(world, key1)[0]


def _is_given_to_a_person(world: World, key1: str, views: Sequence[payments.PaymentView]) -> bool:
    """Whether somebody was asked to take it back: a restored store knows neither the posting nor its reversal.

    Whoever is asked looks for every generation of the payment in the division, for the store may know the first alone.
    """
    reversals = (view.payment.folded.reversal for view in views)
    asked = {task for reversal in reversals if reversal is not None for task in reversal.tasks}
    if world.restored_at:
        generations = generations_of(world, "T", *_names(world, key1))
        asked |= generations if not generations.isdisjoint(asked) else set()
    return key1 in asked | {reversal_of(task) for task in asked}
