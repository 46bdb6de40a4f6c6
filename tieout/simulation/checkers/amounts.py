"""I5 to the cent: invoice by invoice, what the log, Infor and AvidXchange say of the same money."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from uuid import UUID

from domain.invoices import invoice
from domain.invoices.events import InvoiceChangedInInfor
from domain.money import Money
from domain.payments.events import Remittance
from projections import invoices, payments
from projections.invoices import InvoiceRow
from projections.payments import PaymentView
from projections.postings import PostingRow
from tieout.simulation.checkers.told import told
from tieout.simulation.fakes.postings import Booking
from tieout.simulation.hands import CHECK_RUN, generations_of, has_row, live_records
from tieout.simulation.world import World

Nets = Mapping[str, Money]  # by the invoice's ExternalId
NOTHING = Money(0)


def invoices_agree(world: World) -> Iterator[str]:
    """I5: the amount of an invoice that is out there is the same in the log, in Infor, and at AvidXchange."""
    changed = told(world, "invoice-changed-live")
    moved = told(world, "invoice-key-changed")
    theirs = {held.invoice_id: Money.parse(str(held.sent.gross_amount)) for held in live_records(world)}
    in_infor = {key.external_id: held.head.gross for key, held in world.ledger.invoices.items()}
    for row in invoices.listed(world.projections, world.connection, states=("submitted", "closed")):
        there = theirs.get(row.avid_invoice_id, row.gross)
        if row.folded.known_gross is None and row.stream in moved:
            continue  # a restored store never read it: whoever decides between its two keys compares them
        if row.gross != there and row.stream not in changed and not _was_told(world, row, there):
            yield f"{row.external_id} is {row.gross} by the log, {there} at AvidXchange, and nobody is told"
        booked = in_infor.get(row.external_id, row.gross)
        if row.gross != booked:
            yield f"{row.external_id} is {row.gross} by the log, {booked} in Infor"


def _was_told(world: World, row: InvoiceRow, there: Money) -> bool:
    """Whether somebody was told of this very difference while it was live: the closing of an invoice ends its issue."""
    past = world.store.log.load([row.stream])[row.stream]
    said = [one.event for one in past if isinstance(one.event, InvoiceChangedInInfor) and one.event.live]
    attempt = invoice.fold(past).attempt
    was_sent = attempt is None or attempt.content is None or attempt.content.gross == there
    return bool(said) and said[-1].content.gross == row.gross and was_sent


def postings_agree(world: World) -> Iterator[str]:
    """I5: what the log calls posted is what Infor booked on each invoice, whoever said that it is."""
    more, less = _told_by_totals(world)
    for view in payments.listed(world.projections, world.connection):
        looked_at = _looked_at(world, view)
        for row in (one for one in view.postings if one.state == "posted"):
            planned = {line.invoice: line.net for line in row.lines}
            for name, ours, theirs in _differences(planned, _booked(vouchers_of(world, row))):
                told_of = less if abs(theirs) < abs(ours) else more
                if name not in looked_at and world.stream("invoice", name) not in told_of:
                    yield f"posting {row.key1} is {ours} on {name} by the log, {theirs} in Infor ({row.phase})"


def _looked_at(world: World, view: PaymentView) -> frozenset[str]:
    """Give the invoices on which a person saw the voucher, and said so, that are closed or got the amount back."""
    by_word = [one for one in view.postings if one.phase == "settled_posted"]
    reversed_too = {one.key1[1:] for one in view.postings if one.state == "posted" and one.kind == "R"}
    closed = {row.external_id for row in invoices.listed(world.projections, world.connection, states=("closed",))}
    lines = ((one.key1[1:] in reversed_too, line.invoice) for one in by_word for line in one.lines)
    return frozenset(name for back, name in lines if back or name in closed)


def payments_agree(world: World) -> Iterator[str]:
    """I5: what Infor booked of a payment is what AvidXchange paid of each invoice, or somebody is told it is not."""
    more, less = _told_by_totals(world)
    changed, known = _told_of_payments(world), set(world.payables.payment_ids())
    booked: dict[str, list[Booking]] = defaultdict(list)
    for one in world.ledger.booked:
        booked[one.payment_id].append(one)
    for view in payments.listed(world.projections, world.connection):
        payment_id = view.payment.payment_id
        # What is held or in doubt lies before a person: whoever looks finds what is booked.
        if payment_id not in known or view.payment.stream in changed or view.state in ("held", "in_doubt"):
            continue
        looked_at = _looked_at(world, view)
        for name, theirs, ours in _payment_differs(world, view, booked[payment_id]):
            told_of = less if abs(ours) < abs(theirs) else more
            if name not in looked_at and world.stream("invoice", name) not in told_of:
                yield f"payment {payment_id} pays {theirs} of {name}, Infor booked {ours}, and nobody is told"


def _payment_differs(world: World, view: PaymentView, booked: list[Booking]) -> Iterator[tuple[str, Money, Money]]:
    """Compare a settled payment with its vouchers; what is left of one that came back is judged by the reversals."""
    there = world.payables.payment(view.payment.payment_id)
    if there.standing != "settled":
        return
    for name, theirs, ours in _differences(_paid(there.remittances), _booked(booked), whole=view.state == "posted"):
        if view.state == "posted" or not ours.is_zero:
            yield name, theirs, ours


def discounts_agree(world: World) -> Iterator[str]:
    """I5: with each payment row that stands Infor wrote off what the log says, or somebody is told it did not."""
    # An invoice that M3 paid as well has nothing left to write off: PAID says that.
    told_of = frozenset().union(*_told_by_totals(world))
    standing = _standing(world)
    rows = (paid for held in world.ledger.invoices.values() for paid in held.payments)
    written_off = {paid.row.ledger_row: paid.discount for paid in rows}
    for view in payments.listed(world.projections, world.connection):
        for row in view.postings:
            planned = {line.invoice: line.discount for line in row.lines}
            for one in vouchers_of(world, row) if row.state == "posted" and row.kind == "T" else ():
                name = one.row.invoice.external_id
                ours, theirs = planned.get(name, NOTHING), written_off.get(one.row.ledger_row, NOTHING)
                stands = not one.taken_back and (one.payment_id, name) in standing
                if stands and ours != theirs and world.stream("invoice", name) not in told_of:
                    yield f"posting {row.key1} writes {ours} off {name} by the log, {theirs} in Infor"


def _standing(world: World) -> frozenset[tuple[str, str]]:
    """Give the payments and invoices of which Infor has a voucher that was not taken back."""
    left: dict[tuple[str, str], int] = defaultdict(int)
    for one in world.ledger.booked:
        left[one.payment_id, one.row.invoice.external_id] += -1 if one.taken_back else 1
    return frozenset(place for place, number in left.items() if number > 0)


def vouchers_of(world: World, row: PostingRow) -> list[Booking]:
    """Give the lines of vouchers a posting was settled by: its own, else those of a generation a restore forgot."""
    own = [one for one in world.ledger.booked if one.key1 == row.key1]
    if own or not world.restored_at:
        return own
    names = generations_of(world, row.key1, row.payment_id, row.division)
    return [one for one in world.ledger.booked if one.key1 in names]


def _booked(bookings: list[Booking]) -> Nets:
    nets: dict[str, Money] = defaultdict(lambda: NOTHING)
    for one in bookings:
        nets[one.row.invoice.external_id] += one.net
    return nets


def _paid(remittances: tuple[Remittance, ...]) -> Nets:
    nets: dict[str, Money] = defaultdict(lambda: NOTHING)
    for one in remittances:
        nets[one.invoice_external_id] += one.net
    return nets


def _differences(one: Nets, other: Nets, *, whole: bool = False) -> Iterator[tuple[str, Money, Money]]:
    """Give the invoices on which they differ, with both amounts.

    whole: also where the other one is nothing at all: else it was taken back by hand, or never made, as others judge.
    """
    if not whole and all(net.is_zero for net in other.values()):
        return
    for name in sorted(one.keys() | other.keys()):
        left, right = one.get(name, NOTHING), other.get(name, NOTHING)
        if left != right:
            yield name, left, right


def _told_by_totals(world: World) -> tuple[frozenset[UUID], frozenset[UUID]]:
    """Give the invoices of which M3 is said to have taken more off than was posted, and those with less.

    M3 shows totals alone: where its own check run paid, more was taken off though a part of ours may lack.
    """
    more, less = told(world, "invoice-at-risk", "PAID"), told(world, "invoice-at-risk", "UNDERPAID")
    return more, less | (more & _paid_by_m3(world))


def _paid_by_m3(world: World) -> frozenset[UUID]:
    held = [one for one in world.ledger.invoices.values() if has_row(one, CHECK_RUN)]
    keys = (key for one in held for key in (*one.former, one.head.key))
    return frozenset(world.stream("invoice", key.external_id) for key in keys)


def _told_of_payments(world: World) -> frozenset[UUID]:
    """Give the payments of which somebody is told that what they pay changed after it was planned.

    One that came back and settled again is compared as a whole, whatever else changed with its status.
    """
    return told(world, "payment-changed", "remittances", "amount", "status")
